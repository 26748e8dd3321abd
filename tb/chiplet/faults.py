# SPDX-License-Identifier: Apache-2.0
"""Bad input within random lists: what the machine must say, and how it is brought back.

`inject` adds a step to a scenario in which one chiplet gets a list that must end in an error. Until
then commands may complete, each with the signature of the simulator and none that the fault must
have kept from starting. The firmware waits for the interrupt (or the state), holds code, queue,
producer, opcode and sequence number against those of docs/chiplet.md, resets the engines and tells
the other chiplet. Stash and weights hold parts of commands then, so they are written anew.
"""

from __future__ import annotations

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable

from models.commands import BYTES, Command, decode, formats
from models.compiler.program import DMA, MACRO0, MOVE, PEER0, SEND, VE, Program
from models.errors import Code
from tb.chiplet.scenario import (
    DISPATCH_ERROR,
    DISPATCH_RESETTING,
    ENGINE_RESET,
    LINE_ERROR,
    LIST_START,
    NOTIFY_CLEAR,
    WAIT,
    WATCHDOG_CYCLES,
    Scenario,
    Step,
    Want,
    pieces,
    register,
)

FETCHER = 31
LOCAL = ("mac", "mac", "ve", "ve", "load", "weights", "column", "row", "sync")  # no lasting effects
LONGEST_COMMAND = 6000  # cycles, and more than any of these takes
BEYOND = 0x0F00_0000  # beats that no memory has


@dataclasses.dataclass
class Fault:
    """What must be reported for a list. `extra`: commands put in at one place of the list; if they
    complete they have records, `dead` queues end there. `nothing_later`: what stands behind is
    never queued."""

    code: Code
    queue: int
    producer: int = 0
    opcode: int = 0
    sequence: int | None = None  # None: as many commands of the queue stand before it
    extra: list[bytes] = dataclasses.field(default_factory=list)
    completes: bool = False
    dead: tuple[int, ...] = ()
    nothing_later: bool = False


def word(c: Command, **changes: int) -> bytes:
    """The command with header fields changed, legal or not; `reserved` sets that bit."""
    value = int.from_bytes(c.encode(), "little")
    if "reserved" in changes:
        value |= 1 << changes.pop("reserved")
    for name, new in changes.items():
        field = formats()["sync"].fields[name]
        value = value & ~(((1 << field.width) - 1) << field.lsb) | new << field.lsb
    return value.to_bytes(BYTES, "little")


ZERO = {
    "mac": ("cols", "depth", "outer", "inner"), "ve": ("outer", "inner", "len"),
    "load": ("rows", "count"), "store": ("rows", "count"), "weights": ("count",),
    "column": ("rows", "tiles"), "row": ("rows", "tiles"), "send": ("rows", "peers"),
}
RESERVED = {"scale": (3,), "bin": (5, 6, 7), "fn": (3, 4, 5, 6, 7), "reduce": (5, 6, 7)}


def nothing_owed(before: list[Command], queues: tuple[int, ...]) -> bool:
    """Whether after these commands the given queues have taken all that they signalled each other:
    a wait put in here then finds nothing."""
    owed = Counter()
    for c in before:
        owed.update((c.queue, q) for q in range(c.signal_first, c.signal_first + c.signal_count))
        owed.subtract((p, c.queue) for p in range(c.wait_first, c.wait_first + c.wait_count))
    return not any(owed[p, q] for p in queues for q in queues)


class Injector:
    """Makes the faults of one chiplet of a scenario."""

    def __init__(self, scenario: Scenario, chiplet: int) -> None:
        self.s, self.c, self.r = scenario, chiplet, scenario.r
        self.draws = scenario.commands[chiplet]
        self.queues = MACRO0 + scenario.config.n_macros
        self.kinds: dict[str, Callable[[], Fault]] = {
            "opcode": self.no_opcode, "reserved": self.reserved_bit, "queue": self.no_queue,
            "producer": self.no_producer, "consumer": self.no_consumer, "zero": self.zero,
            "beyond": self.beyond, "overflow": self.overflow, "hung_queue": self.hung_queue,
            "hung_peer": self.hung_peer, "hung_circle": self.hung_circle,
        }

    def legal(self, *names: str) -> Command:
        """A legal command; the fault goes before all that it would do."""
        c = self.draws.draw(self.r.choice(names or tuple(ZERO))).command
        values = {**c.values, "wait_first": 0, "signal_first": 0}
        if c.name == "send":
            values["peers"] = 1 << 1 - self.c
        return Command(c.name, c.queue, values)

    def refused(self, raw: bytes) -> Fault:
        """A command that the dispatcher does not take."""
        field = formats()["sync"].fields
        take = int.from_bytes(raw, "little")
        queue, opcode = ((take >> field[n].lsb) & 15 for n in ("queue", "opcode"))
        return Fault(Code.ILLEGAL, queue, 0, opcode, 0 if queue >= self.queues else None, [raw],
                     dead=(queue,), nothing_later=True)

    def no_opcode(self) -> Fault:
        queue = self.r.randrange(self.queues)
        kind = min(queue, MACRO0)
        known = {VE: (1,), DMA: (1, 2, 3), MOVE: (1, 2), SEND: (1,), MACRO0: (1,)}[kind]
        opcode = self.r.choice([n for n in range(1, 15) if n not in known])
        return self.refused(word(Command("sync", queue), opcode=opcode))

    def reserved_bit(self) -> Fault:
        names = [n for n in ZERO if formats()[n].used_bits < 256]
        c = self.legal(*names)
        return self.refused(word(c, reserved=self.r.randrange(formats()[c.name].used_bits, 256)))

    def no_queue(self) -> Fault:
        return self.refused(word(self.legal(), queue=self.r.randrange(self.queues, 16)))

    def no_producer(self) -> Fault:
        first = self.r.choice((self.queues, 15, PEER0 + 2, 31, self.queues - 1))
        count = 2 if first == self.queues - 1 else self.r.randint(1, 3)
        return self.refused(word(self.legal(), wait_first=first, wait_count=count))

    def no_consumer(self) -> Fault:
        first = self.r.choice((0, self.queues - 1, self.queues, 15))
        count = self.r.randint(max(1, self.queues - first + 1), 15)
        return self.refused(word(self.legal(), signal_first=first, signal_count=count))

    def by_engine(self, c: Command, code: Code) -> Fault:
        return Fault(code, c.queue, 0, formats()[c.name].opcode, None, [c.encode()],
                     dead=(c.queue,))

    def zero(self) -> Fault:
        c = self.legal()
        choices = [(name, 0) for name in ZERO[c.name]]
        if c.name == "ve":
            choices += [(name, v) for name, values in RESERVED.items() for v in values]
        name, value = self.r.choice(choices)
        c.values[name] = value
        return self.by_engine(c, Code.ILLEGAL)

    def beyond(self) -> Fault:
        config, c = self.s.config, self.legal()
        top = self.r.choice((config.stash_beats, 0xFFFF, config.stash_beats + 1))
        sets = self.r.choice((config.sets, 4095))
        macro = self.r.randrange(config.n_macros, 16)
        choices = {
            "mac": [("src", top), ("dst", top), ("set", sets)],
            "ve": [("a", top)],
            "load": [("stash", top)], "store": [("stash", top)],
            "weights": [("set", sets), ("macro", macro), ("index", config.block)],
            "column": [("src", top), ("set", sets), ("macro", macro)],
            "row": [("src", top), ("set", sets), ("macro", macro), ("ev", top)],
            "send": [("src", top), ("dst", top)],
        }[c.name]
        if c.name == "send" and c.count == 0:
            c.values["count"] = 1
        if c.name == "ve":
            choices += [("b", top)] if c.bin or c.fold else []
            choices += [("d", top)] if c.out else []
            if c.scale and (c.outer * c.inner if c.s_row else c.outer) > 1 and not (
                    1 <= c.reduce <= 3):
                choices.append(("s_src", 1023))
        name, value = self.r.choice(choices)
        c.values[name] = value
        return self.by_engine(c, Code.ADDRESS)

    def overflow(self) -> Fault:
        """256 signals to MOVE, which has no command that waits for them."""
        queue = self.r.choice([q for q in range(self.queues) if q != MOVE])
        sync = Command("sync", queue, {"signal_first": MOVE, "signal_count": 1}).encode()
        return Fault(Code.OVERFLOW, MOVE, queue, 0, 0, [sync] * 256, completes=True)

    def hung(self, queue: int, producer: int, extra: dict[int, int]) -> Fault:
        commands = [Command("sync", q, {"wait_first": p, "wait_count": 1}).encode()
                    for q, p in extra.items()]
        return Fault(Code.HUNG, queue, producer, 0, None, commands, dead=tuple(extra))

    def hung_queue(self) -> Fault:
        queue = self.r.choice([q for q in range(self.queues) if q != MOVE])
        return self.hung(queue, MOVE, {queue: MOVE})

    def hung_peer(self) -> Fault:
        queue, peer = self.r.randrange(self.queues), PEER0 + 1 - self.c
        return self.hung(queue, peer, {queue: peer})

    def hung_circle(self) -> Fault:
        """The circle's first queue is that with the lowest number of all, so it is named."""
        other = self.r.choice([q for q in range(self.queues) if q not in (VE, SEND)])
        return self.hung(VE, other, {VE: other, other: VE})

    def names(self, kind: str) -> list[str]:
        """Commands of the list around the fault."""
        idle_move = kind in ("overflow", "hung_queue")
        return [n for n in LOCAL if not (idle_move and n in ("column", "row", "sync"))]

    # Steps

    def inject(self, kind: str, count: int = 30) -> None:
        """A step of one of KINDS with about `count` commands, and all until lists can run again."""
        s, c = self.s, self.c
        made, base = Program(dataclasses.replace(s.config, n_chiplets=1)), s.bases()
        self.draws.results.clear()
        bases = [base] * s.config.n_chiplets
        place = self.r.randrange(count)
        bad = None
        if kind == "conflict":
            bad = self.conflict(made)
        for n in range(0 if kind == "conflict" else count):
            if kind == "memory" and n == place:
                bad = self.beyond_memory(made)
            # The program knows this chiplet as its only one, number 0.
            s.add(made, 0, self.r.choice(self.names(kind)), bases, owner=c)
        raw = made.finish()[0]
        commands = [raw[at : at + BYTES] for at in range(0, len(raw), BYTES)]
        every = [decode(b) for b in commands]
        limit, address = 0, None
        if bad is not None:
            at = next(i for i, d in enumerate(every) if d.name == bad.name and all(
                d.values.get(n, 0) == v for n, v in bad.values.items()
                if n not in formats()["sync"].fields))
            code = Code.CONFLICT if kind == "conflict" else Code.MEMORY
            fault = Fault(code, bad.queue, 0, formats()[bad.name].opcode, dead=(bad.queue,))
            # The simulator passes it over.
            header = {n: v for n, v in every[at].values.items() if n in formats()["sync"].fields}
            every[at] = Command("sync", bad.queue, header)
        elif kind in ("runaway", "list_memory", "busy"):
            at = len(every) if kind == "busy" else 0
            if kind == "runaway":
                at = self.r.randint(1, len(every) - 1)
                limit = at * BYTES // s.config.block
            if kind == "list_memory":
                address = BEYOND
            code = {"runaway": Code.IMAGE, "list_memory": Code.MEMORY, "busy": Code.ILLEGAL}[kind]
            fault = Fault(code, FETCHER, sequence=0, nothing_later=True)
        else:
            fault = self.kinds[kind]()
            at = self.r.choice([n for n in range(len(every) - 1)
                                if nothing_owed(every[:n], fault.dead)])
        records = s.execute({c: [d.relocate(base) for d in every if d.name != "end"]})[c]
        want = s.wants(b"".join(d.encode() for d in every), records)
        want, index = self.until(fault, every, want, at)
        s.begin(c, Step(want, whole=False, title=f"fault: {kind}"))
        commands[at:at] = fault.extra
        data = b"".join(commands)
        pushed = at + 1 if fault.nothing_later and fault.extra and at < 5 else 0
        s.start(c, data, base, pushed, limit, address)
        if kind == "busy":
            s.store(c, register("CONTROL"), LIST_START)
        if fault.code == Code.HUNG:
            s.store(c, register("WATCHDOG"), LONGEST_COMMAND)
        s.traffic(c, self.r.choice((0, 5)))
        sequence = fault.sequence
        if sequence is None:
            sequence = s.sequence[c][fault.queue] + index[fault.queue]
        self.recover(fault, sequence & 0xFFFF)

    def until(self, fault: Fault, every: list[Command], want: dict[int, list[Want]],
              at: int) -> tuple[dict[int, list[Want]], Counter]:
        """Records that may come, and the commands of each queue before place `at`."""
        index = Counter(d.queue for d in every[:at])
        out: dict[int, list[Want]] = defaultdict(list)
        for queue, listed in want.items():
            cut = fault.nothing_later or queue in fault.dead
            out[queue] = listed[: index[queue]] if cut else list(listed)
        if fault.completes:
            c = decode(fault.extra[0])
            k = index[c.queue]
            out[c.queue][k:k] = [Want(0, 0, c)] * len(fault.extra)
        return out, index

    def beyond_memory(self, made: Program) -> Command:
        """A load or weights from beats that do not exist; what it writes is undefined."""
        drawn = self.draws.draw(self.r.choice(("load", "weights")))
        drawn.command.values["mem"] = BEYOND + self.draws.any(20)
        made.add(0, DMA, drawn.command, pieces(drawn.reads), pieces(drawn.writes))
        return drawn.command

    def conflict(self, made: Program) -> Command:
        """A write to a set that a long `mac` still reads, by DMA or MOVE."""
        block, core = self.s.config.block, self.draws.core
        low = core.last if core.first < 512 else 0
        macro, first = self.r.randrange(self.s.config.n_macros), self.r.randrange(40)
        made.add(0, MACRO0 + macro, Command("mac", MACRO0 + macro, {
            "src": low, "dst": low + 200, "set": first, "cols": 2 * block, "depth": 16 * block,
            "outer": 12, "inner": 1, "tile_stride": 16, "src_outer": 5, "dst_outer": 8}))
        load = made.add(0, DMA, Command("load", DMA, {
            "stash": low + 300, "rows": 4, "count": 100}))  # the mac is in its second row then
        values = {"set": first + self.r.randrange(32), "macro": macro}
        if self.r.random() < 0.5:
            bad = Command("weights", DMA, {**values, "count": 1, "mem": 0})
            made.add(0, DMA, bad)
        else:
            name = self.r.choice(("column", "row"))
            bad = Command(name, MOVE, {**values, "rows": 1, "tiles": 1, "src": low,
                                       "ev": low + 400})
            made.add(0, MOVE, bad, after=[load])
        return bad

    def recover(self, fault: Fault, sequence: int) -> None:
        s, c = self.s, self.c
        if self.r.random() < 0.5:
            s.sleep(c, LINE_ERROR)
        else:
            s.poll(c, register("DISPATCH"), DISPATCH_ERROR, DISPATCH_ERROR)
        # What is under way goes on and may not change the first error.
        for wait in (0, self.r.choice((0, 50))):
            s.script[c] += [WAIT, wait + 1]
            s.check(c, register("ERROR"), fault.code | fault.queue << 4 | fault.producer << 9
                    | fault.opcode << 14)
            s.check(c, register("ERROR_SEQUENCE"), sequence)
        s.store(c, register("CONTROL"), ENGINE_RESET | NOTIFY_CLEAR)
        s.poll(c, register("DISPATCH"), 0, DISPATCH_ERROR | DISPATCH_RESETTING)
        s.check(c, register("ERROR"), 0)
        s.store(c, register("WATCHDOG"), WATCHDOG_CYCLES)
        s.sequence[c].clear()
        s.tell(c)
        s.initialise([c])


SPECIAL = ("memory", "conflict", "runaway", "list_memory", "busy")
KINDS = (
    "opcode", "reserved", "queue", "producer", "consumer", "zero", "beyond", "overflow",
    "hung_queue", "hung_peer", "hung_circle", *SPECIAL,
)
