# SPDX-License-Identifier: Apache-2.0
"""UVM agents for the house handshake: the streams of tb.common.bus as pyuvm components.

An active agent has a sequencer, a driver and a monitor; its `ap` publishes each beat that changes
hands. Sequence items are StreamItem; a sequence's finish_item returns at the edge that takes the
beat, and items that follow at once leave no gap. ResponderAgent drives ready and publishes.
Both take their ports from ConfigDB: `DUT` (the top-level handle).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cocotb
from cocotb.utils import get_sim_time
from pyuvm import (
    ConfigDB,
    uvm_agent,
    uvm_analysis_port,
    uvm_component,
    uvm_driver,
    uvm_sequence,
    uvm_sequence_item,
    uvm_sequencer,
    uvm_subscriber,
)

from tb.common.bus import Beat, Pause, StreamMonitor, StreamSink, StreamSource


class StreamItem(uvm_sequence_item):
    """One beat: payload values by name."""

    def __init__(self, **fields: int) -> None:
        super().__init__("beat")
        self.fields = fields


class StreamSequence(uvm_sequence):
    """Sends beats, in order."""

    def __init__(self, name: str, beats: Sequence[dict[str, int]]) -> None:
        super().__init__(name)
        self.beats = beats

    async def body(self) -> None:
        for beat in self.beats:
            item = StreamItem(**beat)
            await self.start_item(item)
            await self.finish_item(item)


class StreamDriver(uvm_driver):
    """Hands items to a StreamSource. Override `shape` to drive something else than was asked."""

    source: StreamSource

    def shape(self, fields: dict[str, int]) -> dict[str, int] | None:
        """What goes onto the wires for an item; None drops it."""
        return fields

    async def run_phase(self) -> None:
        done_at = None
        while True:
            item = await self.seq_item_port.get_next_item()
            fields = self.shape(dict(item.fields))
            if fields is not None:
                at_edge = done_at is not None and get_sim_time("step") == done_at
                await self.source.send(fields, sync=not at_edge)
                done_at = get_sim_time("step")
            self.seq_item_port.item_done()


class BeatMonitor(uvm_component):
    """Publishes the beats of a StreamMonitor. Override `see` to publish something else."""

    def build_phase(self) -> None:
        self.ap = uvm_analysis_port("ap", self)

    def attach(self, monitor: StreamMonitor) -> None:
        monitor.add_callback(self.see)

    def see(self, beat: Beat) -> None:
        self.ap.write(beat)


class Tap(uvm_subscriber):
    """Calls functions with each published beat; takes the place of a monitor for a Scoreboard."""

    def build_phase(self) -> None:
        self.name = self.get_name()
        self.clock = ConfigDB().get(self, "", "DUT").clk
        self._callbacks: list[Callable[[Beat], None]] = []

    def add_callback(self, callback: Callable[[Beat], None]) -> None:
        self._callbacks.append(callback)

    def write(self, beat: Beat) -> None:
        for callback in self._callbacks:
            callback(beat)


class _Agent(uvm_agent):
    """One stream of the design, named like the agent; `ap` publishes its beats."""

    def __init__(self, name: str, parent: uvm_component, payload: Sequence[str]) -> None:
        self.payload = tuple(payload)
        super().__init__(name, parent)

    def build_phase(self) -> None:
        self.dut = ConfigDB().get(self, "", "DUT")
        self.monitor = BeatMonitor.create("monitor", self)

    def connect_phase(self) -> None:
        self.ap = self.monitor.ap


class StreamAgent(_Agent):
    """Drives and watches one input stream of the design."""

    def build_phase(self) -> None:
        super().build_phase()
        dut, name = self.dut, self.get_name()
        self.seqr = uvm_sequencer("seqr", self)
        self.driver = StreamDriver.create("driver", self)
        self.source = StreamSource(dut, name, dut.clk, self.payload)
        self.watcher = StreamMonitor(dut, name, dut.clk, self.payload)

    def connect_phase(self) -> None:
        super().connect_phase()
        self.driver.seq_item_port.connect(self.seqr.seq_item_export)
        self.driver.source = self.source
        self.monitor.attach(self.watcher)

    def set_pause(self, pause: Pause) -> None:
        """Change the stalls from the next beat on."""
        self.source.set_pause(pause)

    def send(self, beats: Sequence[dict[str, int]]) -> cocotb.task.Task:
        """Start a sequence of beats; await the task to know that all were taken."""
        sequence = StreamSequence(f"{self.get_name()}_beats", list(beats))
        return cocotb.start_soon(sequence.start(self.seqr))


class ResponderAgent(_Agent):
    """Takes and watches one output stream of the design."""

    def build_phase(self) -> None:
        super().build_phase()
        self.sink = StreamSink(self.dut, self.get_name(), self.dut.clk, self.payload)

    def connect_phase(self) -> None:
        super().connect_phase()
        self.monitor.attach(self.sink)

    def set_pause(self, pause: Pause) -> None:
        """Change the stalls from the next cycle on."""
        self.sink.set_pause(pause)
