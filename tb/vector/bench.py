# SPDX-License-Identifier: Apache-2.0
"""The vector engine beside its golden: operands, expectations, comparison of every beat (address,
data, exponents), every scalar, signature and status as they come; and functional coverage."""

from __future__ import annotations

import os

import numpy as np
from cocotb.triggers import RisingEdge

from models import fp32, signature, vector_engine
from models.commands import Command, IllegalCommand, queue_number
from models.errors import AddressError, Code
from tb.common.bus import Scoreboard, StreamMonitor, StreamSource, random_pause
from tb.common.clock import rng, start
from tb.common.coverage import Coverage
from tb.vector import stimulus

BLOCK = int(os.environ["BLOCK"])
BEATS = int(os.environ["STASH_BEATS"])
LANES = BLOCK // 4
STALLS = {"none": (0, 0, 0), "some": (80, 80, 80), "a": (220, 0, 0), "b": (0, 220, 0),
          "d": (0, 0, 230), "all": (200, 200, 200)}
OUTPUTS = {"d_req": ("addr", "data", "exps"), "scalar": ("addr", "value"),
           "done": ("signature", "status")}


class Bench:
    """The engine with its golden: `run` executes a command on both and compares."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.data = np.zeros((BEATS, BLOCK), np.uint8)
        self.scalars = np.zeros(vector_engine.SCALARS, np.float32)
        self.held = np.zeros(vector_engine.HELD_BEATS * LANES, np.float32)
        self.sticky = 0
        self.code = Code.NONE  # what the golden said of the last command

    async def start(self) -> None:
        """Reset the engine, with its own driver and monitors."""
        dut = self.dut
        source = StreamSource(dut, "cmd", dut.clk, pause=random_pause(0.3, rng("cmd")))
        self.submit = source.append
        await self.reset()
        self.watch({name: StreamMonitor(dut, name, dut.clk, payload)
                    for name, payload in OUTPUTS.items()})

    async def reset(self) -> None:
        """Start the clock behind inputs at rest."""
        self.dut.host_we.value = 0
        source = rng("stalls")
        self.dut.seeds.value = sum(source.randrange(1, 1 << 32) << 32 * i for i in range(3))
        self.dut.fault.value = int(os.environ.get("FAULT", "0"))
        self.stall("none")
        await start(self.dut)

    def watch(self, monitors: dict) -> None:
        """Compare what these see from now on."""
        self.boards = {name: Scoreboard(monitor, lane_bits=32 if name == "d_req" else 0)
                       for name, monitor in monitors.items()}

    def stall(self, name: str) -> None:
        for port, level in zip("abd", STALLS[name]):
            getattr(self.dut, f"stall_{port}").value = level

    async def load(self, address: int, data: np.ndarray) -> None:
        """Write beats (uint8 [n, BLOCK]) to the stash and its mirror."""
        self.data[address : address + len(data)] = data
        self.dut.host_we.value = 1
        for i, beat in enumerate(data):
            self.dut.host_addr.value = address + i
            self.dut.host_data.value = int.from_bytes(beat.tobytes(), "little")
            await RisingEdge(self.dut.clk)
        self.dut.host_we.value = 0

    async def fill(self, c: Command, kind_a: str, kind_b: str, numpy_rng) -> None:
        """Fresh operands for a legal command. Beats of A without a valid element are not written,
        so that they stay X under Icarus until another command has used them."""
        p = vector_engine.plan(c, BLOCK, BEATS)
        valid = np.arange(p.a.shape[-1])[None, :] * LANES < p.valid[:, None]
        used = np.unique(p.a[np.broadcast_to(valid[:, None, :], p.a.shape)])
        await self.scatter(used, stimulus.floats(kind_a, used.size * LANES, numpy_rng))
        if p.b is not None and c.fold:
            used = np.unique(p.b)
            byte = numpy_rng.integers(117, 137, used.size * BLOCK)
            odd = numpy_rng.random(byte.size) < 0.1
            byte[odd] = numpy_rng.integers(0, 256, int(odd.sum()))
            if kind_b != "special":
                byte[byte == 255] = 254
            await self.scatter(used, byte.astype(np.uint8))
        elif p.b is not None:
            used = np.unique(p.b)
            await self.scatter(used, stimulus.floats(kind_b, used.size * LANES, numpy_rng))

    async def scatter(self, addresses: np.ndarray, values: np.ndarray) -> None:
        for address, beat in zip(addresses, values.view(np.uint8).reshape(-1, BLOCK)):
            await self.load(int(address), beat[None])

    async def init(self, numpy_rng) -> None:
        """Give every scalar and the held row a value, by commands: the maximum of rows of one
        element, and a row of full length."""
        await self.hold("normal", numpy_rng)
        rows = BEATS // 4
        for first in range(0, vector_engine.SCALARS, rows):
            c = Command("ve", queue_number("ve"), {
                "reduce": vector_engine.REDUCE_MAX, "outer": rows, "inner": 1, "len": 1,
                "a_outer": 1, "s_dst": first})
            await self.fill(c, "normal", "normal", numpy_rng)
            await self.run(c)

    async def hold(self, kind: str, numpy_rng) -> None:
        """A new held row of full length."""
        length = vector_engine.HELD_BEATS * LANES
        c = Command("ve", queue_number("ve"), {
            "out": vector_engine.OUT_HOLD, "outer": 1, "inner": 1, "len": length})
        await self.fill(c, kind, kind, numpy_rng)
        await self.run(c)

    def expect(self, c: Command) -> None:
        """Tell the scoreboards what the golden says; update stash and scalars."""
        try:
            e = vector_engine.execute(c, self.data, self.scalars, BLOCK, self.held)
        except (IllegalCommand, AddressError) as error:
            code = Code.ADDRESS if isinstance(error, AddressError) else Code.ILLEGAL
            self.boards["done"].expect({"signature": 0, "status": int(code)})
            self.code = code
            return
        self.code = Code.NONE
        offset = e.address - c.d
        self.boards["d_req"].expect(*(
            {"addr": int(a), "data": int.from_bytes(d.tobytes(), "little"),
             "exps": int(x[0]) | int(x[1]) << 8}
            for a, d, x in zip(e.address, e.data, e.exps)))
        self.boards["scalar"].expect(*(
            {"addr": int(i), "value": int(v)}
            for i, v in zip(e.scalar_index, fp32.bits(e.scalar_value))))
        signed = signature.command_signature(
            (int(o), d.tobytes(), x.tolist()) for o, d, x in zip(offset, e.data, e.exps))
        self.boards["done"].expect({"signature": signed, "status": int(Code.NONE)})
        self.data[e.address] = e.data
        self.scalars[e.scalar_index] = e.scalar_value
        if e.held is not None:
            self.held[: e.held.size] = e.held
        words = e.data.view(np.float32).reshape(len(e.data), LANES)
        if c.out == vector_engine.OUT_MX:
            bad = (e.exps == 255).any()
        elif c.reduce == vector_engine.REDUCE_ARGMAX:
            bad = fp32.is_nonfinite(words[:, 0]).any()
        else:
            bad = fp32.is_nonfinite(words).any()
        self.sticky |= int(bad or fp32.is_nonfinite(e.scalar_value).any())

    async def finish(self, cycles: int = 200_000) -> None:
        """Wait for all commands; everything expected must have come before done."""
        await self.boards["done"].drained(cycles)
        for board in self.boards.values():
            board.assert_empty()
        await RisingEdge(self.dut.clk)
        assert int(self.dut.sticky_nonfinite.value) == self.sticky, "sticky bit"

    async def run(self, c: Command) -> int:
        """Execute and compare one command; returns its cycles from acceptance to done."""
        self.dut._log.info("%s", c)
        self.expect(c)
        self.submit(int.from_bytes(c.encode(), "little"))
        await self.finish()
        taken = int(self.dut.done_cycles.value)
        assert self.code == Code.NONE or taken == 4, f"refused after {taken} cycles"
        return taken


def coverage() -> Coverage:
    """What the random chains have to reach."""
    cov = Coverage(f"vector_{BLOCK}")
    cov.point("scale", range(4))
    cov.point("fn", range(5))
    cov.point("bin", range(6))
    cov.point("fold", range(2))
    cov.point("reduce", range(6))
    cov.point("post", range(4))
    cov.point("out", range(4))
    cov.point("s_row", range(2))
    cov.point("causal", range(2))
    cov.point("outer", {"one": [1], "many": range(2, 4096)})
    cov.point("inner", {"one": [1], "many": range(2, 256)})
    cov.point("tail", {"beat": range(1, LANES), "group": range(LANES, BLOCK, LANES), "none": [0],
                       "both": range(BLOCK)})
    cov.point("values", stimulus.VALUES)
    cov.point("stalls", list(STALLS))
    twice = {("3", str(f), "5"): "one C" for f in range(5)}
    cov.cross("scale_fn_bin", ["scale", "fn", "bin"], exclude=twice)
    no_fold = {("1", str(b)): "one stream B" for b in range(1, 6)}
    cov.cross("fold_bin", ["fold", "bin"], exclude=no_fold)
    reserved = {(str(r), "3"): "reserved" for r in (1, 2, 3, 5)}
    reserved |= {("4", str(o)): "reserved" for o in range(3)}
    reserved |= {("5", "0"): "reserved", ("5", "2"): "reserved"}
    cov.cross("reduce_out", ["reduce", "out"], exclude=reserved)
    cov.cross("reduce_post", ["reduce", "post"])
    cov.cross("out_tail", ["out", "tail"])
    cov.cross("out_stalls", ["out", "stalls"])
    return cov
