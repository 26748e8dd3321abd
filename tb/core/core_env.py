# SPDX-License-Identifier: Apache-2.0
"""The pyuvm environment of the control core: agents that disturb its ports, a monitor of the trace
port, lock step with models/iss.py as the scoreboard, coverage, and a base test.

The program is what drives the core; a sequence item says for how many cycles the memories and the
interrupt lines behave in which way.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import cocotb
from cocotb.triggers import First, ReadOnly, Timer, ValueChange
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

from scripts import elf
from tb.common import clock
from tb.core.core_coverage import CoreCoverage
from tb.core.lock_step import LockStep, Record

CHUNK_CYCLES = 20_000
RECORD_BITS = 512
KNOBS = {"i_memory": ("i_stall", "i_fault"), "d_memory": ("d_stall", "d_fault"),
         "interrupts": ("irq_chance",)}  # fmt: skip
REGIONS = ("i_first", "i_last", "d_first", "d_last")


class Behaviour(uvm_sequence_item):
    """How a port behaves for some cycles: values of inputs of core_tb by name."""

    def __init__(self, cycles: int, **knobs: int) -> None:
        super().__init__("behaviour")
        self.cycles, self.knobs = cycles, knobs


class Behaviours(uvm_sequence):
    """Draws one after the other, without end."""

    def __init__(self, name: str, draw) -> None:
        super().__init__(name)
        self.draw = draw

    async def body(self) -> None:
        while True:
            item = self.draw()
            await self.start_item(item)
            await self.finish_item(item)


class KnobDriver(uvm_driver):
    async def run_phase(self) -> None:
        while True:
            item = await self.seq_item_port.get_next_item()
            for name, value in item.knobs.items():
                getattr(cocotb.top, name).value = value
            await Timer(item.cycles * clock.PERIOD_NS, "ns")
            self.seq_item_port.item_done()


class KnobAgent(uvm_agent):
    """The inputs KNOBS[name]."""

    def build_phase(self) -> None:
        self.seqr = uvm_sequencer("seqr", self)
        self.driver = KnobDriver.create("driver", self)

    def connect_phase(self) -> None:
        self.driver.seq_item_port.connect(self.seqr.seq_item_export)


class RecordMonitor(uvm_component):
    """Publishes trace records. `run` ends with the record behind the store to EXIT, or after
    `cycles`."""

    def build_phase(self) -> None:
        self.ap = uvm_analysis_port("ap", self)

    async def run(self, cycles: int) -> bool:
        """Whether the program ended."""
        dut, seen = cocotb.top, 0
        while True:
            await First(ValueChange(dut.batches), Timer(CHUNK_CYCLES * clock.PERIOD_NS, "ns"))
            await ReadOnly()
            if int(dut.batches.value) != seen:
                seen += 1
                assert int(dut.batches.value) == seen, "a batch was lost"
                self._publish(str(dut.batch.value), int(dut.batch_records.value))
                if dut.flushed.value:
                    return True
            if int(dut.cycles.value) > cycles:
                return False

    def _publish(self, text: str, records: int) -> None:
        text = text[: RECORD_BITS * records]
        if not set(text) <= {"0", "1"}:
            raise AssertionError(f"X in {_unknown(text)}")
        data = int(text, 2).to_bytes(RECORD_BITS // 8 * records, "little")
        for words in struct.iter_unpack("<16I", data):
            self.ap.write(Record(*words))


class LockStepBoard(uvm_subscriber):
    """The scoreboard: fails at the first difference."""

    def build_phase(self) -> None:
        self.image = elf.read(Path(os.environ["PROGRAM"]))
        self.totals = dict.fromkeys(("retired", "traps", "interrupts"), 0)
        self.restart()

    def restart(self) -> None:
        """Behind a reset: the program from its beginning."""
        self.lock_step = LockStep.at_reset(self.image)
        self.lock_step.on_trap = self.on_trap

    def on_trap(self, cause: int) -> None:
        """Called with mcause for each trap; coverage takes its place."""

    def write(self, record: Record) -> None:
        self.lock_step.check(record)

    def settle(self) -> None:
        """Add to the totals what was checked since the last restart."""
        for name in self.totals:
            self.totals[name] += getattr(self.lock_step, name)


class CoreEnv(uvm_env):
    def build_phase(self) -> None:
        self.agents = {name: KnobAgent(name, self) for name in KNOBS}
        self.monitor = RecordMonitor("monitor", self)
        self.board = LockStepBoard("board", self)
        self.coverage = CoreCoverage("coverage", self)

    def connect_phase(self) -> None:
        self.monitor.ap.connect(self.board.analysis_export)
        self.monitor.ap.connect(self.coverage.analysis_export)
        self.board.on_trap = self.board.lock_step.on_trap = self.coverage.trapped


class CoreTest(uvm_test):
    """Base of all tests: resets the core and runs PROGRAM to its end. MAX_CYCLES and MAX_CPI are
    limits; REGIONS has the addresses between which accesses may be made to fail; the file RETIRED
    gets the number of retirements."""

    def build_phase(self) -> None:
        self.env = CoreEnv("env", self)
        self.random = clock.rng(self.get_type_name())

    def behaviour(self, agent: str) -> Behaviour:
        """The next behaviour of an agent."""
        raise NotImplementedError

    async def run_phase(self) -> None:
        self.raise_objection()
        dut = cocotb.top
        regions = map(int, os.environ.get("REGIONS", "1,0,1,0").split(","))
        for name, value in zip(REGIONS, regions):
            getattr(dut, name).value = value
        for name, agent in self.env.agents.items():
            for knob in KNOBS[name]:
                getattr(dut, knob).value = 0
            sequence = Behaviours(name, lambda name=name: self.behaviour(name))
            cocotb.start_soon(sequence.start(agent.seqr))
        await clock.start(dut)
        await self.stimulus()
        self.env.coverage.save()
        self.drop_objection()

    async def stimulus(self) -> None:
        await self.to_the_end()

    async def to_the_end(self) -> None:
        """Run the program; it has to say that all is well."""
        board, limit = self.env.board, int(os.environ.get("MAX_CYCLES", "500000"))
        if not await self.env.monitor.run(limit):
            history = "\n".join(board.lock_step.history)
            raise AssertionError(
                f"not finished after {limit} cycles, {board.lock_step.retired} retirements; "
                f"last instructions:\n{history}"
            )
        board.settle()
        result, cycles = int(cocotb.top.result.value), int(cocotb.top.cycles.value)
        cpi = cycles / board.lock_step.retired
        totals = ", ".join(f"{count} {name}" for name, count in board.totals.items())
        self.logger.info(f"{totals}; last run {cycles} cycles, CPI {cpi:.3f}")
        if path := os.environ.get("RETIRED"):
            Path(path).write_text(str(board.totals["retired"]))
        assert result == 1, f"program ended with {result:#x}"
        most = float(os.environ.get("MAX_CPI", "inf"))
        assert cpi <= most, f"CPI {cpi:.3f} is above {most}"


def _unknown(text: str) -> str:
    """Names of the fields of the oldest record with X in `text`, as seen from the highest bit."""
    for at in range(len(text) - RECORD_BITS, -1, -RECORD_BITS):
        ends = [at + RECORD_BITS - 32 * n for n in range(16)]
        words = [text[end - 32 : end] for end in ends]
        if names := [f for f, w in zip(Record._fields, words) if not set(w) <= {"0", "1"}]:
            return f"{', '.join(names)} of the record with pc {words[2]}"
    return "nothing"
