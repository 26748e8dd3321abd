# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of dispatcher, list fetcher and command front.

Python plays memory, engines and peers. `Program` makes random lists whose waits can be satisfied
in list order; the checks follow the rules of docs/architecture.md (Queues and commands), with
counters of their own.
"""

from __future__ import annotations

import random
from collections import Counter, deque

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from models import commands
from models.commands import Command
from models.errors import Code
from tb.common.clock import reset, rng, start

N_MACROS, N_CHIPLETS, OWN = 2, 3, 1
QUEUES = 4 + N_MACROS
PEERS = [16 + p for p in range(N_CHIPLETS) if p != OWN]
KINDS = {0: ["ve"], 1: ["load", "store", "weights"], 2: ["column", "row"], 3: ["send"]}


def random_command(r: random.Random, queue: int, waits=(0, 0), signals=(0, 0)) -> Command:
    """A command with every field at random; the machine under test looks at the header only."""
    name = "sync" if r.random() < 0.15 else r.choice(KINDS.get(queue, ["mac"]))
    header = commands.formats()["sync"].fields
    values, bases = {}, {}
    for field in commands.formats()[name].fields.values():
        if field.name not in header:
            values[field.name] = r.getrandbits(field.width)
            if field.base_lsb is not None and r.random() < 0.5:
                bases[field.name] = r.randrange(16)
    values.update(
        wait_first=waits[0], wait_count=waits[1], signal_first=signals[0], signal_count=signals[1],
        notify=int(r.random() < 0.2),
    )
    return Command(name, queue, values, bases)


def waited(command: Command) -> list[int]:
    """Producers that the command waits for."""
    return [p for p in range(command.wait_first, command.wait_first + command.wait_count)
            if p != 16 + OWN]


class Program:
    """A random list and the packets that come in from peers while it runs."""

    def __init__(self, r: random.Random, length: int) -> None:
        self.list: list[Command] = []
        self.packets: dict[int, list[tuple[int, int, int]]] = {p: [] for p in PEERS}
        tokens: Counter = Counter()  # (producer, consumer): signals not yet waited for
        for _ in range(length):
            if r.random() < 0.2:
                peer = r.choice(PEERS)
                first = r.randrange(QUEUES)
                count = r.randint(0, QUEUES - first)
                self.packets[peer].append((first, count, r.getrandbits(32)))
                tokens.update((peer, c) for c in range(first, first + count))
            queue = r.randrange(QUEUES)
            tokens[16 + OWN, queue] = 1  # passed over, never missing
            ranges = [(p, n) for p in range(19) for n in range(1, 5)
                      if all(tokens[i, queue] for i in range(p, p + n))]
            waits = r.choice(ranges) if ranges and r.random() < 0.7 else (0, 0)
            first = r.randrange(QUEUES)
            signals = (first, r.randint(0, QUEUES - first) if r.random() < 0.7 else 0)
            command = random_command(r, queue, waits, signals)
            tokens.subtract((p, queue) for p in waited(command))
            tokens.update((queue, c) for c in range(first, first + signals[1]))
            self.list.append(command)


class Bench:
    """The machine's surroundings; `run` must be awaited for a time to pass."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.block = len(dut.rsp_data) // 8
        self.memory: dict[int, bytes] = {}
        self.bad_beats: set[int] = set()
        self.base = [0, *(self.r.getrandbits(32) for _ in range(15))]
        self.expected: list[deque[Command]] = [deque() for _ in range(QUEUES)]  # per queue
        self.engine: list[deque] = [deque() for _ in range(QUEUES)]  # (command, when, signature)
        self.finished: list[list[tuple[int, int]]] = [[] for _ in range(QUEUES)]  # (opcode, sig)
        self.arrived: dict[int, list[int]] = {p: [] for p in PEERS}
        self.packets: dict[int, deque] = {p: deque() for p in PEERS}
        self.on_offer: dict[int, tuple | None] = dict.fromkeys(PEERS)
        self.tokens: Counter = Counter()
        self.records: list[tuple[int, int, int, int]] = []
        self.notified = 0
        self.asked: deque = deque()
        self.list_end = 1 << 32
        self.status: dict[int, int] = {}  # queue -> status of its next completion
        self.stall, self.hold = 0.3, set()  # queues in hold never complete
        self.pushes: deque[Command] = deque()
        self.cycle = 0

    async def begin(self) -> None:
        d = self.dut
        for name in ("start", "address", "max_beats", "cancel", "rd_ready", "rsp_valid", "rsp_err",
                     "rsp_data", "push_valid", "push_cmd", "cmd_ready", "done_valid", "rx_valid",
                     "done_signature", "done_status", "rx_first", "rx_count", "rx_signature",
                     "rx_status", "watchdog_limit"):
            getattr(d, name).value = 0
        d.chiplet_id.value = OWN
        # Base 0 is 0 whatever the port holds.
        d.base.value = sum(b << 32 * i for i, b in enumerate(self.base)) | self.r.getrandbits(32)
        await start(d)
        cocotb.start_soon(self._cycles())

    def put(self, beat: int, program: list[Command], end: bool = True) -> int:
        """Place a list in memory; its length in beats."""
        raw = b"".join(c.encode() for c in program)
        if end:
            raw += Command("end", 0).encode()
        raw += b"\xff" * (-len(raw) % self.block)
        for i in range(0, len(raw), self.block):
            self.memory[beat + i // self.block] = raw[i : i + self.block]
        return len(raw) // self.block

    def expect(self, program: list[Command]) -> None:
        for c in program:
            self.expected[c.queue].append(c)

    async def start_list(self, beat: int, limit: int) -> None:
        d = self.dut
        self.list_end = beat + limit
        d.address.value, d.max_beats.value, d.start.value = beat, limit, 1
        await RisingEdge(d.clk)
        d.start.value = 0

    def _relocated(self, c: Command) -> int:
        """The command as an engine sees it: base numbers stay, fields are moved."""
        moved = c.relocate(self.base)
        return int.from_bytes(Command(c.name, c.queue, moved.values, c.bases).encode(), "little")

    def _consume(self, c: Command) -> None:
        for p in waited(c):
            assert self.tokens[p, c.queue] > 0, f"{c} started, nothing from {p}"
            self.tokens[p, c.queue] -= 1

    def _complete(self, c: Command, signature: int) -> None:
        self.finished[c.queue].append((commands.formats()[c.name].opcode, signature))
        self.notified += c.notify
        for consumer in range(c.signal_first, c.signal_first + c.signal_count):
            self.tokens[c.queue, consumer] += 1

    def _syncs(self, queue: int) -> None:
        """A sync completes, unseen, once it is first in its queue and nothing is in flight.

        The design may do so later than this; only what follows from it is checked.
        """
        while (self.expected[queue] and self.expected[queue][0].name == "sync"
               and not self.engine[queue]):
            c = self.expected[queue][0]
            if any(self.tokens[p, queue] <= 0 for p in waited(c)):
                return
            self.expected[queue].popleft()
            self._consume(c)
            self._complete(c, 0)

    async def _cycles(self) -> None:
        d, r = self.dut, self.r
        ready, offers, done, stalls = 0, 0, [], 0
        while True:
            await RisingEdge(d.clk)
            self.cycle += 1
            if d.rst.value == 1:
                done, d.done_valid.value = [], 0
                continue
            # What this edge sees: completions and packets before new starts.
            for queue, c, signature in done:
                if not self.status.get(queue):
                    self._complete(c, signature)
            taken = int(d.cmd_valid.value) & ready
            words = str(d.cmd.value) if taken else ""  # other queues' slices may be X
            for p in PEERS:
                if offers >> (p - 16) & 1 and int(d.rx_ready.value) >> (p - 16) & 1:
                    first, count, signature = self.on_offer[p]
                    self.tokens.update((p, c) for c in range(first, first + count))
                    self.arrived[p].append(signature)
                    self.on_offer[p] = None
            for queue in range(QUEUES):
                self._syncs(queue)
                if taken >> queue & 1:
                    end = len(words) - 256 * queue
                    word = int(words[end - 256 : end], 2)
                    assert self.expected[queue], f"queue {queue}: unexpected command {word:#x}"
                    c = self.expected[queue].popleft()
                    assert word == self._relocated(c), f"queue {queue}: {word:#x} is not {c}"
                    self._consume(c)
                    when = self.cycle + r.choice((1, 2, 5, 20))
                    self.engine[queue].append((c, when, r.getrandbits(32)))
            if d.trace_valid.value == 1:
                self.records.append(tuple(int(getattr(d, f"trace_{n}").value) for n in (
                    "queue", "opcode", "sequence", "signature")))
            # Memory
            if d.rd_valid.value == 1 and d.rd_ready.value == 1:
                first = int(d.rd_addr.value)
                assert first + int(d.rd_beats.value) <= self.list_end, "reads beyond the limit"
                self.asked.extend(range(first, first + int(d.rd_beats.value)))
            if d.rsp_valid.value == 1:
                assert d.rsp_ready.value == 1, "the fetcher stalls the shared read channel"
                self.asked.popleft()
                d.rsp_valid.value = 0
                stalls = 0
            if self.asked and (stalls or r.random() > self.stall):
                stalls = 1
                beat = self.asked[0]
                raw = self.memory.get(beat, b"\xee" * self.block)
                d.rsp_valid.value, d.rsp_err.value = 1, int(beat in self.bad_beats)
                d.rsp_data.value = int.from_bytes(raw, "little")
            d.rd_ready.value = int(r.random() > self.stall)
            # Core
            if d.push_valid.value == 1 and d.push_ready.value == 1:
                self.pushes.popleft()
                d.push_valid.value = 0
            if self.pushes:
                d.push_valid.value = 1
                d.push_cmd.value = int.from_bytes(self.pushes[0].encode(), "little")
            # Engines and peers
            done, signatures, statuses, pulses = [], 0, 0, 0
            for queue, flight in enumerate(self.engine):
                if flight and flight[0][1] <= self.cycle and queue not in self.hold:
                    c, _, signature = flight.popleft()
                    done.append((queue, c, signature))
                    pulses |= 1 << queue
                    signatures |= signature << 32 * queue
                    statuses |= self.status.get(queue, 0) << 4 * queue
            d.done_valid.value, d.done_signature.value = pulses, signatures
            d.done_status.value = statuses
            ready = sum(int(r.random() > self.stall) << q for q in range(QUEUES))
            d.cmd_ready.value = ready
            offers = firsts = counts = sums = 0
            for p in PEERS:
                if self.on_offer[p] is None and self.packets[p] and r.random() > self.stall:
                    self.on_offer[p] = self.packets[p].popleft()
                if self.on_offer[p] is not None:
                    first, count, signature = self.on_offer[p]
                    offers |= 1 << (p - 16)
                    firsts |= first << 4 * (p - 16)
                    counts |= count << 4 * (p - 16)
                    sums |= signature << 32 * (p - 16)
            d.rx_valid.value, d.rx_signature.value = offers, sums
            d.rx_first.value, d.rx_count.value = firsts, counts

    async def finish(self, cycles: int) -> None:
        """Wait until the machine is idle, then check that all was done and recorded."""
        d = self.dut
        quiet = 0
        for _ in range(cycles):
            await RisingEdge(d.clk)
            assert d.error_valid.value == 0, self.error()
            idle = (d.queue_idle.value == (1 << QUEUES) - 1 and d.list_busy.value == 0
                    and not any(self.packets.values()) and not any(self.on_offer.values()))
            quiet = quiet + 1 if idle else 0
            if quiet == 8:
                break
        else:
            raise AssertionError(f"not idle after {cycles} cycles: {self.expected}")
        assert not any(self.expected), f"never started: {self.expected}"
        want = [(q, o, i, s) for q in range(QUEUES) for i, (o, s) in enumerate(self.finished[q])]
        want += [(p, 1, i, s) for p in PEERS for i, s in enumerate(self.arrived[p])]
        extra, lost = Counter(self.records) - Counter(want), Counter(want) - Counter(self.records)
        assert not extra and not lost, f"records not expected {extra}, missing {lost}"
        for queue in {r[0] for r in self.records}:
            numbers = [r[2] for r in self.records if r[0] == queue]
            assert numbers == sorted(numbers), f"records of queue {queue} out of order: {numbers}"
        total = sum(s for q, _, _, s in want if q < 16) & 0xFFFFFFFF
        assert int(d.signature_sum.value) == total

    def error(self) -> dict[str, int]:
        names = ("valid", "code", "queue", "producer", "opcode", "sequence")
        return {n: int(getattr(self.dut, f"error_{n}").value) for n in names}

    async def error_within(self, cycles: int) -> dict[str, int]:
        for _ in range(cycles):
            await RisingEdge(self.dut.clk)
            if self.dut.error_valid.value == 1:
                return self.error()
        raise AssertionError(f"no error within {cycles} cycles")


@cocotb.test()
async def random_lists(dut) -> None:
    """Lists with waits, signals, packets and relocation run to their end, in the right order."""
    b = Bench(dut, "random_lists")
    await b.begin()
    counted = []
    cocotb.start_soon(count_pulses(dut, dut.notify, counted))
    for stall in (0.0, 0.3, 0.8):
        b.stall = stall
        program = Program(b.r, 60)
        b.expect(program.list)
        for p in PEERS:
            b.packets[p].extend(program.packets[p])
        start_beat = b.r.randrange(1 << 20)
        length = b.put(start_beat, program.list)
        await b.start_list(start_beat, length)
        await b.finish(60 * 300)
    assert len(counted) == b.notified


@cocotb.test()
async def pushes_beside_a_list(dut) -> None:
    """Commands of the core go in among those of a list, each once."""
    b = Bench(dut, "pushes_beside_a_list")
    await b.begin()
    for stall in (0.0, 0.3, 0.8):
        b.stall = stall
        listed = [random_command(b.r, b.r.randrange(3)) for _ in range(30)]
        pushed = [random_command(b.r, b.r.randrange(3, QUEUES)) for _ in range(20)]
        b.expect(listed + pushed)
        at = b.r.randrange(1 << 20)
        await b.start_list(at, b.put(at, listed))
        b.pushes.extend(pushed)
        await b.finish(50 * 300)


async def count_pulses(dut, signal, counted: list) -> None:
    while True:
        await RisingEdge(dut.clk)
        if signal.value == 1:
            counted.append(1)


@cocotb.test()
async def core_pushes(dut) -> None:
    """The same commands through the core's port."""
    b = Bench(dut, "core_pushes")
    await b.begin()
    program = Program(b.r, 40)
    b.expect(program.list)
    for p in PEERS:
        b.packets[p].extend(program.packets[p])
    b.pushes.extend(program.list)
    for _ in range(20000):
        await RisingEdge(dut.clk)
        if not b.pushes:
            break
    await b.finish(20000)


@cocotb.test()
async def start_latency(dut) -> None:
    """Without stalls a signal lets its consumer start in the next cycle."""
    b = Bench(dut, "start_latency")
    b.stall = -1.0
    await b.begin()
    chain = [Command("mac", 4, {"signal_first": 5, "signal_count": 1}),
             Command("mac", 5, {"wait_first": 4, "wait_count": 1})]
    b.expect(chain)
    await b.start_list(7, b.put(7, chain))
    seen = {}
    for cycle in range(200):
        await RisingEdge(dut.clk)
        if dut.done_valid.value == 1 << 4:
            seen["done"] = cycle
        if int(dut.cmd_valid.value) >> 5 & 1:
            seen.setdefault("start", cycle)
    assert seen["start"] - seen["done"] == 1, seen
    await b.finish(100)


@cocotb.test()
async def hung(dut) -> None:
    """A wait that nobody satisfies is named: queue, first missing producer, command."""
    b = Bench(dut, "hung")
    await b.begin()
    dut.watchdog_limit.value = 300
    program = [Command("mac", 5, {"signal_first": 2, "signal_count": 1}), Command("mac", 5),
               Command("row", 2, {"wait_first": 5, "wait_count": 1}),
               Command("row", 2, {"wait_first": 4, "wait_count": 2})]
    b.expect(program)
    await b.start_list(3, b.put(3, program))
    error = await b.error_within(2000)
    assert error == {"valid": 1, "code": Code.HUNG, "queue": 2, "producer": 4, "opcode": 2,
                     "sequence": 1}, error
    # An engine that never completes waits for itself.
    await recover(b)
    b.hold = {1}
    program = [Command("load", 1, {"rows": 1})]
    b.expect(program)
    await b.start_list(3, b.put(3, program))
    error = await b.error_within(2000)
    assert error == {"valid": 1, "code": Code.HUNG, "queue": 1, "producer": 1, "opcode": 1,
                     "sequence": 0}, error
    # A memory that never answers: the list fetcher.
    await recover(b)
    b.stall = 2.0
    await b.start_list(3, 10)
    error = await b.error_within(2000)
    assert (error["code"], error["queue"], error["producer"]) == (Code.HUNG, 31, 31), error


@cocotb.test()
async def every_limit(dut) -> None:
    """A short list within limits of every length."""
    b = Bench(dut, "every_limit")
    await b.begin()
    for bits in range(3, 32):
        program = [random_command(b.r, b.r.randrange(QUEUES))]
        b.expect(program)
        b.put(5, program)
        await b.start_list(5, 1 << bits)
        await b.finish(500)


@cocotb.test()
async def cancelled(dut) -> None:
    """A list that stands still, its queues being full, ends with cancel; the next one runs."""
    b = Bench(dut, "cancelled")
    await b.begin()
    for _ in range(3):
        b.hold = set(range(QUEUES))
        b.expect(program := [random_command(b.r, b.r.randrange(4)) for _ in range(120)])
        await b.start_list(9, b.put(9, program))
        await ClockCycles(dut.clk, b.r.randint(1, 600))
        assert dut.list_busy.value == 1
        await recover(b)
        b.hold = set()
        b.expect(program := [random_command(b.r, b.r.randrange(QUEUES)) for _ in range(20)])
        await b.start_list(9, b.put(9, program))
        await b.finish(20 * 300)


async def recover(b: Bench) -> None:
    """Engine reset: the machine must be as new."""
    b.dut.cancel.value = 1
    for _ in range(200):
        await RisingEdge(b.dut.clk)
        if b.dut.list_busy.value == 0:
            break
    b.dut.cancel.value = 0
    assert b.dut.list_busy.value == 0
    b.dut.rst.value = 1
    await ClockCycles(b.dut.clk, 2)
    for flight in [*b.engine, *b.expected, *b.finished]:
        flight.clear()
    for sums in b.arrived.values():
        sums.clear()
    b.records.clear()
    b.pushes.clear()
    b.tokens.clear()
    b.status.clear()
    b.dut.push_valid.value = 0
    await reset(b.dut)
    await RisingEdge(b.dut.clk)
    assert b.dut.error_valid.value == 0
    assert b.dut.queue_idle.value == (1 << QUEUES) - 1


@cocotb.test()
async def illegal(dut) -> None:
    """Each kind of illegal command is refused and named; the machine works after a reset."""
    b = Bench(dut, "illegal")
    await b.begin()
    bad = {
        "opcode": (Command("mac", 0).encode(), None),  # opcode 1 is legal there: changed below
        "queue": (Command("sync", 9).encode(), (9, 0, 0)),
        "reserved": (_with_bit(Command("send", 3), 255), (3, 1, 1)),
        "producer": (Command("sync", 2, {"wait_first": 15, "wait_count": 1}).encode(), (2, 0, 1)),
        "peer": (Command("sync", 2, {"wait_first": 19, "wait_count": 1}).encode(), (2, 0, 1)),
        "range": (Command("sync", 2, {"wait_first": 31, "wait_count": 15}).encode(), (2, 0, 1)),
        "consumer": (Command("sync", 2, {"signal_first": 5, "signal_count": 2}).encode(),
                     (2, 0, 1)),
        "end": (Command("end", 2).encode(), (2, 15, 1)),
    }
    raw = bytearray(Command("mac", 4).encode())
    raw[0] = 4 << 4 | 7
    bad["opcode"] = (bytes(raw), (4, 7, 1))
    for name, (raw, (queue, opcode, sequence)) in bad.items():
        good = [Command("sync", q) for q in range(QUEUES)]
        b.expect(good)
        b.pushes.extend(good)
        b.pushes.append(Raw(raw))
        error = await b.error_within(400)
        want = {"valid": 1, "code": Code.ILLEGAL, "queue": queue, "producer": 0, "opcode": opcode,
                "sequence": sequence}
        assert error == want, (name, error, want)
        await recover(b)
    program = Program(b.r, 20)
    b.expect(program.list)
    for p in PEERS:
        b.packets[p].extend(program.packets[p])
    await b.start_list(0, b.put(0, program.list))
    await b.finish(8000)


class Raw:
    """Bytes in the place of a command."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def encode(self) -> bytes:
        return self.raw


def _with_bit(command: Command, bit: int) -> bytes:
    word = int.from_bytes(command.encode(), "little") | 1 << bit
    return word.to_bytes(commands.BYTES, "little")


@cocotb.test()
async def engine_status(dut) -> None:
    """A refused command stops the machine; nothing more starts, nothing is signalled."""
    b = Bench(dut, "engine_status")
    await b.begin()
    b.status[3] = int(Code.ADDRESS)
    program = [Command("send", 3, {"signal_first": 4, "signal_count": 1}),
               Command("mac", 4, {"wait_first": 3, "wait_count": 1}), Command("ve", 0)]
    b.expect(program)
    b.pushes.extend(program)
    error = await b.error_within(400)
    assert error == {"valid": 1, "code": Code.ADDRESS, "queue": 3, "producer": 0, "opcode": 1,
                     "sequence": 0}, error
    b.pushes.append(Command("ve", 0))
    for _ in range(100):
        await RisingEdge(dut.clk)
        assert dut.cmd_valid.value == 0
    await recover(b)


@cocotb.test()
async def overflow(dut) -> None:
    """The 256th unconsumed signal of a pair is an error that names both."""
    b = Bench(dut, "overflow")
    b.stall = 0.0
    await b.begin()
    signal = Command("sync", 2, {"signal_first": 5, "signal_count": 1})
    for count in (255, 1):
        b.expect([signal] * count)
        b.pushes.extend([signal] * count)
        if count == 255:
            for _ in range(4000):
                await RisingEdge(dut.clk)
                assert dut.error_valid.value == 0
    error = await b.error_within(100)
    assert (error["code"], error["queue"], error["producer"]) == (Code.OVERFLOW, 5, 2), error


@cocotb.test()
async def list_errors(dut) -> None:
    """No end within the limit -> IMAGE; a bad beat -> MEMORY, but not behind the end."""
    b = Bench(dut, "list_errors")
    await b.begin()
    program = [Command("sync", q % QUEUES) for q in range(20)]
    b.expect(program)
    length = b.put(100, program, end=False)
    await b.start_list(100, length)
    error = await b.error_within(2000)
    assert (error["code"], error["queue"]) == (Code.IMAGE, 31), error
    await recover(b)
    b.expect(program)
    length = b.put(100, program)
    b.bad_beats = {100 + length // 2}
    await b.start_list(100, length)
    error = await b.error_within(2000)
    assert (error["code"], error["queue"]) == (Code.MEMORY, 31), error
    await recover(b)
    b.expect(program)
    b.bad_beats = {100 + length}
    await b.start_list(100, length + 50)
    await b.finish(4000)
