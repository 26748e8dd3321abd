# SPDX-License-Identifier: Apache-2.0
"""Functional coverage of random command lists, from the records that came as expected.

`command` is opcode x own queue behind it x other queues at work x base registers x what it waited
for. The queue is seen when the record leaves: `empty`, `some` (commands wait) or `full` (no room).
"""

from __future__ import annotations

from models.commands import Command, formats
from models.compiler.program import PEER0
from tb.chiplet.board import Record
from tb.chiplet.faults import KINDS
from tb.chiplet.scenario import Want
from tb.common.coverage import Coverage

COMMANDS = ("sync", "mac", "ve", "load", "store", "weights", "column", "row", "send")
QUEUES = ("empty", "some", "full")
OTHERS = {"none": range(0, 1), "few": range(1, 3), "many": range(3, 16)}
BASES = ("none", "some", "all")
WAITS = ("none", "one", "several", "peer")  # one range over both kinds takes 12 macros


def waits(c: Command) -> str:
    """Kind of producers that a command waits for."""
    waited = range(c.wait_first, c.wait_first + c.wait_count)
    if not waited:
        return "none"
    if waited[0] >= PEER0:
        return "peer"
    return "one" if len(waited) == 1 else "several"


def bases(c: Command) -> str:
    """How many of its relocatable fields use a base register."""
    can = sum(f.base_lsb is not None for f in formats()[c.name].fields.values())
    return "none" if not c.bases else "all" if len(c.bases) == can else "some"


class CommandCoverage:
    """`exhaustive`: also the goal that every combination occurs."""

    def __init__(self, exhaustive: bool = False) -> None:
        goal = 1 if exhaustive else 0
        cov = self.coverage = Coverage("chiplet_commands" + "_all" * exhaustive)
        cov.point("opcode", COMMANDS)
        cov.point("queue", QUEUES)
        cov.point("others", OTHERS)
        cov.point("bases", BASES)
        cov.point("waits", WAITS, goal=goal)
        cov.point("fault", KINDS, goal=goal)
        no_base = {("sync", b): "sync has no relocatable field" for b in ("some", "all")}
        cov.cross("opcode_x_queue", ["opcode", "queue"], goal=goal)
        cov.cross("opcode_x_others", ["opcode", "others"], goal=goal)
        cov.cross("opcode_x_bases", ["opcode", "bases"], exclude=no_base)
        cov.cross("opcode_x_waits", ["opcode", "waits"], goal=goal)
        cov.cross("queue_x_others_x_waits", ["queue", "others", "waits"], goal=0)
        cov.cross("command", ["opcode", "queue", "others", "bases", "waits"], goal=0)

    def match(self, record: Record, want: Want) -> None:
        if want.command is None:  # a packet
            return
        others = (record.busy & ~(1 << record.queue)).bit_count()
        self.coverage.sample(
            opcode=want.command.name,
            queue="empty" if record.idle else "full" if record.full else "some",
            others=others, bases=bases(want.command), waits=waits(want.command))

    def fault(self, kind: str) -> None:
        self.coverage.sample(fault=kind)


class SurroundingsCoverage:
    """What memories and link do while commands complete, and bad input among them."""

    def __init__(self) -> None:
        cov = self.coverage = Coverage("chiplet_surroundings")
        cov.point("opcode", COMMANDS)
        cov.point("read_latency", {"short": range(0, 11), "long": range(11, 1 << 16)})
        cov.point("write_latency", {"short": range(0, 11), "long": range(11, 1 << 16)})
        cov.point("bandwidth", {"full": [256], "half": range(100, 256), "trickle": range(1, 100)})
        cov.point("link", {"clean": [0], "errors": range(1, 1 << 32)}, goal=0)
        cov.point("fault", KINDS, goal=0)
        cov.point("at", ("chiplet 0", "chiplet 1"), goal=0)
        cov.cross("opcode_x_read_latency", ["opcode", "read_latency"])
        cov.cross("opcode_x_bandwidth", ["opcode", "bandwidth"])
        cov.cross("read_latency_x_bandwidth", ["read_latency", "bandwidth"])
        cov.cross("opcode_x_link", ["opcode", "link"], goal=0)
        cov.cross("fault_x_at", ["fault", "at"], goal=0)

    def match(self, want: Want, behaviour: dict[str, int]) -> None:
        if want.command is not None:
            self.coverage.sample(opcode=want.command.name, **behaviour)

    def fault(self, kind: str, chiplet: int) -> None:
        self.coverage.sample(fault=kind, at=f"chiplet {chiplet}")
