# SPDX-License-Identifier: Apache-2.0
"""The pyuvm environment of two chiplets: a host agent that has command lists executed, a memory
agent that changes how the memories behave, a monitor of the records, scoreboard, coverage, and a
base test.

Items of the host agent are steps of a Scenario. Its driver adds them up to what the machine starts
with, memories and scripts of the firmware, because the lists lie in memory before the cores begin.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import cocotb
from cocotb.triggers import ClockCycles, First, ReadOnly, RisingEdge, Timer, ValueChange
from pyuvm import (
    uvm_agent,
    uvm_analysis_port,
    uvm_component,
    uvm_driver,
    uvm_env,
    uvm_sequence,
    uvm_sequence_item,
    uvm_sequencer,
    uvm_subscriber,
    uvm_test,
)

from models.config import Config
from tb.chiplet.board import Board, Record
from tb.chiplet.chiplet_coverage import CommandCoverage, SurroundingsCoverage
from tb.chiplet.faults import Injector
from tb.chiplet.scenario import Scenario, Want
from tb.common import clock
from tb.common.runner import current_seed

DONE, FAILED = 0xD0DE, 0xFA11  # tb/chiplet/script.c
QUIET_CYCLES = 20_000          # without a record: longer than a watchdog's wait


def known(folder: Path) -> None:
    """Have a digit that Icarus dumped as unknown read as one that is most likely wrong."""
    for path in folder.glob("*.dump"):
        text = re.sub("//.*", "", path.read_text())
        if re.search("[xX]", text):
            path.write_text(re.sub("[xX]", "a", text))


class Item(uvm_sequence_item):
    def __init__(self, name: str, **values: object) -> None:
        super().__init__(name)
        self.values = values


class Sequence(uvm_sequence):
    """Sends what `draw` yields."""

    def __init__(self, name: str, draw) -> None:
        super().__init__(name)
        self.draw = draw

    async def body(self) -> None:
        for item in self.draw:
            await self.start_item(item)
            await self.finish_item(item)


class HostDriver(uvm_driver):
    """Items: `initialise`, `lists` (count), `fault` (chiplet, kind)."""

    scenario: Scenario
    coverage: SurroundingsCoverage

    async def run_phase(self) -> None:
        while True:
            item = await self.seq_item_port.get_next_item()
            values = item.values
            if item.get_name() == "initialise":
                self.scenario.initialise()
            elif item.get_name() == "lists":
                self.scenario.random_list(values["count"])
            else:
                Injector(self.scenario, values["chiplet"]).inject(values["kind"])
                self.coverage.fault(values["kind"], values["chiplet"])
            self.seq_item_port.item_done()


class MemoryDriver(uvm_driver):
    """Items: latencies and bandwidth of the memories for so many `cycles`."""

    now: dict[str, int]

    async def run_phase(self) -> None:
        while True:
            item = await self.seq_item_port.get_next_item()
            self.now = {n: v for n, v in item.values.items() if n != "cycles"}
            for name, value in self.now.items():
                getattr(cocotb.top, name).value = value
            await Timer(item.values["cycles"] * clock.PERIOD_NS, "ns")
            self.seq_item_port.item_done()


class Agent(uvm_agent):
    def __init__(self, name: str, parent: uvm_component, driver: type[uvm_driver]) -> None:
        self.kind = driver
        super().__init__(name, parent)

    def build_phase(self) -> None:
        self.seqr = uvm_sequencer("seqr", self)
        self.driver = self.kind.create("driver", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.seqr.seq_item_export)


class RecordMonitor(uvm_component):
    """Publishes records. Override `see` to publish something else."""

    def build_phase(self) -> None:
        self.ap = uvm_analysis_port("ap", self)

    def see(self, record: Record) -> None:
        self.ap.write(record)

    async def run(self) -> None:
        """Until both scripts are done."""
        dut = cocotb.top
        while True:
            before = int(dut.records.value)
            quiet = Timer(QUIET_CYCLES * clock.PERIOD_NS, "ns")
            await First(ValueChange(dut.records), ValueChange(dut.host_status), quiet)
            await ReadOnly()
            status = int(dut.host_status.value)
            states = [status >> 32 * c & 0xFFFFFFFF for c in range(2)]
            for c in range(2):
                if states[c] == FAILED:
                    at, value = (int(getattr(dut, n).value) >> 32 * c & 0xFFFFFFFF
                                 for n in ("host_error", "host_error_info"))
                    raise AssertionError(f"script of chiplet {c} failed at {at:#x}: {value:#x}")
            if int(dut.records.value) != before:
                self._publish()
            if states == [DONE, DONE]:
                return
            if int(dut.records.value) == before and all(s == t for s, t in zip(states, self.last)):
                raise AssertionError(f"no record in {QUIET_CYCLES} cycles; in steps {states}")
            self.last = states

    last = (-1, -1)

    def _publish(self) -> None:
        """The records of the cycle before: chiplet_tb keeps them."""
        dut = cocotb.top
        kept = {n: int(getattr(dut, f"last_{n}").value)
                for n in ("valid", "queue", "opcode", "sequence", "signature", "step", "busy",
                          "full")}
        for c in range(2):
            if not kept["valid"] >> c & 1:
                continue
            queue, busy = kept["queue"] >> 5 * c & 31, kept["busy"] >> 16 * c & 0xFFFF
            full = kept["full"] >> 16 * c & 0xFFFF
            own = 1 << queue if queue < 16 else 0
            self.see(Record(
                kept["step"] >> 32 * c & 0xFFFFFFFF, c, queue, kept["opcode"] >> 4 * c & 15,
                kept["sequence"] >> 16 * c & 0xFFFF, kept["signature"] >> 32 * c & 0xFFFFFFFF,
                busy, not busy & own, bool(full & own)))


class ChipletBoard(uvm_subscriber):
    """The scoreboard: fails at the first difference."""

    board: Board

    def write(self, record: Record) -> None:
        self.board.check(record)


class ChipletEnv(uvm_env):
    def build_phase(self) -> None:
        self.host = Agent("host", self, HostDriver)
        self.memory = Agent("memory", self, MemoryDriver)
        self.monitor = RecordMonitor.create("monitor", self)
        self.board = ChipletBoard("board", self)
        self.commands, self.surroundings = CommandCoverage(), SurroundingsCoverage()
        self.link_errors = 0

    def connect_phase(self) -> None:
        self.monitor.ap.connect(self.board.analysis_export)
        self.host.driver.coverage = self.surroundings

    def match(self, record: Record, want: Want) -> None:
        """Coverage of a record that came as expected."""
        self.commands.match(record, want)
        self.surroundings.match(want, {**self.memory.driver.now, "link": self.link_errors})

    def save_coverage(self) -> None:
        self.commands.coverage.save()
        self.surroundings.coverage.save()


class ChipletTest(uvm_test):
    """Base of all tests: makes the scenario of `steps`, runs it and compares what is left."""

    def build_phase(self) -> None:
        self.env = ChipletEnv("env", self)
        self.random = clock.rng(self.get_type_name())
        dut = cocotb.top
        self.config = Config("random", 2, int(dut.N_MACROS.value), int(dut.BLOCK.value),
                             int(dut.SETS.value), int(dut.STASH_BEATS.value), 4)

    def steps(self):
        """Items for the host agent."""
        raise NotImplementedError

    def behaviours(self):
        """Items for the memory agent, without end."""
        r = self.random
        while True:
            yield Item("memory", cycles=r.randint(50, 600),
                       read_latency=r.choice((2, 2, 10, 40, 200)),
                       write_latency=r.choice((2, 5, 100)),
                       bandwidth=r.choice((256, 128, 30)))

    async def run_phase(self) -> None:
        self.raise_objection()
        dut, env, r = cocotb.top, self.env, self.random
        folder = Path(os.environ["FOLDER"])
        scenario = Scenario(self.config, current_seed(), int(dut.MEMORY_BEATS.value))
        env.host.driver.scenario = scenario
        await Sequence("steps", self.steps()).start(env.host.seqr)
        scenario.finish()
        scenario.write(folder)
        board = env.board.board = Board(scenario)
        board.on_match = env.match
        dut.load.value = dut.dump.value = 0
        dut.link_latency.value = r.choice((0, 3, 40))
        env.link_errors = r.choice((0, 200_000, 2_000_000))
        dut.error_threshold.value = env.link_errors
        dut.seed.value = r.getrandbits(32)
        cocotb.start_soon(Sequence("memory", self.behaviours()).start(env.memory.seqr))
        started = cocotb.start_soon(clock.start(dut))
        await RisingEdge(dut.clk)
        dut.load.value = 1
        await started
        await env.monitor.run()
        await ClockCycles(dut.clk, 2)
        dut.dump.value = 1
        await ClockCycles(dut.clk, 2)
        board.all_came()
        known(folder)
        board.final_state(folder)
        env.save_coverage()
        self.logger.info(f"{board.compared} records compared")
        self.drop_objection()
