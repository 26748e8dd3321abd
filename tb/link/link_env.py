# SPDX-License-Identifier: Apache-2.0
"""Both ends of tb/link/link_tb.v: drivers, sinks, scoreboards, channel settings, line monitor."""

from __future__ import annotations

import random
from collections.abc import Iterator

import cocotb
from cocotb.handle import SimHandleBase
from cocotb.triggers import ClockCycles, RisingEdge

from models import link as model
from models import link_phy, registers
from tb.common import clock
from tb.common.bus import Pause, Scoreboard, StreamSink, StreamSource
from tb.common.clock import rng

CHANNEL = ("error_threshold", "cut", "lane_skew", "lane_errors", "lane_fault", "burst_threshold",
           "burst_length", "burst_all", "mute", "inject_enable", "inject_phit", "inject_bit",
           "forge", "forge_phit", "forge_mask")  # fmt: skip
FAULTS = {"none": 0, "stuck0": 1, "stuck1": 2, "random": 3}
BEAT = ("addr", "data", "exps", "first", "last", "empty", "meta")
CAUSES = ("none", "no_ack", "errors", "silence", "protocol", "no_signal", "lanes", "training",
          "peer_down", "peer_reset")  # fmt: skip
REGISTERS = {name: reg.address // 4 for name, reg in registers.registers("link_registers").items()}
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


class Control:
    """One end but for its streams: status, counters, registers."""

    def __init__(self, dut: SimHandleBase, name: str) -> None:
        self.dut, self.name = dut, name
        for signal in ("clear", "reset", "reg_index", "reg_write", "reg_wdata"):
            self._set(signal, 0)

    def _set(self, signal: str, value: int) -> None:
        getattr(self.dut, f"{self.name}_{signal}").value = value

    def count(self, what: str) -> int:
        """Value of a counter."""
        return int(getattr(self.dut, f"{self.name}_count_{what}").value)

    @property
    def down(self) -> bool:
        return bool(getattr(self.dut, f"{self.name}_link_down").value)

    @property
    def cause(self) -> str:
        return CAUSES[int(getattr(self.dut, f"{self.name}_link_cause").value)]

    @property
    def up(self) -> bool:
        return getattr(self.dut, f"{self.name}_link_up").value == 1

    async def clear(self) -> None:
        self._set("clear", 1)
        await RisingEdge(self.dut.clk)
        self._set("clear", 0)

    async def read(self, register: str, offset: int = 0) -> int:
        """Value of a management register."""
        self._set("reg_index", REGISTERS[register] + offset)
        await ClockCycles(self.dut.clk, 3)
        value = getattr(self.dut, f"{self.name}_reg_rdata").value
        assert value.is_resolvable, f"register {register} reads {value}"
        return value.to_unsigned()

    async def write(self, register: str, value: int) -> None:
        """Write a management register."""
        self._set("reg_index", REGISTERS[register])
        self._set("reg_wdata", value)
        self._set("reg_write", 1)
        await RisingEdge(self.dut.clk)
        self._set("reg_write", 0)

    async def state(self) -> str:
        """Name of the link's state."""
        return link_phy.STATES[await self.read("STATUS") & 15]

    async def skips(self) -> tuple[int, int]:
        """Lanes left out: by this end, by its peer."""
        status = await self.read("STATUS")
        return status >> 16 & 0xFF, status >> 24

    async def bad_lanes(self) -> list[int]:
        """Lanes found bad."""
        bad = await self.read("BAD_LANES_0") | await self.read("BAD_LANES_1") << 32
        return [lane for lane in range(64) if bad >> lane & 1]


class End(Control):
    """One end: sources and sinks of both channels."""

    def __init__(self, dut: SimHandleBase, name: str) -> None:
        super().__init__(dut, name)
        self.tx = StreamSource(dut, f"{name}_tx", dut.clk, BEAT)
        self.mtx = StreamSource(dut, f"{name}_mtx", dut.clk)
        self.rx = StreamSink(dut, f"{name}_rx", dut.clk, BEAT)
        self.mrx = StreamSink(dut, f"{name}_mrx", dut.clk)


class Line:
    """The channel from one end to the other."""

    def __init__(self, dut: SimHandleBase, channel: str, block: int) -> None:
        self.dut, self.channel = dut, channel
        self.lanes = link_phy.lanes(block)
        self.calm()

    def calm(self) -> None:
        """A clean wire."""
        for name in CHANNEL:
            self.set(name, 0)

    def set(self, name: str, value: int) -> None:
        """Change a channel setting."""
        getattr(self.dut, f"{self.channel}_{name}").value = value

    def skew(self, *bits: int) -> None:
        """Make each lane late by so many bits."""
        assert len(bits) == self.lanes and max(bits) <= 31
        self.set("lane_skew", sum(b << 8 * lane for lane, b in enumerate(bits)))

    def fault(self, **lanes: str) -> None:
        """Set the faulty lanes, all others are sound: fault(l3="stuck0")."""
        self.set("lane_fault", sum(FAULTS[f] << 2 * int(name[1:]) for name, f in lanes.items()))

    def errors(self, lane: int, ber: float) -> None:
        """Give one lane a bit error rate."""
        self.set("lane_errors", model.lane_threshold(ber) << 32 * lane)

    def flips(self) -> int:
        """Bits that the channel turned over."""
        return int(getattr(self.dut, f"{self.channel}_count_flips").value)

    def forge(self, byte: int, change: int) -> None:
        """Change a byte of the next control word, and its CRC so that it fits."""
        mask = bytearray(28)
        mask[byte] = change
        crc = model.crc32c(bytes(mask)) ^ model.crc32c(bytes(28))
        self.set("forge_mask", int.from_bytes(bytes(mask) + crc.to_bytes(4, "little"), "little"))
        self.set("forge_phit", int(getattr(self.dut, f"{self.channel}_count_phits").value))
        self.set("forge", 1)


class Direction(Line):
    """What is sent at one end and must come out at the other."""

    def __init__(self, dut: SimHandleBase, source: End, sink: End, block: int) -> None:
        super().__init__(dut, f"{source.name}{sink.name}", block)
        self.source, self.sink, self.block = source, sink, block
        self.bulk = Scoreboard(sink.rx, lane_bits=8)
        self.mgmt = Scoreboard(sink.mrx)

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
        """Reset, train, and give the first credits time to arrive."""
        self.dut.latency.value = latency
        for direction in (self.ab, self.ba):
            direction.set("error_threshold", model.error_threshold(ber, self.block))
        await clock.start(self.dut)
        await self.trained()
        await ClockCycles(self.dut.clk, 30 + latency)

    async def trained(self, cycles: int = 20_000) -> None:
        """Wait until both ends are up."""
        await clock.poll(lambda: self.a.up and self.b.up, self.dut.clk, cycles, "both ends up")

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
    """Takes apart everything that an end puts on its lanes, training sequences and flits, and
    checks it against models/."""

    def __init__(self, env: Env, channel: str) -> None:
        self.env, self.channel = env, channel
        self.reader = link_phy.LaneReader(env.block)
        self.flits: list[tuple[int, model.Flit]] = []  # cycle of the first phit, flit
        self.busy = 0
        self.cycle = 0
        self._frames: list[int] = []
        self._phits: list[int] = []
        self._first = 0
        cocotb.start_soon(self._run())

    async def _run(self) -> None:
        dut = self.env.dut
        lanes = getattr(dut, f"{self.channel}_lanes")
        while True:
            await RisingEdge(dut.clk)
            self.cycle += 1
            if dut.rst.value != 0:
                continue
            phit = self.reader.feed(lanes.value.to_unsigned())
            if phit is None or phit[0] == link_phy.RETRAIN:
                self._frames, self._phits = [], []  # what was under way is cut short
            else:
                self._take(*phit)

    def _take(self, code: int, data: int) -> None:
        starts = code in (*model.HEAD, *model.SOLO)
        if self._frames and (starts or code == model.IDLE):
            flit = model.parse_flit(self._frames, self._phits, self.env.block)
            assert flit.crc_good, f"channel {self.channel}: a flit was sent with a wrong CRC"
            self.flits.append((self._first, flit))
            self._frames, self._phits = [], []
        if code != model.IDLE:
            self._first = self.cycle if starts else self._first
            self.busy += 1
            self._frames.append(code)
            self._phits.append(data)
