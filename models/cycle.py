# SPDX-License-Identifier: Apache-2.0
"""Cycle model: when each command of a package's lists starts and ends.

Event-driven, command by command: lists are fetched in order into bounded queues, a head starts
when its semaphores are there and its engine can take it, and the engine's cycles come from
models/cycle_hardware.py. Beats are not simulated; bank conflicts stretch a command by the load
that the others put on the stash when it starts. docs/cycle.md says what is left out.
"""

from __future__ import annotations

import collections
import dataclasses
import heapq
from collections.abc import Callable, Sequence

import numpy as np

from models import cycle_hardware as hw
from models.commands import Command, queue_number
from models.csim import PEER0, decode
from models.cycle_hardware import Firmware, Hardware
from models.image import BATCH_LISTS, Image, Kind

VE, DMA, MOVE, SEND, MACRO0 = (queue_number(q) for q in ("ve", "dma", "move", "send", "macro0"))


@dataclasses.dataclass(frozen=True)
class Span:
    """One command: taken by its engine in cycle `start`, complete in `end`. `busy` counts the
    cycles in which the engine's datapath works (macros: vectors)."""

    chiplet: int
    queue: int
    name: str
    sequence: int
    start: int
    end: int
    busy: int


@dataclasses.dataclass(frozen=True)
class Result:
    """Of one run: spans in order of completion, cycles until everything has ended."""

    hardware: Hardware
    chiplets: int
    spans: list[Span]
    cycles: int

    def busy(self, queue: int) -> float:
        """Share of the cycles in which an engine is busy, mean over chiplets (and over all macros
        for MACRO0)."""
        wide = queue == MACRO0
        total = sum(s.busy for s in self.spans if (s.queue >= MACRO0 if wide else s.queue == queue))
        return total / (self.cycles * self.chiplets * (self.hardware.n_macros if wide else 1))

    def mac_utilization(self, useful: int) -> float:
        """`useful` multiply-accumulates, as docs/architecture.md defines it."""
        h = self.hardware
        rate = self.chiplets * h.n_macros * h.block * h.block / h.vector_cycles
        return useful / (self.cycles * rate)


class DeadlockError(RuntimeError):
    """Lists that do not run to their end."""


def run(lists: Sequence[Sequence[Command]], hardware: Hardware,
        starts: Sequence[int] | None = None) -> Result:
    """Run one list of relocated commands per chiplet, started in cycle `starts[chiplet]` (0).

    Raises DeadlockError where something remains that can never start.
    """
    return _Package(lists, hardware, list(starts or [0] * len(lists))).run()


def image_list(image: Image, kind: Kind, position: int = 0, tokens: int = 1) -> list[Command]:
    """A list of an image as the fetcher queues it, base registers as the firmware sets them for
    these tokens."""
    return relocated(image.section(kind).tobytes(),
                     [0, *image.base_registers(position, image.next_step(tokens)), *[0] * 8])


def relocated(raw: bytes, base: Sequence[int]) -> list[Command]:
    """An encoded list with these base registers."""
    out = []
    for at in range(0, len(raw), 32):
        command = decode(raw[at : at + 32])
        if command.name == "end":
            return out
        out.append(command.relocate(base) if command.bases else command)
    raise ValueError("the list has no end")


def run_images(images: Sequence[Image], kind: Kind, hardware: Hardware, position: int = 0,
               tokens: int = 1, late: int = 0) -> Result:
    """Run the lists of one kind of all images; all chiplets but the first start `late`."""
    return run([image_list(i, kind, position, tokens) for i in images], hardware,
               [0, *[late] * (len(images) - 1)])


def step_cycles(images: Sequence[Image], hardware: Hardware, firmware: Firmware, position: int,
                tokens: int) -> int:
    """From the first load pushed for tokens that one step list takes to the notify of the list."""
    kind = images[0].next_step(tokens).kind
    late = 0 if position else firmware.request_gap
    return (embed_cycles(images[0].embed_beats, hardware, firmware, tokens)
            + run_images(images, kind, hardware, position, tokens, late).cycles)


def embed_cycles(beats: int, hardware: Hardware, firmware: Firmware, tokens: int) -> int:
    """From the first load pushed, of embedding rows of so many beats, to the start of the list."""
    load = embedding_load(beats, hardware)
    return tokens * max(load, firmware.token_gap) + firmware.start_gap


def embedding_load(beats: int, hardware: Hardware) -> int:
    """Cycles of the load of an embedding row and the beat that makes its signature."""
    return hw.dma(Command("load", DMA, {"rows": 1, "count": beats + 1}), hardware).next


def batch_cycles(images: Sequence[Image], hardware: Hardware, firmware: Firmware,
                 positions: Sequence[int]) -> int:
    """A batch list, from the first load pushed for its tokens to its notify; sequence s is at
    positions[s]."""
    kind = BATCH_LISTS[len(positions)]
    base = [0] * 8 + [*positions] + [0] * (8 - len(positions))
    lists = [relocated(i.section(kind).tobytes(), base) for i in images]
    return (embed_cycles(images[0].embed_beats, hardware, firmware, len(positions))
            + run(lists, hardware).cycles)


def token_cycles(images: Sequence[Image], hardware: Hardware, firmware: Firmware,
                 position: int) -> int:
    """Cycles per decoded token: step list of one token, head list, and the firmware around."""
    head = run_images(images, Kind.HEAD_LIST, hardware, position, 1).cycles
    return (step_cycles(images, hardware, firmware, position, 1)
            + firmware.head_gap(len(images)) + head)


class _Chiplet:
    """State of dispatcher and engines."""

    def __init__(self, commands: Sequence[Command], h: Hardware, start: int) -> None:
        self.commands = commands
        self.fetched = 0
        self.asked = [start] * h.fetch_ahead  # cycle in which burst b was requested
        self.blocked = -1                     # queue that holds up the fetcher
        self.queues = collections.defaultdict(collections.deque)
        self.semaphores = np.zeros((32, 16), np.int32)
        self.flying = collections.Counter()   # started, record not posted
        self.undone = collections.Counter()   # started, not complete
        self.sequence = collections.Counter()
        self.ready = collections.Counter()    # cycle from which the engine can take a command
        self.feed_free = collections.Counter()  # macro: cycle of the next vector
        self.results = collections.Counter()  # macro: cycle in which its last results are stored
        self.load: dict[int, float] = {}      # stash beats per cycle of each busy engine
        self.last_ve: tuple[int, Command] | None = None


class _Package:
    def __init__(self, lists, h: Hardware, starts: list[int]) -> None:
        self.h, self.n = h, len(lists)
        self.chiplets = [_Chiplet(c, h, s) for c, s in zip(lists, starts)]
        self.links = np.zeros((self.n, self.n), np.int64)  # cycle from which a link is free
        self.heap: list[tuple[int, int, Callable, tuple]] = []
        self.count = 0
        self.now = 0
        self.spans: list[Span] = []

    def at(self, cycle: int, call: Callable, *arguments) -> None:
        self.count += 1
        heapq.heappush(self.heap, (cycle, self.count, call, arguments))

    def run(self) -> Result:
        for c, chiplet in enumerate(self.chiplets):
            self.at(chiplet.asked[0], self.fetch, c)
        while self.heap:
            self.now, _, call, arguments = heapq.heappop(self.heap)
            call(*arguments)
        for c, chiplet in enumerate(self.chiplets):
            if chiplet.fetched < len(chiplet.commands) or any(chiplet.queues.values()):
                heads = [str(q[0]) for q in chiplet.queues.values() if q]
                raise DeadlockError(f"chiplet {c} stands at cycle {self.now}: {heads}")
        return Result(self.h, self.n, self.spans, max(s.end for s in self.spans))

    # Fetcher

    def fetch(self, c: int) -> None:
        """Queue the next command, as soon as it has come and its queue has room."""
        chiplet, h = self.chiplets[c], self.h
        if chiplet.fetched == len(chiplet.commands):
            return
        burst, place = divmod(chiplet.fetched, h.fetch_burst)
        come = chiplet.asked[burst] + h.memory_latency + place
        if self.now < come:
            self.at(come, self.fetch, c)
            return
        command = chiplet.commands[chiplet.fetched]
        queue = chiplet.queues[command.queue]
        if len(queue) >= h.queue_depth:
            chiplet.blocked = command.queue
            return
        queue.append(command)
        chiplet.fetched += 1
        if chiplet.fetched % h.fetch_burst == 0:
            chiplet.asked.append(self.now + 2)
        self.at(self.now + h.start_latency, self.start, c, command.queue)
        self.at(self.now + 1, self.fetch, c)

    # Dispatch

    def start(self, c: int, q: int) -> None:
        """Start the head of a queue if it can."""
        chiplet, h = self.chiplets[c], self.h
        if not chiplet.queues[q] or chiplet.flying[q] >= h.in_flight:
            return
        command = chiplet.queues[q][0]
        first, count = command.wait_first, command.wait_count
        wanted = [p for p in range(first, first + count) if p != PEER0 + c]
        if any(not chiplet.semaphores[p, q] for p in wanted):
            return
        if command.name == "sync":
            if chiplet.undone[q]:
                return
        elif self.now < chiplet.ready[q]:
            return  # the engine calls again
        chiplet.queues[q].popleft()
        chiplet.semaphores[wanted, q] -= 1
        if chiplet.blocked == q:
            chiplet.blocked = -1
            self.at(self.now + 1, self.fetch, c)
        done, busy = self.execute(c, q, command)
        chiplet.flying[q] += 1
        chiplet.undone[q] += 1
        sequence = chiplet.sequence[q]
        chiplet.sequence[q] += 1
        self.at(done, self.done, c, q, command, Span(c, q, command.name, sequence, self.now, done,
                                                     busy))
        self.at(self.now + 1, self.start, c, q)

    def done(self, c: int, q: int, command: Command, span: Span) -> None:
        chiplet = self.chiplets[c]
        self.spans.append(span)
        chiplet.undone[q] -= 1
        if not chiplet.undone[q]:
            chiplet.load.pop(q, None)
        self.at(self.now + self.h.post_latency, self.posted, c, q)
        self.signal(c, q, command.signal_first, command.signal_count, 1)
        self.at(self.now + 1, self.start, c, q)

    def posted(self, c: int, q: int) -> None:
        self.chiplets[c].flying[q] -= 1
        self.start(c, q)

    def signal(self, c: int, producer: int, first: int, count: int, delay: int) -> None:
        for consumer in range(first, first + count):
            self.chiplets[c].semaphores[producer, consumer] += 1
            self.at(self.now + delay, self.start, c, consumer)

    # Engines

    def execute(self, c: int, q: int, command: Command) -> tuple[int, int]:
        """Cycle in which the command is complete, and busy cycles of the engine."""
        if command.name == "sync":
            return self.now + 1, 0
        if q >= MACRO0:
            return self.mac(c, q, command)
        if q == SEND:
            return self.send(c, command)
        h, chiplet = self.h, self.chiplets[c]
        if q == VE:
            cost = hw.vector(command, h, self.other_load(c, q))
            if h.ve_overlap and chiplet.last_ve and _depends(command, chiplet.last_ve[1], h):
                wait = max(0, chiplet.last_ve[0] - self.now)
                cost = hw.Cost(cost.done + wait, cost.next + wait, cost.load)
            done = self.now + cost.done
            if chiplet.last_ve:
                done = max(done, chiplet.last_ve[0] + 1)
            chiplet.last_ve = (done, command)
        else:
            cost = hw.dma(command, h) if q == DMA else hw.move(command, h)
            done = self.now + cost.done
        chiplet.load[q] = cost.load
        chiplet.ready[q] = self.now + cost.next
        self.at(chiplet.ready[q], self.start, c, q)
        return done, min(cost.next, cost.done)

    def other_load(self, c: int, q: int) -> float:
        return sum(load for queue, load in self.chiplets[c].load.items() if queue != q)

    def mac(self, c: int, q: int, command: Command) -> tuple[int, int]:
        h, chiplet = self.h, self.chiplets[c]
        cost = hw.mac(command, h, self.other_load(c, q))
        first = max(self.now + h.mac_start, chiplet.feed_free[q])
        if command.accumulate:
            first = max(first, chiplet.results[q] + h.accumulate_start)
        end = first + cost.feed
        chiplet.feed_free[q] = end
        chiplet.load[q] = cost.load
        ahead = h.buffer * cost.tiles * h.vector_cycles
        chiplet.ready[q] = max(first, end - ahead, self.now + cost.beats) + 1
        self.at(chiplet.ready[q], self.start, c, q)
        done = chiplet.results[q] = end - h.vector_cycles + h.result_latency + cost.drain
        return done, cost.vectors * h.vector_cycles

    def send(self, c: int, command: Command) -> tuple[int, int]:
        h, chiplet = self.h, self.chiplets[c]
        peers = [p for p in range(self.n) if command.peers >> p & 1]
        phits, last = hw.send(command, h)
        begin = max([self.now + h.send_start, *(int(self.links[c, p]) for p in peers)])
        end = begin + phits
        for p in peers:
            self.links[c, p] = end
            come = end - 1 + h.link_latency + max(last - 1, 0) + h.packet_latency
            self.at(come, self.signal, p, PEER0 + c, command.remote_first, command.remote_count, 0)
        beats = max(1, command.rows * command.count)
        behind = (min(beats, h.link_buffer) * h.phits_per_beat + h.control_phits) if last else 1
        done = max(self.now + h.send_start + beats, end - behind + 1)
        chiplet.load[SEND] = 1 / h.phits_per_beat
        chiplet.ready[SEND] = done + 1
        self.at(chiplet.ready[SEND], self.start, c, SEND)
        return done, phits


def _depends(later: Command, earlier: Command, h: Hardware) -> bool:
    """Whether a ve command uses what the one before it writes (stash or scalars)."""
    span = earlier.len + (earlier.outer - 1 if earlier.causal else 0)
    size = h.lanes if earlier.out == 1 else h.block
    end = (earlier.d + (earlier.outer - 1) * earlier.d_outer
           + (earlier.inner - 1) * earlier.d_inner + hw.up(span, size))
    wide = hw.up(later.len + (later.outer - 1 if later.causal else 0), h.lanes)
    a_end = (later.a + (later.outer - 1) * later.a_outer + (later.inner - 1) * later.a_inner + wide)
    stash = earlier.out and later.a < end and earlier.d < a_end
    rows = earlier.outer * earlier.inner
    scalar = (later.scale and 1 <= earlier.reduce <= 3
              and earlier.s_dst <= later.s_src < earlier.s_dst + rows)
    return bool(stash or scalar)
