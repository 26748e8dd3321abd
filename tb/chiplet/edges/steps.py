# SPDX-License-Identifier: Apache-2.0
"""Pieces of the scenarios at the edges of what commands can say: the last legal and the first
illegal extent, every kind of header that is refused, every pair that can hang, semaphores at their
limit.

What a refused command leads to is the answer of models/chiplet.py where an engine refuses it, and
of docs/chiplet.md where the dispatcher does.
"""

from __future__ import annotations

from collections import defaultdict

from models.commands import Command
from models.errors import Code
from tb.chiplet.scenario import (
    DISPATCH_ERROR,
    DISPATCH_RESETTING,
    ENGINE_RESET,
    WAIT,
    Scenario,
    Want,
    register,
)

RESET_CYCLES = 1200  # after which the quick memories have drained


def listed(commands: list[Command]) -> bytes:
    """A list of these commands."""
    return b"".join(c.encode() for c in [*commands, Command("end", 0)])


def completions(syncs: list[Command]) -> dict[int, list[Want]]:
    """The records of commands that only signal and wait."""
    out: dict[int, list[Want]] = defaultdict(list)
    for c in syncs:
        out[c.queue].append(Want(0, 0, c))
    return out


def reset(s: Scenario, c: int, within: int = 0) -> None:
    """Of the engines; commands count from 0 again."""
    s.store(c, register("CONTROL"), ENGINE_RESET)
    if within:
        s.script[c] += [WAIT, within // 4]
        s.check(c, register("DISPATCH"), 0, DISPATCH_RESETTING)
    s.poll(c, register("DISPATCH"), 0, DISPATCH_ERROR | DISPATCH_RESETTING)
    s.sequence[c].clear()


def error(s: Scenario, c: int, code: Code, queue: int, producer: int, opcode: int = 0,
          sequence: int = 0, within: int = 0) -> None:
    """The error that must come next; a reset behind it, over `within` so many cycles."""
    s.poll(c, register("DISPATCH"), DISPATCH_ERROR, DISPATCH_ERROR)
    s.check(c, register("ERROR"), code | queue << 4 | producer << 9 | opcode << 14)
    s.check(c, register("ERROR_SEQUENCE"), sequence)
    reset(s, c, within)
