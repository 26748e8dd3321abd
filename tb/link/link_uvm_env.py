# SPDX-License-Identifier: Apache-2.0
"""The pyuvm environment of two link ends: agents on all eight streams and on both channels,
scoreboards that know what a link may lose when an end begins anew, coverage, a base test."""

from __future__ import annotations

import os
from collections import deque

import cocotb
from cocotb.triggers import ClockCycles
from pyuvm import (
    ConfigDB,
    uvm_agent,
    uvm_component,
    uvm_driver,
    uvm_env,
    uvm_factory,
    uvm_sequence,
    uvm_sequence_item,
    uvm_sequencer,
    uvm_test,
)

from tb.common import clock
from tb.common.agents import BeatMonitor, ResponderAgent, StreamAgent, Tap
from tb.common.bus import Scoreboard, pauses
from tb.link.link_coverage import LinkCoverage
from tb.link.link_env import BEAT, Control, Line

ENDS = ("a", "b")
SAMPLE_CYCLES = 5
WATCHDOG_CYCLES = 12_000


def room(channel: str) -> int:
    """Beats or messages that use up all credits; told by the test that built the bench."""
    return int(os.environ["LINK_BEATS_ROOM" if channel == "bulk" else "LINK_MESSAGES_ROOM"])


def other(end: str) -> str:
    return "b" if end == "a" else "a"


class LinkBoard(Scoreboard):
    """Compares one stream with what was taken at its source, in order.

    When one end alone begins anew (a reset, or clear after PROTOCOL or PEER_RESET), what it had
    sent may still come out of the other's buffers (`_old`); what the other has sent and sends is
    lost until it has begun anew too (`deaf`)."""

    def __init__(self, monitor: Tap, lane_bits: int = 0) -> None:
        super().__init__(monitor, lane_bits)
        self._old: deque = deque()
        self.deaf = False

    def _compare(self, got) -> None:
        if self.deaf:
            raise AssertionError(f"stream {self._monitor.name}: a beat from before the restart")
        if self._old:
            self._expected, later = self._old, self._expected
            super()._compare(got)
            self._expected = later
        else:
            super()._compare(got)

    def source_anew(self, alone: bool) -> None:
        if alone:
            self._old.extend(self._expected)
        self._expected.clear()
        self.deaf = False

    def sink_anew(self, alone: bool) -> None:
        self._old.clear()
        self.deaf = alone

    @property
    def under_way(self) -> int:
        return len(self._expected)


class OutsideReset(BeatMonitor):
    """Reports no beats of an end in reset."""

    def see(self, beat) -> None:
        end = self.get_parent().get_name()[0]
        dut = cocotb.top
        if dut.rst.value == 0 and getattr(dut, f"{end}_reset").value == 0:
            super().see(beat)


class Behaviour(uvm_sequence_item):
    """What a channel does to the lanes: settings by name, and the kind for the coverage."""

    def __init__(self, kind: str, **settings: int) -> None:
        super().__init__("behaviour")
        self.kind, self.settings = kind, settings


class Behave(uvm_sequence):
    def __init__(self, item: Behaviour) -> None:
        super().__init__("behave")
        self.item = item

    async def body(self) -> None:
        await self.start_item(self.item)
        await self.finish_item(self.item)


class LineDriver(uvm_driver):
    """Makes the channel a clean wire but for the item's settings; skew is kept."""

    async def run_phase(self) -> None:
        while True:
            item = await self.seq_item_port.get_next_item()
            agent = self.get_parent()
            skew = agent.line_skew
            agent.line.calm()
            agent.line.set("lane_skew", item.settings.get("lane_skew", skew))
            agent.line_skew = item.settings.get("lane_skew", skew)
            for name, value in item.settings.items():
                agent.line.set(name, value)
            agent.kind = item.kind
            self.seq_item_port.item_done()


class LineAgent(uvm_agent):
    """One channel, named like it: ab or ba."""

    def build_phase(self) -> None:
        dut = ConfigDB().get(self, "", "DUT")
        self.seqr = uvm_sequencer("seqr", self)
        self.driver = LineDriver.create("driver", self)
        self.line = Line(dut, self.get_name(), len(dut.a_tx_data) // 8)
        self.line_skew, self.kind = 0, "none"

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.seqr.seq_item_export)

    async def behave(self, kind: str, **settings: int) -> None:
        await Behave(Behaviour(kind, **settings)).start(self.seqr)


class Path(uvm_component):
    """A channel of one direction: agents at both ends and the scoreboard between."""

    def __init__(self, name: str, parent: uvm_component, source: str, sink: str, payload) -> None:
        self.ports, self.payload = (source, sink), payload
        super().__init__(name, parent)

    def build_phase(self) -> None:
        self.source = StreamAgent(self.ports[0], self, self.payload)
        self.sink = ResponderAgent(self.ports[1], self, self.payload)
        self.sent, self.got = Tap("sent", self), Tap(f"{self.ports[1]}_beats", self)

    def connect_phase(self) -> None:
        self.source.ap.connect(self.sent.analysis_export)
        self.sink.ap.connect(self.got.analysis_export)
        self.board = LinkBoard(self.got, lane_bits=8 if len(self.payload) > 1 else 0)
        self.sent.add_callback(self.board.expect)
        self.changes = 0

    def stall(self, source: str, sink: str) -> None:
        """Stalls (kinds of tb.common.bus.pauses, or "always") from the next beat on."""
        self.changes += 1
        kinds = pauses(f"{self.get_name()}{self.changes}")
        self.source.set_pause(kinds[source])
        self.sink.set_pause(iter(lambda: True, False) if sink == "always" else kinds[sink])
        self.stalls = (source, sink)


class LinkEnv(uvm_env):
    def build_phase(self) -> None:
        self.lines = {name: LineAgent(name, self) for name in ("ab", "ba")}
        self.paths = {}
        for a, b in ("ab", "ba"):
            self.paths[a + b, "bulk"] = Path(f"{a}{b}_bulk", self, f"{a}_tx", f"{b}_rx", BEAT)
            self.paths[a + b, "mgmt"] = Path(
                f"{a}{b}_mgmt", self, f"{a}_mtx", f"{b}_mrx", ("data",)
            )
        self.coverage = LinkCoverage("coverage", self)


class LinkTest(uvm_test):
    """Base of all tests: brings the link up, runs `stimulus` beside a sampler and a watchdog, then
    checks that all that was sent has come."""

    def build_phase(self) -> None:
        self.dut = cocotb.top
        ConfigDB().set(None, "*", "DUT", self.dut)
        uvm_factory().set_type_override_by_type(BeatMonitor, OutsideReset)
        self.env = LinkEnv("env", self)
        self.random = clock.rng(self.get_type_name())
        self.may_be_down = False
        self.alone: str | None = None  # the end that has begun anew without the other

    async def run_phase(self) -> None:
        self.raise_objection()
        self.dut.latency.value = self.random.choice((0, 3, 12))
        self.dut.seed.value = self.random.getrandbits(32)
        self.ends = {name: Control(self.dut, name) for name in ENDS}
        for path in self.env.paths.values():
            path.stall("none", "none")
        await clock.start(self.dut)
        await self.up()
        for watcher in (self.sample(), self.watchdog()):
            cocotb.start_soon(watcher)
        await self.stimulus()
        await self.finish()
        self.drop_objection()

    async def stimulus(self) -> None:
        raise NotImplementedError

    # ---- watching

    def state(self) -> str:
        if any(end.down for end in self.ends.values()):
            return "down"
        return "active" if all(end.up for end in self.ends.values()) else "training"

    async def sample(self) -> None:
        """Coverage every few cycles; an end that is down when nothing can have caused it fails."""
        cov, down = self.env.coverage.coverage, dict.fromkeys(ENDS, False)
        while True:
            await ClockCycles(self.dut.clk, SAMPLE_CYCLES)
            for name, end in self.ends.items():
                if end.down and not down[name]:
                    assert self.may_be_down, f"end {name} went down: {end.cause}"
                    cov.sample(cause=end.cause)
                    cocotb.log.info(f"end {name} down: {end.cause}")
                down[name] = end.down
            state = self.state()
            for (line, channel), path in self.env.paths.items():
                used = path.board.under_way
                credit = "all_used" if used >= room(channel) else "some_used"
                credit = credit if used else "none_used"
                kind = self.env.lines[line].kind
                cov.sample(error=kind, state=state, credit=credit, channel=channel)
                source, sink = path.stalls
                names = ("tx", "rx") if channel == "bulk" else ("mtx", "mrx")
                cov.sample(**{f"stall_{names[0]}": source, "state": state})
                if sink != "always":
                    cov.sample(**{f"stall_{names[1]}": sink, "state": state})

    async def watchdog(self) -> None:
        """Fails the test, and says who waits, when no beat moves for WATCHDOG_CYCLES."""
        moved = [0]
        streams = [s for p in self.env.paths.values() for s in (p.source.watcher, p.sink.sink)]
        for stream in streams:
            stream.add_callback(lambda _: moved.__setitem__(0, moved[0] + 1))
        before = None
        while before != moved[0]:
            before = moved[0]
            await ClockCycles(self.dut.clk, WATCHDOG_CYCLES)
        waits = [f"{s.name} {s.bus.valid.value}/{s.bus.ready.value}" for s in streams]
        raise AssertionError(
            f"nothing moved for {WATCHDOG_CYCLES} cycles, link {self.state()}; valid/ready: "
            + ", ".join(waits)
        )

    # ---- what the ends go through

    async def up(self, cycles: int = 6000) -> None:
        await clock.poll(lambda: self.state() == "active", self.dut.clk, cycles, "both ends up")

    async def retrain(self, end: str) -> None:
        await self.ends[end].write("CONTROL", 2)
        self.env.coverage.event("retrained")

    def anew(self, end: str) -> None:
        """End `end` has begun anew."""
        alone = self.alone != other(end)
        self.alone = end if alone else None
        for (line, _), path in self.env.paths.items():
            (path.board.source_anew if line[0] == end else path.board.sink_anew)(alone)

    async def clear(self, end: str) -> None:
        control = self.ends[end]
        begins_anew = control.cause in ("protocol", "peer_reset")
        stalled = getattr(self.dut, f"{end}_rx_valid").value == 1
        if self.random.random() < 0.5:
            await control.clear()
        else:
            await control.write("CONTROL", 1)
        if begins_anew:
            await ClockCycles(self.dut.clk, 3)  # its streams stand still for four cycles
            self.anew(end)
            if stalled and getattr(self.dut, f"{end}_rx_ready").value == 0:
                self.env.coverage.event("stalled_beat_withdrawn")

    async def recover(self) -> None:
        """Clear both ends until the link works."""
        await ClockCycles(self.dut.clk, 200)
        for _ in range(6):
            for end in self.random.sample(ENDS, 2):
                if self.ends[end].down:
                    await self.clear(end)
                await ClockCycles(self.dut.clk, self.random.randrange(30))
            for _ in range(40):
                await ClockCycles(self.dut.clk, 50)
                if self.state() == "active":
                    break
            await ClockCycles(self.dut.clk, 300)
            if self.state() == "active":
                assert self.alone is None, f"end {self.alone} began anew and nobody said so"
                self.may_be_down = False
                return
        raise AssertionError("the link does not come back")

    async def reset(self, *ends: str) -> None:
        """Reset one end, or both at times that overlap."""
        self.may_be_down = len(ends) == 1
        for end in ends:
            getattr(self.dut, f"{end}_reset").value = 1
            await ClockCycles(self.dut.clk, 2)
            self.anew(end)
            await ClockCycles(self.dut.clk, self.random.randrange(40))
        for end in ends:
            getattr(self.dut, f"{end}_reset").value = 0
            await ClockCycles(self.dut.clk, self.random.randrange(20))

    async def finish(self) -> None:
        """Wait until all that was taken has come, and a while longer for what should not come."""
        for path in self.env.paths.values():
            await path.board.drained(20_000)
        await ClockCycles(self.dut.clk, 150)
