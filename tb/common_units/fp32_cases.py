# SPDX-License-Identifier: Apache-2.0
"""cocotb: fp32_probe on special and random pairs, every operation."""

from __future__ import annotations

import cocotb
import numpy as np
from cocotb.triggers import Timer

from tb.common_units import fp32_pairs

SPECIAL = 1500
RANDOM = 1500


@cocotb.test()
@cocotb.parametrize(op=list(fp32_pairs.OPS))
async def results_equal_numpy(dut, op: str) -> None:
    rng = np.random.default_rng([cocotb.RANDOM_SEED, fp32_pairs.OPS.index(op)])
    a, b = fp32_pairs.special_pairs()
    chosen = rng.choice(a.size, SPECIAL, replace=False)
    more_a, more_b = fp32_pairs.random_pairs(rng, RANDOM)
    a, b = np.concatenate([a[chosen], more_a]), np.concatenate([b[chosen], more_b])
    a, b = fp32_pairs.operands(op, a, b)
    want = fp32_pairs.expected(op, a, b)
    dut.op.value = fp32_pairs.OPS.index(op)
    for i in range(a.size):
        dut.a.value = int(a[i])
        dut.b.value = int(b[i])
        await Timer(1, "ns")
        got = int(dut.y.value)
        assert got == want[i], (
            f"{op}({a[i]:08x}, {b[i]:08x}): expected {want[i]:08x}, got {got:08x}"
        )
