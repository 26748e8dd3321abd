# SPDX-License-Identifier: Apache-2.0
"""Command-level simulator of a package: command lists, queues, semaphores, packets.

Commands run whole, one at a time, in any order that program order within each queue, the
semaphores and the queue depth allow. A `policy` chooses among what may go next, so a dependency
that a list does not state shows as a result that changes with the policy. Knows nothing of
transformers, nor of cycles.
"""

from __future__ import annotations

import collections
import dataclasses
import functools
import itertools
from collections.abc import Callable, Generator, Iterator

import numpy as np

from models import commands
from models.chiplet import Chiplet, Packet
from models.commands import Command, IllegalCommand
from models.config import Config
from models.errors import (
    AddressError,
    Code,
    HungError,
    ListError,
    MemoryAccessError,
    PoisonError,
    SemaphoreOverflow,
)

COUNTER_MAX = 255
QUEUE_DEPTH = 8
PEER0 = commands.specification()["producers"]["peer0"]
MACRO0 = commands.specification()["queues"]["macro0"]
SEND = commands.specification()["queues"]["send"]
CODES = {
    IllegalCommand: Code.ILLEGAL, AddressError: Code.ADDRESS, MemoryAccessError: Code.MEMORY,
    SemaphoreOverflow: Code.OVERFLOW, ListError: Code.IMAGE,
}

decode = functools.lru_cache(maxsize=1 << 17)(commands.decode)


@dataclasses.dataclass(frozen=True)
class Record:
    """A completion record as the chiplet posts it."""

    queue: int
    opcode: int
    sequence: int
    signature: int
    word: bytes | None = dataclasses.field(default=None, compare=False, repr=False)
    """The 32 bytes of what was executed, relocated; None for packets."""

    @property
    def command(self) -> Command | None:
        """The same decoded."""
        return None if self.word is None else decode(self.word)


class CommandError(RuntimeError):
    """A command that the machine answers with an error code."""

    def __init__(self, code: Code, chiplet: int, queue: int, sequence: int, text: str) -> None:
        where = f"chiplet {chiplet}, queue {commands.queue_name(queue)}, command {sequence}"
        super().__init__(f"{code.name}: {where}: {text}")
        self.code, self.chiplet, self.queue, self.sequence = code, chiplet, queue, sequence


@dataclasses.dataclass(frozen=True)
class Action:
    """Something that may happen next: a command of `queue` (below 16), a packet from chiplet
    queue - 16, or a step of the firmware (queue FIRMWARE)."""

    chiplet: int
    queue: int


FIRMWARE = 32
Policy = Callable[[list[Action]], Action]


def in_order(actions: list[Action]) -> Action:
    """Lowest chiplet, then lowest queue."""
    return actions[0]


def reverse(actions: list[Action]) -> Action:
    """Highest chiplet, then highest queue."""
    return actions[-1]


def round_robin() -> Policy:
    """Each chiplet and queue in turn."""
    last = (-1, -1)

    def choose(actions: list[Action]) -> Action:
        nonlocal last
        later = [a for a in actions if (a.chiplet, a.queue) > last]
        chosen = (later or actions)[0]
        last = (chosen.chiplet, chosen.queue)
        return chosen

    return choose


def late(queue: int) -> Policy:
    """As `in_order`, but the given queue (or packets, from 16) goes only when nothing else can."""

    def choose(actions: list[Action]) -> Action:
        others = [a for a in actions if a.queue != queue and not (queue >= PEER0 <= a.queue)]
        return (others or actions)[0]

    return choose


def shuffled(seed: int) -> Policy:
    """Any order, from a seed."""
    rng = np.random.default_rng(seed)
    return lambda actions: actions[int(rng.integers(len(actions)))]


class _Listed:
    """A command as it stands in a list: what does not depend on base registers. producers: those it
    waits for. based: lowest bit, mask and register of each relocatable field that has one."""

    __slots__ = ("name", "queue", "opcode", "producers", "signal_first", "signal_count", "raw",
                 "value", "based")

    def __init__(self, raw: bytes, command: Command, chiplet: int) -> None:
        fmt = commands.formats()[command.name]
        self.name, self.queue, self.opcode = command.name, command.queue, fmt.opcode
        waited = range(command.wait_first, command.wait_first + command.wait_count)
        self.producers = [p for p in waited if p != PEER0 + chiplet]
        self.signal_first, self.signal_count = command.signal_first, command.signal_count
        self.raw, self.value, self.based = raw, int.from_bytes(raw, "little"), []
        for name, register in command.bases.items():
            field = fmt.fields[name]
            self.value -= register << field.base_lsb
            self.based.append((field.lsb, (1 << field.width) - 1, register))

    def word(self, base: list[int]) -> bytes:
        """As the fetcher queues it: field + base register, modulo the width."""
        if not self.based:
            return self.raw
        value = self.value
        for lsb, mask, register in self.based:
            old = value >> lsb & mask
            value += ((old + base[register] & mask) - old) << lsb
        return value.to_bytes(commands.BYTES, "little")


class Dispatcher:
    """Queues, semaphores, base registers and list fetcher of one chiplet. Queues hold commands as
    listed, with their relocated words."""

    def __init__(self, chiplet: Chiplet) -> None:
        self.chiplet = chiplet
        self.queues = {q: collections.deque() for q in range(MACRO0 + chiplet.config.n_macros)}
        self.semaphores = [[0] * 16 for _ in range(32)]  # [producer][consumer]
        self.base = [0] * 16
        self.sequence = collections.Counter()
        self.records: list[Record] = []
        self.signature_sum = 0
        self._fetch: Iterator[tuple[_Listed, bytes]] | None = None
        self._pushed: collections.deque[Command] = collections.deque()
        self._held: tuple[_Listed, bytes] | None = None
        self._known: dict[bytes, _Listed] = {}

    def start(self, beat: int, limit: int) -> None:
        """Begin to fetch the list at memory beat `beat`, at most `limit` beats long."""
        if self._fetch is not None:
            raise ValueError(f"chiplet {self.chiplet.index}: a list is still being fetched")
        self._fetch = self._commands(beat, limit)

    def push(self, command: Command) -> None:
        """A command written by the core; only while no list is being fetched."""
        if self._fetch is not None:
            raise ValueError(f"chiplet {self.chiplet.index}: a list is still being fetched")
        self._pushed.append(command)

    def _commands(self, beat: int, limit: int) -> Iterator[tuple[_Listed, bytes]]:
        raw = self.chiplet.memory[beat : beat + limit].tobytes()
        for at in range(0, len(raw), commands.BYTES):
            listed = self._listed(raw[at : at + commands.BYTES])
            if listed.name == "end":
                return
            yield listed, listed.word(self.base)
        raise ListError(f"list at memory beat {beat} does not end within {limit} beats")

    def _listed(self, raw: bytes) -> _Listed:
        """Decode and check; raises IllegalCommand."""
        listed = self._known.get(raw)
        if listed is None:
            command = decode(raw)
            if command.name != "end":
                self._check(command)
            listed = self._known[raw] = _Listed(raw, command, self.chiplet.index)
        return listed

    def fetch(self, depth: int) -> None:
        """Fetch in order until a command finds its queue full, or the list has ended."""
        while self._fetch or self._pushed or self._held:
            item = self._held
            if item is None and self._pushed:
                listed = self._listed(self._pushed.popleft().encode())
                item = listed, listed.word(self.base)
            elif item is None:
                item = next(self._fetch, None)
            self._held = None
            if item is None:
                self._fetch = None
                return
            queue = self.queues[item[0].queue]
            if len(queue) == depth:
                self._held = item
                return
            queue.append(item)

    def _check(self, command: Command) -> None:
        """What the dispatcher checks when a command arrives; raises IllegalCommand."""
        config = self.chiplet.config
        if command.queue not in self.queues:
            raise IllegalCommand(f"{command}: no such queue")
        exists = [*self.queues, *range(PEER0, PEER0 + config.n_chiplets)]
        waited = range(command.wait_first, command.wait_first + command.wait_count)
        if not set(waited) <= set(exists):
            raise IllegalCommand(f"{command}: waits for a producer that does not exist")
        if command.signal_count and command.signal_first + command.signal_count > len(self.queues):
            raise IllegalCommand(f"{command}: signals a queue that does not exist")

    @property
    def idle(self) -> bool:
        return not (self._fetch or self._pushed or self._held or any(self.queues.values()))

    def missing(self, queue: int) -> list[int]:
        """Producers that the head of a queue still waits for."""
        return [p for p in self.queues[queue][0][0].producers if not self.semaphores[p][queue]]

    def take(self, queue: int) -> tuple[_Listed, bytes]:
        """Remove the head of a queue, its semaphores taken."""
        item = self.queues[queue].popleft()
        for producer in item[0].producers:
            self.semaphores[producer][queue] -= 1
        return item

    def signal(self, producer: int, first: int, count: int) -> None:
        for consumer in range(first, first + count):
            self.semaphores[producer][consumer] += 1
            if self.semaphores[producer][consumer] > COUNTER_MAX:
                names = [commands.queue_name(n) for n in (producer, consumer)]
                raise SemaphoreOverflow(f"{names[0]} signalled {names[1]} {COUNTER_MAX + 1} times")

    def complete(self, queue: int, opcode: int, signature: int,
                 word: bytes | None = None) -> None:
        sequence = self.sequence[queue]
        self.sequence[queue] += 1
        self.records.append(Record(queue, opcode, sequence & 0xFFFF, signature, word))
        if queue < PEER0:
            self.signature_sum = (self.signature_sum + signature) & 0xFFFFFFFF


class Package:
    """All chiplets with their memories; `memories[i]` is uint8 [beats, block] of chiplet i.

    `run` executes one firmware (a generator that yields whenever it waits for its chiplet to be
    idle) per chiplet until all have returned.
    """

    def __init__(self, config: Config, memories: list[np.ndarray], *, policy: Policy = in_order,
                 poison: bool = False, queue_depth: int = QUEUE_DEPTH) -> None:
        if len(memories) != config.n_chiplets:
            raise ValueError(f"{len(memories)} memories for {config.n_chiplets} chiplets")
        self.config, self.policy, self.queue_depth = config, policy, queue_depth
        self.chiplets = [Chiplet(config, i, m, poison) for i, m in enumerate(memories)]
        self.dispatchers = [Dispatcher(c) for c in self.chiplets]
        self.packets: dict[tuple[int, int], collections.deque[Packet]] = {
            (to, source): collections.deque()
            for to in range(config.n_chiplets) for source in range(config.n_chiplets)
        }

    @property
    def records(self) -> list[list[Record]]:
        """Completion records of each chiplet; in order within each queue."""
        return [d.records for d in self.dispatchers]

    def run(self, firmware: list[Generator[None, None, object]]) -> list[object]:
        """Run until every firmware has returned; their return values.

        Raises CommandError for what the machine would report, HungError for a deadlock,
        PoisonError in poison mode.
        """
        results: list[object] = [None] * len(firmware)
        running = dict(enumerate(firmware))
        while running:
            able = self._actions(running)
            actions = list(itertools.islice(able, 1) if self.policy is in_order else able)
            if not actions:
                raise HungError(self._stuck())
            action = self.policy(actions)
            if action.queue == FIRMWARE:
                try:
                    next(running[action.chiplet])
                except StopIteration as stop:
                    results[action.chiplet] = stop.value
                    del running[action.chiplet]
            else:
                self._step(action)
        return results

    def _actions(self, running: dict) -> Iterator[Action]:
        """All that may happen next, by chiplet and queue."""
        for i, d in enumerate(self.dispatchers):
            self._guard(i, 0, lambda d=d: d.fetch(self.queue_depth))
            for q, held in d.queues.items():
                if held and not d.missing(q):
                    yield Action(i, q)
            for source in range(self.config.n_chiplets):
                if self.packets[i, source]:
                    yield Action(i, PEER0 + source)
            if i in running and d.idle:
                yield Action(i, FIRMWARE)

    def _guard(self, chiplet: int, queue: int, call: Callable[[], object]) -> object:
        try:
            return call()
        except tuple(CODES) as error:
            sequence = self.dispatchers[chiplet].sequence[queue]
            raise CommandError(CODES[type(error)], chiplet, queue, sequence, str(error)) from error
        except PoisonError as error:
            raise PoisonError(f"chiplet {chiplet}: {error}") from error

    def _step(self, action: Action) -> None:
        d = self.dispatchers[action.chiplet]
        if action.queue >= PEER0:
            source = action.queue - PEER0
            packet = self.packets[action.chiplet, source].popleft()
            d.complete(action.queue, 1, d.chiplet.receive(packet))
            self._guard(action.chiplet, action.queue,
                        lambda: d.signal(action.queue, packet.first, packet.count))
            return
        self._guard(action.chiplet, action.queue, lambda: self._execute(d, action.queue))

    def _execute(self, d: Dispatcher, queue: int) -> None:
        listed, word = d.take(queue)
        if listed.name == "sync":
            signature = 0
        elif listed.name == "send":
            signature, packets = d.chiplet.send(decode(word))
            for to, packet in packets.items():
                self.packets[to, d.chiplet.index].append(packet)
        else:
            signature = d.chiplet.execute_word(listed.name, queue, word, lambda: decode(word))
        d.complete(queue, listed.opcode, signature, word)
        d.signal(queue, listed.signal_first, listed.signal_count)

    def _stuck(self) -> str:
        """Who waits for whom."""
        lines = []
        for i, d in enumerate(self.dispatchers):
            for queue, held in d.queues.items():
                if held:
                    waits = ", ".join(commands.queue_name(p) for p in d.missing(queue))
                    lines.append(f"chiplet {i}: {commands.queue_name(queue)} command "
                                 f"{d.sequence[queue]} ({decode(held[0][1])}) waits for {waits}")
        return "HUNG: " + ("; ".join(lines) or "no queue holds a command")

    def unconsumed(self) -> list[str]:
        """Semaphores that are not zero; a balanced list leaves none."""
        return [
            f"chiplet {i}: {commands.queue_name(int(p))} -> {commands.queue_name(int(c))}: "
            f"{d.semaphores[p][c]}"
            for i, d in enumerate(self.dispatchers) for p, c in np.argwhere(d.semaphores)
        ]
