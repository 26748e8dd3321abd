# SPDX-License-Identifier: Apache-2.0
"""pyuvm tests of two whole chiplets with random command lists; see chiplet_env."""

from __future__ import annotations

import dataclasses
import os

import pyuvm
from pyuvm import uvm_factory

from tb.chiplet.board import Record
from tb.chiplet.chiplet_env import ChipletTest, Item, RecordMonitor
from tb.chiplet.faults import KINDS


@pyuvm.test()
class RandomLists(ChipletTest):
    """Lists of random legal commands, one after the other."""

    def steps(self):
        yield Item("initialise")
        for _ in range(int(os.environ.get("LISTS", "5"))):
            yield Item("lists", count=int(os.environ.get("COMMANDS", "120")))


@pyuvm.test()
class RandomFaults(ChipletTest):
    """Random lists with bad input of several kinds between, each followed by an engine reset."""

    def steps(self):
        yield Item("initialise")
        for kind in self.random.sample(KINDS, int(os.environ.get("FAULTS", "3"))):
            yield Item("lists", count=30)
            yield Item("fault", chiplet=self.random.randrange(2), kind=kind)
        yield Item("lists", count=30)


class Disturbed(RecordMonitor):
    """Changes one record."""

    seen = 0

    def see(self, record: Record) -> None:
        Disturbed.seen += 1
        if Disturbed.seen != 100:
            super().see(record)
            return
        change = os.environ["CHANGE"]
        if change == "signature":
            super().see(dataclasses.replace(record, signature=record.signature ^ 1))
        elif change == "opcode":
            super().see(dataclasses.replace(record, opcode=record.opcode ^ 1))
        elif change == "queue":
            super().see(dataclasses.replace(record, queue=record.queue ^ 1))
        elif change == "twice":
            super().see(record)
            super().see(record)


@pyuvm.test()
class DisturbedRecords(ChipletTest):
    """Negative: one record is changed, repeated or lost on its way to the scoreboard."""

    def build_phase(self) -> None:
        uvm_factory().set_type_override_by_type(RecordMonitor, Disturbed)
        super().build_phase()

    def steps(self):
        yield Item("initialise")
        yield Item("lists", count=60)
