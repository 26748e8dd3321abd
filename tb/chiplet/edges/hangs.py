# SPDX-License-Identifier: Apache-2.0
"""What must hang, and must not."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from models.commands import Command, formats
from models.compiler.program import DMA, MACRO0, MOVE, PEER0, SEND, VE
from models.errors import Code
from tb.chiplet.edges.far import work
from tb.chiplet.edges.refusals import Refusals
from tb.chiplet.edges.steps import RESET_CYCLES, completions, error, listed, reset
from tb.chiplet.faults import FETCHER
from tb.chiplet.scenario import (
    DISPATCH_ERROR,
    DISPATCH_IDLE,
    LIST_START,
    WAIT,
    WATCHDOG_CYCLES,
    Scenario,
    Step,
    Want,
    register,
)


class Hangs:
    """Waits that nobody fulfils, and engines that take longer than the watchdog's limit."""

    LIMIT = 60  # cycles

    def __init__(self, scenario: Scenario, chiplet: int) -> None:
        self.s, self.c, self.r = scenario, chiplet, scenario.r
        self.draws = scenario.commands[chiplet]
        self.queues = MACRO0 + scenario.config.n_macros
        self.refusals = Refusals(scenario, chiplet)
        self.names = {VE: ("ve",), DMA: ("load", "store", "weights"), MOVE: ("column", "row"),
                      SEND: ("send",)}

    def any(self, queue: int) -> Command:
        """A command of a queue; it will not start."""
        if self.r.random() < 0.3:
            return Command("sync", queue)
        return dataclasses.replace(
            self.refusals.small(self.r.choice(self.names.get(queue, ("mac",)))), queue=queue)

    def step(self, commands: list[Command], queue: int, producer: int, opcode: int,
             sequence: int, records: dict[int, list[Want]], early: bool = False) -> None:
        """The commands with `records`, the first ones, are a list and complete, the core pushes the
        others; then the watchdog says who waits for whom. `early`: its limit is set before the last
        command."""
        s, c = self.s, self.c
        s.begin(c, Step(records, whole=not early, title=f"queue {queue} waits for {producer}"))
        s.store(c, register("WATCHDOG"), 0)
        done = sum(map(len, records.values()))
        s.start(c, listed(commands[:done]), [0] * 16)
        s.poll(c, register("DISPATCH"), 0, 1)
        for n, command in enumerate(commands[done:]):
            if early and n == len(commands) - done - 1:
                s.store(c, register("WATCHDOG"), self.LIMIT)
            s.push(c, s.placed(command.encode()))
        if self.r.random() < 0.2:  # a limit that has passed when it is set
            s.script[c] += [WAIT, self.LIMIT]
        s.store(c, register("WATCHDOG"), self.LIMIT)
        error(s, c, Code.HUNG, queue, producer, opcode, sequence, RESET_CYCLES if early else 0)

    def waits(self, asked: dict[int, tuple[int, int]]) -> None:
        """Queues that wait for a range of producers each; some of these have signalled."""
        r = self.r
        before = {q: r.randrange(60) if len(asked) == 1 and q in asked else r.choice((0, 0, 1, 4))
                  for q in range(self.queues)}
        signals: list[Command] = []
        missing = {}
        for q, (first, count) in asked.items():
            wanted = {*range(first, first + count)} - {PEER0 + self.c}
            given = {p for p in wanted if p < self.queues and r.random() < 0.3}
            missing[q] = wanted - given or wanted
            for p in given & (wanted - missing[q]):
                signals.append(Command("sync", p, {"signal_first": q, "signal_count": 1}))
        commands = [Command("sync", q) for q in before for _ in range(before[q])] + signals
        r.shuffle(commands)
        records = completions(commands)
        heads = {q: self.any(q) for q in asked}
        for q, head in heads.items():
            first, count = asked[q]
            commands.append(dataclasses.replace(
                head, values={**head.values, "wait_first": first, "wait_count": count}))
            if r.random() < 0.4:
                commands.append(self.any(q))
        queue, producer = self.named(missing)
        self.step(commands, queue, producer, formats()[heads[queue].name].opcode,
                  len(records[queue]), records)

    def named(self, missing: dict[int, set[int]]) -> tuple[int, int]:
        """docs/chiplet.md, Watchdog."""
        kinds: tuple[Callable[[int], bool], ...] = (
            lambda p: p < PEER0 and p not in missing, lambda p: p >= PEER0, lambda p: True)
        return next((q, p) for fits in kinds for q in sorted(missing) for p in sorted(missing[q])
                    if fits(p))

    def slow(self) -> None:
        """An engine that is still at work at the limit; what it does then is undefined."""
        r = self.r
        name = r.choice(("mac", "mac", "load", "weights", "column", "row"))
        while work(drawn := self.draws.draw(name), self.draws.block) < 12 * self.LIMIT:
            pass
        c = dataclasses.replace(drawn.command, values={**drawn.command.values, "wait_count": 0,
                                                       "signal_count": 0})
        before = [Command("sync", q) for q in range(self.queues) for _ in range(r.randrange(3))]
        records = completions(before)
        sequence = len(records[c.queue])
        self.step([*before, c], c.queue, c.queue, formats()[name].opcode, sequence, records,
                  early=True)

    def patient(self) -> None:
        """A wait that is fulfilled before the limit."""
        s, c = self.s, self.c
        p, q = self.r.sample(range(self.queues), 2)
        wait = Command("sync", q, {"wait_first": p, "wait_count": 1})
        signal = Command("sync", p, {"signal_first": q, "signal_count": 1})
        s.begin(c, Step({q: [Want(0, 0, wait)], p: [Want(0, 0, signal)]}, title="patience"))
        s.store(c, register("WATCHDOG"), 3 * RESET_CYCLES)
        s.push(c, wait.encode())
        s.script[c] += [WAIT, RESET_CYCLES // 4]
        s.push(c, signal.encode())
        s.poll(c, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
        s.check(c, register("DISPATCH"), 0, DISPATCH_ERROR)
        reset(s, c)

    def fetcher(self) -> None:
        """A memory that is slower than the limit."""
        s, c = self.s, self.c
        s.begin(c, Step({}, whole=False, title="the list fetcher waits"))
        s.store(c, register("WATCHDOG"), 1)
        s.store(c, register("CONTROL"), LIST_START)
        error(s, c, Code.HUNG, FETCHER, FETCHER)

    def add(self, count: int) -> None:
        """Each pair alone, then `count` steps with several waits."""
        r = self.r
        reset(self.s, self.c)
        singles = [{q: (p, 1)} for q in range(self.queues)
                   for p in (*range(self.queues), PEER0 + 1 - self.c)]
        r.shuffle(singles)
        for asked in singles:
            self.waits(asked)
        for n in range(count):
            asked = {}
            waiting = r.sample(range(self.queues), r.randint(1, 4))
            for q in waiting:
                first = r.randrange(self.queues)
                local = first, r.randint(1, self.queues - first)
                if n % 2:  # nobody waits for an idle queue
                    local = r.choice(waiting), 1
                asked[q] = r.choice((local, local, (PEER0, 2)))
            self.waits(asked)
        for _ in range(count // 4):
            self.slow()
        self.patient()
        self.fetcher()
        self.s.store(self.c, register("WATCHDOG"), WATCHDOG_CYCLES)
        self.s.tell(self.c)
        self.s.initialise([self.c])
