# SPDX-License-Identifier: Apache-2.0
"""cocotb: y = x * transposed(w) on macro_alone, in MXINT8, compared with models/dimc.py."""

from __future__ import annotations

import os

import cocotb
import numpy as np

from models import dimc, fp32, mx
from tb.common.bus import StreamSink, StreamSource
from tb.common.clock import poll, start

ROWS, COLS = int(os.environ["ROWS"]), int(os.environ["COLS"])
TOKENS, BLOCKS = 4, 3


def beat(values: np.ndarray) -> int:
    """Array, element 0 in the lowest bits -> value of a wide port."""
    return int.from_bytes(values.tobytes(), "little")


@cocotb.test()
async def matrix_product(dut) -> None:
    rng = np.random.default_rng(cocotb.RANDOM_SEED)
    x = rng.normal(size=(TOKENS, BLOCKS * ROWS)).astype(np.float32)
    w = rng.normal(size=(COLS, BLOCKS * ROWS)).astype(np.float32)
    qx, ex = mx.quantize(x, 8, ROWS)  # int8 [TOKENS, K], exponent bytes [TOKENS, BLOCKS]
    qw, ew = mx.quantize(w, 8, ROWS)  # int8 [COLS, K], exponent bytes [COLS, BLOCKS]

    wr = StreamSource(dut, "wr", dut.clk, ("set", "column", "data", "exp"))
    act = StreamSource(dut, "act", dut.clk, ("data", "exp", "set", "first", "last"))
    results = StreamSink(dut, "res", dut.clk, ("data", "last"))
    beats: list[int] = []
    results.add_callback(lambda got: beats.append(got["data"]))
    await start(dut)

    # Block b of the contraction lies in set b: a beat per column.
    for b in range(BLOCKS):
        rows = slice(b * ROWS, (b + 1) * ROWS)
        for c in range(COLS):
            await wr.send(
                {"set": b, "column": c, "data": beat(qw[c, rows]), "exp": int(ew[c, b])}
            )
    # A tile per token: its blocks one after the other, summed in the macro.
    for t in range(TOKENS):
        for b in range(BLOCKS):
            rows = slice(b * ROWS, (b + 1) * ROWS)
            act.append(
                {
                    "data": beat(qx[t, rows]),
                    "exp": int(ex[t, b]),
                    "set": b,
                    "first": int(b == 0),
                    "last": int(b == BLOCKS - 1),
                }
            )
    per_token = -(-COLS // (ROWS // 4))
    await poll(lambda: len(beats) == TOKENS * per_token, dut.clk, 2000, "all results")
    raw = b"".join(value.to_bytes(ROWS, "little") for value in beats)
    got = np.frombuffer(raw, "<u4").reshape(TOKENS, -1)[:, :COLS]

    want = fp32.bits(dimc.matmul(qx, ex, qw, ew, block=ROWS))
    assert np.array_equal(got, want), f"wrong sums at {np.argwhere(got != want)[:5].tolist()}"
    assert dut.error.value == 0
    error = np.abs(got.view(np.float32) - x @ w.T).max()
    with open(os.environ["REPORT"], "w") as report:
        report.write(f"{got.size} sums equal models/dimc.py to the bit\n")
        report.write(f"largest difference from the product in float32: {error:.3f}\n")
