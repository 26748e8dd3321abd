# SPDX-License-Identifier: Apache-2.0
"""Scenarios at the edges of what commands can say: fields over their whole ranges, the last legal
and the first illegal extent, every kind of header that is refused, every pair that can hang,
semaphores at their limit.

What a refused command leads to is the answer of models/chiplet.py where an engine refuses it, and
of docs/chiplet.md where the dispatcher does.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator

import numpy as np

from models.chiplet import Chiplet
from models.commands import Command, IllegalCommand, formats
from models.compiler.program import DMA, MACRO0, MOVE, PEER0, SEND, VE
from models.config import Config
from models.errors import AddressError, Code
from tb.chiplet.faults import BEYOND, FETCHER, ZERO, word
from tb.chiplet.random_commands import Commands, Draw
from tb.chiplet.scenario import (
    DISPATCH_ERROR,
    DISPATCH_IDLE,
    DISPATCH_RESETTING,
    ENGINE_RESET,
    LIST_START,
    REFUSED,
    WAIT,
    WATCHDOG_CYCLES,
    Scenario,
    Step,
    Want,
    register,
)

REACH = {20: 16000}  # of all steps in memory, by the width of the stride; else in the stash:
NEAR = 1000
WORK = 5000          # cycles, about, of one command
PAGE = 4096
LIMIT = 255          # of a semaphore
RESET_CYCLES = 1200  # after which the quick memories have drained


def spread(r: random.Random, top: int) -> int:
    """0 to `top`, every length of number alike, often a power of two."""
    value = r.getrandbits(r.randint(0, top.bit_length()))
    if r.random() < 0.3:
        value = 1 << r.randrange(top.bit_length()) if top else 0
    return min(value, top)


class FarCommands(Commands):
    """Shapes from one beat to the whole stash, more often than not at one of its ends."""

    tries = 5000
    long_rows = 0.2

    def draw(self, name: str) -> Draw:
        most = WORK if self.r.random() < 0.97 else 6 * WORK
        while work(drawn := super().draw(name), self.block) > most:
            pass
        return drawn

    def count(self, width: int, usual: tuple[int, ...]) -> int:
        if self.r.random() < 0.6:
            return super().count(width, usual)
        if width <= 8 and self.r.random() < 0.5:
            return self.r.randrange(1, 1 << width)
        if width == 20 and self.r.random() < 0.5:  # columns: whole sets
            return self.block * self.r.randint(1, self.config.sets)
        return max(1, spread(self.r, (1 << width) - 1))

    def stride(self, count: int, width: int, low: int, high: int) -> int:
        reach = REACH.get(width, self.r.choice((10, 100, 450, NEAR)))
        top = min((1 << width) - 1, reach // max(count - 1, 1))
        if count == 1 or top <= low or self.r.random() < 0.3:
            return super().stride(count, width, low, high)
        return max(low, spread(self.r, top))

    def place(self, extent: int) -> int | None:
        at = self.r.choice((0, self.core.last, self.core.first - extent,
                            self.config.stash_beats - extent))
        inside = 0 <= at and at + extent <= self.config.stash_beats
        clear = at >= self.core.last or at + extent <= self.core.first
        return at if inside and clear and self.r.random() < 0.7 else super().place(extent)


class CrowdCommands(Commands):
    """Macros that start from results and write results, beside engines that never rest."""

    long_rows = 0
    accumulates = 0.9

    def count(self, width: int, usual: tuple[int, ...]) -> int:
        return self.r.choice((1, 2, 3, 5)) if width < 16 else self.r.randint(1, 120)


def work(drawn: Draw, block: int) -> int:
    c = drawn.command
    if c.name == "mac":
        return 8 * c.outer * c.inner * -(-c.cols // (block << c.int4)) * -(-c.depth // block)
    if c.name == "ve":
        return 2 * c.outer * c.inner * -(-4 * c.len // block)
    if c.name == "weights":
        return c.count
    return 2 * c.rows * max(1, c.tiles if c.name in ("column", "row") else c.count)


class FarScenario(Scenario):
    """The memories of the machine begin at a random page, one half of the scenarios at one whose
    number has all the bits that the other half's lack."""

    DRAWS = FarCommands
    LISTS = 20000
    WEIGHTS = {
        "mac": 16, "ve": 2, "load": 4, "store": 4, "weights": 3, "column": 4, "row": 4, "send": 4,
        "sync": 1,
    }

    def __init__(self, config: Config, seed: int) -> None:
        super().__init__(config, seed)
        page = random.Random(seed // 2).getrandbits(32) ^ (0xFFFFFFFF if seed % 2 else 0)
        self.memory_base = page // (PAGE // config.block) * (PAGE // config.block)


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


class CrowdScenario(Scenario):
    DRAWS = CrowdCommands
    WEIGHTS = {"mac": 8, "ve": 2, "load": 3, "store": 1, "weights": 1, "column": 2, "row": 4,
               "send": 4}


# Refused commands

@dataclasses.dataclass(frozen=True)
class Extent:
    """What must be below `limit`: base + sum of (count - 1) * stride + what `tail` adds."""

    limit: str
    base: str
    steps: tuple[tuple[str, str], ...]
    tail: str = ""


STASH, SETS = "stash_beats", "sets"
EXTENTS = {
    "mac": (Extent(STASH, "src", (("outer", "src_outer"), ("inner", "src_inner")), "depth"),
            Extent(STASH, "dst", (("outer", "dst_outer"), ("inner", "dst_inner")), "cols"),
            Extent(SETS, "set", (("cols", "tile_stride"),), "depth")),
    "load": (Extent(STASH, "stash", (("rows", "stash_stride"),), "count"),),
    "store": (Extent(STASH, "stash", (("rows", "stash_stride"),), "count"),),
    "weights": (Extent(SETS, "set", (), "count"),),
    "column": (Extent(STASH, "src", (("rows", "src_outer"), ("tiles", "src_inner"))),
               Extent(SETS, "set", (("pos", "block_stride"), ("tiles", "tile_stride")))),
    "row": (Extent(STASH, "ev", (("tiles", "ev_stride"),), "pos"),
            Extent(SETS, "set", (("pos", "block_stride"), ("tiles", "tile_stride")))),
    "send": (Extent(STASH, "src", (("rows", "src_stride"),), "count"),
             Extent(STASH, "dst", (("rows", "dst_stride"),), "count")),
}


class Refusals:
    """Commands that one chiplet must refuse."""

    def __init__(self, scenario: Scenario, chiplet: int) -> None:
        self.s, self.c, self.r = scenario, chiplet, scenario.r
        self.config = scenario.config
        self.queues = MACRO0 + self.config.n_macros
        memory = np.zeros((16, self.config.block), np.uint8)
        self.scratch = Chiplet(self.config, chiplet, memory)

    def queue(self, name: str) -> int:
        queues = {"mac": MACRO0 + self.r.randrange(self.config.n_macros), "ve": VE, "send": SEND,
                  "column": MOVE, "row": MOVE}
        return queues.get(name, DMA)

    def small(self, name: str) -> Command:
        """A legal command of one beat."""
        values = dict.fromkeys(ZERO[name], 1)
        if name == "send":
            values["peers"] = 1 << 1 - self.c
        return Command(name, self.queue(name), values)

    def code(self, c: Command) -> Code:
        """What an engine says to a command that does no harm to an empty chiplet."""
        try:
            self.scratch.send(c) if c.name == "send" else self.scratch.execute(c)
        except IllegalCommand:
            return Code.ILLEGAL
        except AddressError:
            return Code.ADDRESS
        return Code.NONE

    def beyond(self) -> tuple[Command, Code] | None:
        """An extent that ends just behind the limit, or at a power of two above it."""
        r, config = self.r, self.config
        c = self.small(r.choice(list(EXTENTS)))
        extent = r.choice(EXTENTS[c.name])
        fields = formats()[c.name].fields
        limit = getattr(config, extent.limit)
        power = 1 << r.randint(limit.bit_length(), 26)
        last = r.choice((limit, limit, power, power, power, limit + spread(r, 1 << 24)))
        unit = {"depth": config.block, "cols": config.block, "pos": config.block}
        left = last
        for count, stride in extent.steps:
            if r.random() < 0.6:
                n = 1 + spread(r, min((1 << fields[count].width) // unit.get(count, 1) - 1, left))
                step = min(left // max(n - 1, 1), (1 << fields[stride].width) - 1)
                c.values[count], c.values[stride] = max(1, (n - 1) * unit.get(count, 1) + 1), step
                left -= (n - 1) * step
        if extent.tail and r.random() < 0.5 and c.values.get(extent.tail, 0) <= 1:
            each = {"cols": config.lanes}.get(extent.tail, unit.get(extent.tail, 1))
            if c.name == "weights":
                each = config.block
            n = spread(r, min(left, (1 << fields[extent.tail].width) // each - 1))
            c.values[extent.tail] = n * each + 1
            left -= n
        if left >> fields[extent.base].width:
            return None
        c.values[extent.base] = left
        code = self.code(c)
        return (c, code) if code != Code.NONE else None

    def zeros(self) -> Iterator[tuple[Command, Code]]:
        """Each count that must not be 0, and peers that are none."""
        for name, fields in ZERO.items():
            for field in fields:
                c = self.small(name)
                c.values[field] = 0
                yield c, Code.ILLEGAL
        for peers in range(1 << 8):
            if peers != 1 << 1 - self.c and self.r.random() < 0.1:
                c = self.small("send")
                c.values["peers"] = peers
                yield c, Code.ILLEGAL
        for _ in range(20):
            c = self.small("send")
            first = self.r.randrange(16)
            c.values.update(remote_first=first, remote_count=self.r.randint(1, 15))
            if first + c.remote_count > self.queues:
                yield c, Code.ILLEGAL

    def headers(self) -> Iterator[bytes]:
        """What the dispatcher does not take: opcodes, queues, ranges, reserved bits."""
        r = self.r
        opcodes = defaultdict(lambda: {0, 1}, {DMA: {0, 1, 2, 3}, MOVE: {0, 1, 2}})
        for queue in range(16):
            for opcode in range(15):
                if queue >= self.queues and r.random() < 0.2 or \
                        queue < self.queues and opcode not in opcodes[queue]:
                    yield word(Command("sync", queue), opcode=opcode)
        have = {*range(self.queues), PEER0, PEER0 + 1}
        for first in range(32):
            count = next((n for n in range(1, 16) if not {*range(first, first + n)} <= have), 0)
            for n in {count, r.randint(count, 15), r.randint(count, 15)} if count else ():
                yield word(Command("sync", r.randrange(self.queues)), wait_first=first,
                           wait_count=n)
        for first in range(16):
            least = max(1, self.queues - first + 1)
            for n in {least, r.randint(least, 15)}:
                yield word(Command("sync", r.randrange(self.queues)), signal_first=first,
                           signal_count=n)
        for name in ("sync", *ZERO):
            used = formats()[name].used_bits
            command = Command("sync", r.randrange(self.queues)) if name == "sync" else \
                self.small(name)
            bits = range(used, 256) if name == "sync" else [
                used, 255, *(r.randint(used, 255) for _ in range(4))] if used < 256 else ()
            for bit in bits:
                yield word(command, reserved=bit)

    def second(self) -> None:
        """An error behind the first one: a load that finds no memory, while another is refused."""
        s, c = self.s, self.c
        core = s.commands[c].core
        load = Command("load", DMA, {"mem": BEYOND, "rows": 1, "count": 400,
                                     "stash": 0 if core.first >= 400 else core.last})
        bad = Command("mac", MACRO0, {})
        s.begin(c, Step({}, whole=False, title="two errors"))
        s.push(c, load.encode())
        s.push(c, bad.encode())
        s.script[c] += [WAIT, RESET_CYCLES]
        error(s, c, Code.ILLEGAL, MACRO0, 0, formats()["mac"].opcode)

    def numbered(self) -> None:
        """A list with a bad header behind some commands of all queues."""
        s, c, r = self.s, self.c, self.r
        syncs = [Command("sync", r.randrange(self.queues)) for _ in range(r.randrange(120))]
        queue = r.randrange(self.queues)
        bad = word(Command("sync", queue), reserved=r.randrange(26, 256))
        want = completions(syncs)
        s.begin(c, Step(want, whole=False, title="a bad header in a list"))
        raw = b"".join(x.encode() for x in syncs) + bad + Command("end", 0).encode()
        s.start(c, raw, [0] * 16)
        error(s, c, Code.ILLEGAL, queue, 0, 0, len(want[queue]))

    def add(self, count: int) -> None:
        """A step with every bad header and `count` commands that engines refuse."""
        cases = [(raw, Code.ILLEGAL) for raw in self.headers()]
        cases += [(c.encode(), code) for c, code in self.zeros()]
        while count:
            if found := self.beyond():
                cases.append((found[0].encode(), found[1]))
                count -= 1
        self.r.shuffle(cases)
        s, c = self.s, self.c
        reset(s, c)
        s.begin(c, Step({}, whole=False, title="refused commands"))
        for raw, code in cases:
            words = np.frombuffer(raw, "<u4").tolist()
            shown = code | (raw[0] >> 4) << 4 | (raw[0] & 15) << 14
            s.script[c] += [REFUSED, *words, shown, 0]
        self.second()
        for _ in range(20):
            self.numbered()
        s.tell(c)
        s.initialise([c])


# Hangs

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


# Semaphores

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
