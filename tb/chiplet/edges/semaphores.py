# SPDX-License-Identifier: Apache-2.0
"""Semaphores and numbers of commands at their limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from models.commands import Command
from models.compiler.program import DMA, MACRO0, PEER0, SEND
from models.errors import Code
from tb.chiplet.edges.steps import completions, error, listed, reset
from tb.chiplet.scenario import (
    DISPATCH_ERROR,
    DISPATCH_IDLE,
    LIST_START,
    Scenario,
    Step,
    Want,
    register,
)

LIMIT = 255  # of a semaphore


class Semaphores:
    """Every pair of producer and consumer up to the limit and down to nothing, and beyond it."""

    def __init__(self, scenario: Scenario) -> None:
        self.s, self.r = scenario, scenario.r
        self.queues = range(MACRO0 + scenario.config.n_macros)

    def sync(self, queue: int, **values: int) -> Command:
        return Command("sync", queue, values)

    def given(self) -> list[Command]:
        """Each local queue has signalled each 255 times."""
        every = {"signal_first": 0, "signal_count": len(self.queues)}
        return [self.sync(q, **every) for _ in range(LIMIT) for q in self.queues]

    def balanced(self, chiplet: int) -> list[Command]:
        """The same and the peer's, all of it taken again."""
        send = {"rows": 1, "count": 0, "peers": 1 << 1 - chiplet, "remote_first": 0,
                "remote_count": len(self.queues)}
        return [
            *[Command("send", SEND, send) for _ in range(LIMIT)], *self.given(),
            *[self.sync(q, wait_first=first, wait_count=count) for _ in range(LIMIT)
              for q in self.queues for first, count in ((0, len(self.queues)), (PEER0, 2))],
        ]

    def stream(self, chiplet: int) -> list[Command]:
        """Signals and waits of all pairs in any order, mostly with some to spare: they meet in the
        same cycle."""
        r, config = self.r, self.s.config
        tokens: Counter = Counter()
        out = []
        for _ in range(1500):
            q = r.choice(self.queues)
            first = r.choice(self.queues)
            count = next((n for n in range(len(self.queues) - first, 0, -1)
                          if all(tokens[p, q] for p in range(first, first + n))), 0)
            if r.random() < 0.5:
                count = 0
            tokens.subtract((p, q) for p in range(first, first + count))
            to = r.choice(self.queues)
            signals = r.randint(0, len(self.queues) - to)
            if any(tokens[q, c] > 200 for c in self.queues):
                signals = 0
            tokens.update((q, c) for c in range(to, to + signals))
            header = {"wait_first": first, "wait_count": count, "signal_first": to,
                      "signal_count": signals}
            at = self.s.commands[chiplet].core.last % (config.stash_beats - 8)
            load = {"rows": 1, "count": r.randint(1, 5), "stash": at}
            out.append(Command("load", DMA, load | header) if q == DMA and r.random() < 0.7
                       else self.sync(q, **header))
        for (p, q), left in tokens.items():
            out += [self.sync(q, wait_first=p, wait_count=1)] * left
        return out

    def run(self, make: Callable[[int], list[Command]], times: int) -> None:
        """Counters that are left too high would overflow in the second round."""
        s = self.s
        lists = [make(c) for c in range(s.config.n_chiplets)]
        base = [0] * 16
        for _ in range(times):
            for c, records in enumerate(s.execute(dict(enumerate(lists)))):
                raw = listed(lists[c])
                want = s.wants(raw, records)
                s.begin(c, Step(want, title="semaphores"))
                for queue, wanted in want.items():
                    s.sequence[c][queue] += len(wanted)
                s.run_list(c, raw, base, want)

    def long(self, chiplet: int, length: int, times: int) -> int:
        """A list of `length` commands for every queue, as often as said; how many that makes."""
        s, c = self.s, chiplet
        commands = [self.sync(q) for _ in range(length) for q in self.queues]
        reset(s, c)
        want = {q: [Want(0, 0, self.sync(q))] * (length * times) for q in self.queues}
        s.begin(c, Step(want, title=f"{length * times} commands of every queue"))
        s.start(c, listed(commands), [0] * 16)
        for _ in range(times - 1):
            s.poll(c, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
            s.store(c, register("CONTROL"), LIST_START)
        s.poll(c, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
        return length * times

    def long_then(self, chiplet: int, queue: int, raw: bytes) -> None:
        """The number of a command that is refused, behind more than 2^14 others."""
        s, c = self.s, chiplet
        number = self.long(c, 500, 34)
        s.push(c, raw)
        error(s, c, Code.ILLEGAL, queue, 0, raw[0] & 15, number)

    def overflow_of_packets(self, sender: int) -> None:
        """One packet more than 255, for each queue of the other chiplet."""
        s, to = self.s, 1 - sender
        send = {"rows": 1, "count": 0, "peers": 1 << to, "remote_count": len(self.queues)}
        raw = listed([Command("send", SEND, send)] * LIMIT)
        for c in (sender, to):
            reset(s, c)
        for c in (to, sender):
            s.tell(c)
        for n, q in enumerate(self.queues):
            extra = Command("send", SEND, send | {"remote_first": q, "remote_count": 1})
            want = [Want(1, 0, extra)] * (LIMIT + 1)
            s.begin(to, Step({PEER0 + sender: want}, whole=False, title=f"256 packets to {q}"))
            s.begin(sender, Step({SEND: want}, title=f"256 packets to {q}"))
            s.sequence[sender][SEND] += LIMIT + 1
            if n == 0:
                s.start(sender, raw, [0] * 16)
            else:
                s.store(sender, register("CONTROL"), LIST_START)
            s.poll(sender, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
            s.push(sender, extra.encode())
            s.poll(sender, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
            error(s, to, Code.OVERFLOW, q, PEER0 + sender)
            s.tell(to)

    def overflow(self, chiplet: int) -> None:
        """One more than 255, for each pair of local queues."""
        s, c = self.s, chiplet
        given = self.given()
        raw = listed(given)
        reset(s, c)
        for n, (p, q) in enumerate((p, q) for p in self.queues for q in self.queues):
            extra = self.sync(p, signal_first=q, signal_count=1)
            s.begin(c, Step(completions([*given, extra]), whole=False,
                            title=f"256 signals of {p} to {q}"))
            if n == 0:
                s.start(c, raw, [0] * 16)
            else:
                s.store(c, register("CONTROL"), LIST_START)
            s.poll(c, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
            s.check(c, register("DISPATCH"), 0, DISPATCH_ERROR)
            s.push(c, extra.encode())
            error(s, c, Code.OVERFLOW, q, p)
