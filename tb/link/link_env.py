# SPDX-License-Identifier: Apache-2.0
"""Both ends of tb/link/link_tb.v: drivers, sinks, scoreboards, channel settings, line monitor."""

from __future__ import annotations

import random
from collections.abc import Iterator

import cocotb
from cocotb.handle import SimHandleBase
from cocotb.triggers import ClockCycles, RisingEdge

from models import link as model
from tb.common import clock
from tb.common.bus import Pause, Scoreboard, StreamSink, StreamSource
from tb.common.clock import rng

BEAT = ("addr", "data", "exps", "first", "last", "empty", "meta")
CAUSES = {0: "none", 1: "no_ack", 2: "errors", 3: "silence", 4: "protocol"}
Beat = dict[str, int]


def command(
    source: random.Random, block: int, beats: int, addr: int | None = None, jumps: float = 0.0
) -> Iterator[Beat]:
    """The beats of a SEND command with random contents; 0 beats make a signal.

    `jumps` is the probability that the address of a beat does not follow the one before.
    """
    meta = source.getrandbits(16)
    addr = source.getrandbits(16) if addr is None else addr
    if beats == 0:
        yield dict(addr=addr, data=0, exps=0, first=1, last=1, empty=1, meta=meta)
    for i in range(beats):
        yield dict(
            addr=addr,
            data=source.getrandbits(8 * block),
            exps=source.getrandbits(16),
            first=int(i == 0),
            last=int(i == beats - 1),
            empty=0,
            meta=meta,
        )
        jump = source.random() < jumps
        addr = source.getrandbits(16) if jump else (addr + 1) & 0xFFFF


class End:
    """One end: sources and sinks of both channels."""

    def __init__(self, dut: SimHandleBase, name: str) -> None:
        self.dut, self.name = dut, name
        self.tx = StreamSource(dut, f"{name}_tx", dut.clk, BEAT)
        self.mtx = StreamSource(dut, f"{name}_mtx", dut.clk)
        self.rx = StreamSink(dut, f"{name}_rx", dut.clk, BEAT)
        self.mrx = StreamSink(dut, f"{name}_mrx", dut.clk)
        getattr(dut, f"{name}_clear").value = 0

    def count(self, what: str) -> int:
        """Value of a counter."""
        return int(getattr(self.dut, f"{self.name}_count_{what}").value)

    @property
    def down(self) -> bool:
        return bool(getattr(self.dut, f"{self.name}_link_down").value)

    @property
    def cause(self) -> str:
        return CAUSES[int(getattr(self.dut, f"{self.name}_link_cause").value)]

    async def clear(self) -> None:
        signal = getattr(self.dut, f"{self.name}_clear")
        signal.value = 1
        await RisingEdge(self.dut.clk)
        signal.value = 0


class Direction:
    """What is sent at one end and must come out at the other."""

    def __init__(self, dut: SimHandleBase, source: End, sink: End, block: int) -> None:
        self.dut, self.source, self.sink, self.block = dut, source, sink, block
        self.channel = f"{source.name}{sink.name}"
        self.bulk = Scoreboard(sink.rx, lane_bits=8)
        self.mgmt = Scoreboard(sink.mrx)
        for name in ("error_threshold", "cut", "inject_enable", "inject_phit", "inject_bit"):
            self.set(name, 0)

    def set(self, name: str, value: int) -> None:
        """Change a channel setting."""
        getattr(self.dut, f"{self.channel}_{name}").value = value

    def flips(self) -> int:
        """Bits that the channel turned over."""
        return int(getattr(self.dut, f"{self.channel}_count_flips").value)

    def send(self, *beats: Beat) -> None:
        for beat in beats:
            self.bulk.expect(beat)
            self.source.tx.append(beat)

    def send_mgmt(self, *words: int) -> None:
        for word in words:
            self.mgmt.expect(word)
            self.source.mtx.append(word)


class Env:
    """The whole bench. All drivers are idle, ready is high, the channels are clean wires."""

    def __init__(self, dut: SimHandleBase) -> None:
        self.dut = dut
        self.block = len(dut.a_tx_data) // 8
        self.a, self.b = End(dut, "a"), End(dut, "b")
        self.ab = Direction(dut, self.a, self.b, self.block)
        self.ba = Direction(dut, self.b, self.a, self.block)
        dut.latency.value = 0
        dut.seed.value = rng("channel").getrandbits(32)

    async def start(self, latency: int = 0, ber: float = 0.0) -> None:
        """Reset, and give the first credits time to arrive."""
        self.dut.latency.value = latency
        for direction in (self.ab, self.ba):
            direction.set("error_threshold", model.error_threshold(ber, self.block))
        await clock.start(self.dut)
        await ClockCycles(self.dut.clk, 30 + latency)

    async def drained(self, cycles: int) -> None:
        """Wait until all that was sent has come, and a while longer for what should not come."""
        for board in (self.ab.bulk, self.ba.bulk, self.ab.mgmt, self.ba.mgmt):
            await board.drained(cycles)
        await ClockCycles(self.dut.clk, 60 + 2 * int(self.dut.latency.value))
        assert not self.a.down and not self.b.down, f"down: a {self.a.cause}, b {self.b.cause}"

    def stall(self, pause: dict[str, Pause]) -> None:
        """Set the stalls of streams by name, e.g. {"a_tx": random_pause(...)}."""
        for end in (self.a, self.b):
            for name in ("tx", "mtx", "rx", "mrx"):
                if stalls := pause.get(f"{end.name}_{name}"):
                    getattr(end, name).set_pause(stalls)


class LineMonitor:
    """Takes apart every flit that an end puts on its lanes and checks it against the format."""

    def __init__(self, env: Env, channel: str) -> None:
        self.env, self.channel = env, channel
        self.flits: list[tuple[int, model.Flit]] = []  # cycle of the first phit, flit
        self.busy = 0
        self.cycle = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut, block = self.env.dut, self.env.block
        frame, data = getattr(dut, f"{self.channel}_frame"), getattr(dut, f"{self.channel}_data")
        frames: list[int] = []
        phits: list[int] = []
        first = 0
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            if dut.rst.value != 0:
                frames, phits = [], []
                continue
            code = int(frame.value)
            starts = code in (*model.HEAD, *model.SOLO)
            if frames and (starts or code == model.IDLE):
                self.flits.append((first, self._flit(frames, phits, block)))
                frames, phits = [], []
            if code != model.IDLE:
                first = self.cycle if starts else first
                self.busy += 1
                frames.append(code)
                phits.append(int(data.value))

    def _flit(self, frames: list[int], phits: list[int], block: int) -> model.Flit:
        flit = model.parse_flit(frames, phits, block)
        assert flit.crc_good, f"channel {self.channel}: a flit was sent with a wrong CRC"
        return flit
