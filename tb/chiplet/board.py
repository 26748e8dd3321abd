# SPDX-License-Identifier: Apache-2.0
"""Compares a run of chiplet_tb with its scenario: each record as it comes, memory at the end."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from models.commands import queue_name
from models.compiler.program import PEER0
from tb.chiplet.scenario import Scenario, Step, Want
from tb.common.memory import read_dump

BANKS = 16


@dataclasses.dataclass(frozen=True)
class Record:
    """A completion record, and the state of the queues in its cycle: `busy` a bit per queue, `idle`
    and `full` of its own."""

    step: int
    chiplet: int
    queue: int
    opcode: int
    sequence: int
    signature: int
    busy: int = 0
    idle: bool = False
    full: bool = False


class Board:
    """Raises AssertionError at the first record that does not come as expected."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.on_match: Callable[[Record, Want], None] = lambda record, want: None
        self.compared = 0
        self._seen = [[defaultdict(int) for _ in steps] for steps in scenario.steps]

    def where(self, chiplet: int, queue: int, number: int, step: int) -> str:
        title = self.scenario.steps[chiplet][step].title
        return (f"SEED={self.scenario.seed} chiplet {chiplet}, step {step} ({title}), "
                f"{queue_name(queue)}, record {number}")

    def check(self, record: Record) -> None:
        steps = self.scenario.steps[record.chiplet]
        if not record.step < len(steps):
            raise AssertionError(f"chiplet {record.chiplet}: {record} outside all steps")
        at = self._step_of(record)
        step: Step = steps[at]
        seen = self._seen[record.chiplet][at]
        number = seen[record.queue]
        seen[record.queue] += 1
        listed = step.want.get(record.queue, [])
        where = self.where(record.chiplet, record.queue, number, at)
        if number >= len(listed):
            raise AssertionError(f"{where}: nothing was expected, got {record}")
        want = listed[number]
        sequence = (step.first.get(record.queue, 0) + number) & 0xFFFF
        expected = (want.opcode, sequence, want.signature)
        got = (record.opcode, record.sequence, record.signature)
        if got != expected:
            names = ("opcode", "sequence", "signature")
            differs = ", ".join(f"{n} {w:#x}, got {g:#x}"
                                for n, w, g in zip(names, expected, got) if w != g)
            raise AssertionError(f"{where}: expected {differs}\n{want.command or 'packet'}")
        self.compared += 1
        self.on_match(record, want)

    def _step_of(self, record: Record) -> int:
        """The record's step. The peer may begin the next one, and send, while the core here still
        looks at the end of this one."""
        steps, at = self.scenario.steps[record.chiplet], record.step
        while (record.queue >= PEER0 and at + 1 < len(steps) and steps[at].whole and
               self._seen[record.chiplet][at][record.queue]
               == len(steps[at].want.get(record.queue, []))):
            at += 1
        return at

    def all_came(self) -> None:
        """Nothing is missing; steps that end in an error may end early."""
        for chiplet, steps in enumerate(self.scenario.steps):
            for number, step in enumerate(steps):
                for queue, listed in step.want.items():
                    came = self._seen[chiplet][number][queue]
                    if step.whole and came != len(listed):
                        raise AssertionError(
                            f"{self.where(chiplet, queue, came, number)}: did not come; "
                            f"{listed[came].command or 'packet'}")

    def final_state(self, folder: Path) -> None:
        """Stash, weights and memory as the machine dumped them."""
        scenario, config = self.scenario, self.scenario.config
        for c, model in enumerate(scenario.package.chiplets):
            stash = np.zeros((config.stash_beats, config.block + 2), np.uint8)
            for bank in range(BANKS):
                raw = read_dump(folder / f"stash{c}_{bank}.dump")
                stash[bank::BANKS] = np.frombuffer(raw, np.uint8).reshape(-1, config.block + 2)
            want = np.concatenate([model.data, model.exps], axis=1)
            core = scenario.commands[c].core
            words = scenario.core_words[c].astype("<u4").view(np.uint8)
            want[core.first : core.last, : config.block] = words.reshape(-1, config.block)
            stash[core.first : core.last, config.block :] = \
                want[core.first : core.last, config.block :]  # never written
            self._same(f"chiplet {c}: stash beat", stash, want)
            memory = np.frombuffer(read_dump(folder / f"memory{c}.dump"), np.uint8)
            self._same(f"chiplet {c}: memory beat", memory.reshape(-1, config.block), model.memory)
            for m, macro in enumerate(model.macros):
                text = (folder / f"weights{c}_{m}.dump").read_text().split()
                got = np.frombuffer(bytes.fromhex("".join(text)), np.uint8)
                got = got.reshape(-1, config.block + 2)
                held = macro.weights.view(np.uint8).reshape(-1, config.block)
                exps = macro.exps.reshape(-1, 2)[:, ::-1]
                self._same(f"chiplet {c}: macro {m}, column of set * BLOCK +", got,
                           np.concatenate([exps, held], axis=1))

    def _same(self, what: str, got: np.ndarray, want: np.ndarray) -> None:
        bad = np.flatnonzero((got != want).any(axis=1))
        if bad.size:
            raise AssertionError(
                f"SEED={self.scenario.seed} {what} {bad[0]} ({bad.size} differ): expected "
                f"{bytes(want[bad[0]]).hex()}, got {bytes(got[bad[0]]).hex()}")
