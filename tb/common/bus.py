# SPDX-License-Identifier: Apache-2.0
"""Drivers, monitors and a scoreboard for the house handshake, on cocotb-bus.

A stream is a group of ports <name>_valid, <name>_ready, <name>_<payload>. A beat is an int where
the stream has one payload signal, otherwise a dict of ints by payload name.

    source = StreamSource(dut, "s", dut.clk, ("data", "exp"), pause=random_pause(0.3, rng("s")))
    sink = StreamSink(dut, "m", dut.clk, ("data", "exp"), pause=random_pause(0.3, rng("m")))
    board = Scoreboard(sink, lane_bits=8)
    board.expect({"data": 1, "exp": 2})
    source.append({"data": 1, "exp": 2})
    await board.drained(1000)

A pause is an iterator of booleans, one per cycle, True for a stall; a finished iterator means no
further stalls. Payloads are X (Icarus) or random (Verilator) while valid is low, so that a design
that looks at them then is caught.
"""

from __future__ import annotations

import itertools
import random
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import cocotb
from cocotb.handle import SimHandleBase
from cocotb.triggers import RisingEdge
from cocotb.types import LogicArray
from cocotb_bus.drivers import BusDriver
from cocotb_bus.monitors import BusMonitor

from tb.common.clock import rng

Beat = int | dict[str, int]
Pause = Iterator[bool]


def no_pause() -> Pause:
    """Never stall."""
    return iter(())


def random_pause(probability: float, source: random.Random) -> Pause:
    """Stall each cycle with the given probability."""
    while True:
        yield source.random() < probability


def burst_pause(longest: int, source: random.Random) -> Pause:
    """Alternate runs and stalls, each of 1 to `longest` cycles."""
    for stalled in itertools.cycle((False, True)):
        yield from itertools.repeat(stalled, source.randint(1, longest))


def pauses(name: str) -> dict[str, Pause]:
    """One pause of each kind, seeded for `name`: for tests that sweep them."""
    return {
        "none": no_pause(),
        "random": random_pause(0.4, rng(f"{name}/random")),
        "mostly": random_pause(0.85, rng(f"{name}/mostly")),
        "burst": burst_pause(12, rng(f"{name}/burst")),
    }


class StreamSource(BusDriver):
    """Drives beats: queue them with `append`, or `await send(beat)`.

    A beat that was offered stays until it is taken, with its payload held.
    """

    def __init__(
        self,
        entity: SimHandleBase,
        name: str,
        clock: SimHandleBase,
        payload: Sequence[str] = ("data",),
        pause: Pause | None = None,
    ) -> None:
        self._signals = ["valid", "ready", *payload]
        self._payload = tuple(payload)
        self._noise = rng(f"{name}/idle")
        super().__init__(entity, name, clock, case_insensitive=False)
        self._beats = pause or no_pause()
        self.sent = 0
        self._idle()

    def set_pause(self, pause: Pause) -> None:
        """Change the stalls from the next beat on."""
        self._beats = pause

    def _idle(self) -> None:
        self.bus.valid.value = 0
        for name in self._payload:
            handle = getattr(self.bus, name)
            if cocotb.SIM_NAME.lower().startswith("icarus"):
                handle.value = LogicArray("X" * len(handle))
            else:
                handle.value = self._noise.getrandbits(len(handle))

    async def _driver_send(self, transaction: Beat, sync: bool = True, **_: Any) -> None:
        edge = RisingEdge(self.clock)
        if sync:
            await edge
        while next(self._beats, False):
            self._idle()
            await edge
        beat = transaction if isinstance(transaction, dict) else {self._payload[0]: transaction}
        if set(beat) != set(self._payload):
            raise ValueError(f"stream {self.name} carries {self._payload}, not {tuple(beat)}")
        for name, value in beat.items():
            getattr(self.bus, name).value = value
        self.bus.valid.value = 1
        await edge
        while self.bus.ready.value != 1:
            await edge
        self.sent += 1
        self._idle()

    async def drained(self, cycles: int) -> None:
        """Wait until everything queued was taken.

        Raises:
            AssertionError: it was not within `cycles`.
        """
        target = self.sent + len(self._sendQ) + int(self.bus.valid.value == 1)
        for _ in range(cycles):
            if self.sent >= target and not self._sendQ:
                return
            await RisingEdge(self.clock)
        raise AssertionError(
            f"stream {self.name}: {len(self._sendQ)} beats not sent within {cycles} cycles"
        )


class StreamMonitor(BusMonitor):
    """Sees every beat that changes hands; read them by index, or `add_callback`.

    Raises ValueError inside the simulation, which fails the test, if a payload has X bits.
    """

    def __init__(
        self,
        entity: SimHandleBase,
        name: str,
        clock: SimHandleBase,
        payload: Sequence[str] = ("data",),
    ) -> None:
        self._signals = ["valid", "ready", *payload]
        self._payload = tuple(payload)
        super().__init__(entity, name, clock, case_insensitive=False)

    def _sample(self) -> Beat:
        values = {}
        for name in self._payload:
            value = getattr(self.bus, name).value
            if not value.is_resolvable:
                raise ValueError(f"stream {self.name}: X in {name} of beat: {value}")
            values[name] = int(value)
        return values if len(self._payload) > 1 else values[self._payload[0]]

    async def _monitor_recv(self) -> None:
        edge, valid, ready = RisingEdge(self.clock), self.bus.valid, self.bus.ready
        while True:
            await edge
            if valid.value == 1 and ready.value == 1:
                self._recv(self._sample())


class StreamSink(StreamMonitor):
    """A monitor that also drives ready."""

    def __init__(
        self,
        entity: SimHandleBase,
        name: str,
        clock: SimHandleBase,
        payload: Sequence[str] = ("data",),
        pause: Pause | None = None,
    ) -> None:
        super().__init__(entity, name, clock, payload)
        self._stalls = pause or no_pause()
        self.bus.ready.value = 0
        cocotb.start_soon(self._drive_ready())

    def set_pause(self, pause: Pause) -> None:
        """Change the stalls from the next cycle on."""
        self._stalls = pause

    async def _drive_ready(self) -> None:
        edge = RisingEdge(self.clock)
        driven = None
        while True:
            await edge
            ready = int(not next(self._stalls, False))
            if ready != driven:
                self.bus.ready.value = driven = ready


class Scoreboard:
    """Compares a monitor's beats with the expected ones, in order and as they come.

    The expectation comes from the stimulus or from models/, never from the design.

    Args:
        monitor: StreamMonitor or StreamSink.
        lane_bits: width of a payload's lanes; names the first wrong lane in the message.
    """

    def __init__(self, monitor: StreamMonitor, lane_bits: int = 0) -> None:
        self._monitor = monitor
        self._lane_bits = lane_bits
        self._expected: deque[Beat] = deque()
        self.compared = 0
        monitor.add_callback(self._compare)

    def expect(self, *beats: Beat) -> None:
        """Append beats that must come, in this order."""
        self._expected.extend(beats)

    def _compare(self, got: Beat) -> None:
        name = self._monitor.name
        if not self._expected:
            raise AssertionError(f"stream {name} beat {self.compared}: unexpected {_show(got)}")
        want = self._expected.popleft()
        if got != want:
            raise AssertionError(
                f"stream {name} beat {self.compared}{self._lane(got, want)}: "
                f"expected {_show(want)}, got {_show(got)}"
            )
        self.compared += 1

    def _lane(self, got: Beat, want: Beat) -> str:
        """Where the first difference lies, for the message."""
        if not self._lane_bits:
            return ""
        if not isinstance(want, dict) or not isinstance(got, dict):
            want, got = {"lane": want}, {"lane": got}  # type: ignore[dict-item]
        name = next(name for name in want if want[name] != got[name])
        bits = want[name] ^ got[name]
        lane = ((bits & -bits).bit_length() - 1) // self._lane_bits
        return f" lane {lane}" if name == "lane" else f" {name} lane {lane}"

    async def drained(self, cycles: int) -> None:
        """Wait until all that is expected has come.

        Raises:
            AssertionError: beats are missing after `cycles`.
        """
        for _ in range(cycles):
            if not self._expected:
                return
            await RisingEdge(self._monitor.clock)
        self.assert_empty()

    def assert_empty(self) -> None:
        """Raise AssertionError if expected beats have not come."""
        if self._expected:
            raise AssertionError(
                f"stream {self._monitor.name}: {len(self._expected)} beats missing after "
                f"{self.compared}, the first {_show(self._expected[0])}"
            )


def _show(beat: Beat) -> str:
    if isinstance(beat, dict):
        return "{" + ", ".join(f"{name}: {value:#x}" for name, value in beat.items()) + "}"
    return f"{beat:#x}"
