# SPDX-License-Identifier: Apache-2.0
"""Builder of command lists for all chiplets at once, with automatic synchronisation.

Operations are added in one global order that would be correct if each finished before the next
began. Each names what it reads and writes (parts of buffers, weight sets); from that the builder
derives the semaphores, so that any two accesses of which one writes are ordered:

1. Vector clocks say what is known to be complete when a command starts. A dependency that
   program order, an earlier wait or a chain of waits already guarantees costs nothing.
2. A dependency within a chiplet is a signal from producer queue to consumer queue.
3. Data of a peer is waited for as its packet (producer 16 + peer).
4. A send that overwrites what a receiver still uses makes the receiver send a signal back first.

A SEND signals one range of queues at all its receivers; queues in it that need no signal take it
later, at the latest at the end of the list. Lists end with a barrier: no chiplet starts the next
list before all have finished this one, and every semaphore is back at zero.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict

import numpy as np

from models.commands import Command
from models.config import Config

VE, DMA, MOVE, SEND, MACRO0 = 0, 1, 2, 3, 4
PEER0 = 16
LOCATIONS = 32  # queue and producer numbers of a chiplet
COUNTER_MAX = 255
MAX_PENDING = 100  # open signals of one pair from which on a consumer takes them in passing


@dataclasses.dataclass(frozen=True)
class Buffer:
    """A stash area, the same on every chiplet: `rows` rows of `beats` from `beat`."""

    name: str
    beat: int
    rows: int
    beats: int


@dataclasses.dataclass(frozen=True)
class Part:
    """Beats first to last-1 of every row of a named thing (buffer, weight sets): unit of access."""

    name: str
    first: int = 0
    last: int = 1


def part(buffer: Buffer, first: int = 0, count: int | None = None) -> Part:
    """Columns of a buffer as a Part; all of them by default."""
    return Part(buffer.name, first, buffer.beats if count is None else first + count)


@dataclasses.dataclass(eq=False)
class Node:
    """A command, or the arrival of a packet (queue 16 + source, no command)."""

    chiplet: int
    queue: int
    order: int
    index: int
    command: Command | None
    clock: np.ndarray  # known complete when this node is complete: [chiplets, LOCATIONS] of index
    waits: set[Node] = dataclasses.field(default_factory=set, repr=False)
    signals: set[int] = dataclasses.field(default_factory=set)  # consumer queues, same chiplet
    arrivals: list[Node] = dataclasses.field(default_factory=list, repr=False)
    final: bool = False

    @property
    def place(self) -> tuple[int, int]:
        return self.chiplet, self.queue


@dataclasses.dataclass
class _Segment:
    """Who touched beats first to last-1 last: the writer, and the latest reader of each queue."""

    first: int
    last: int
    writer: Node | None
    readers: dict[tuple[int, int], Node]


class Program:
    """One list per chiplet. `add` and `send` take commands without wait and signal fields."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.n = config.n_chiplets
        self.nodes: list[Node] = []
        self._last: dict[tuple[int, int], Node] = {}
        self._touched: dict[tuple[int, str], list[_Segment]] = {}

    def add(self, chiplet: int, queue: int, command: Command, reads: list[Part] = (),
            writes: list[Part] = (), after: list[Node] = ()) -> Node:
        """Append a command of a local engine."""
        needs = set(after)
        for p in reads:
            needs |= self._conflicts(chiplet, p, write=False)
        for p in writes:
            needs |= self._conflicts(chiplet, p, write=True)
        node = self._node(chiplet, queue, command, needs)
        self._mark(chiplet, node, reads, writes)
        return node

    def send(self, chiplet: int, command: Command, reads: list[Part], writes: list[Part],
             after: list[Node] = ()) -> Node:
        """Append a send to all other chiplets; `writes` are parts at each receiver."""
        peers = [p for p in range(self.n) if p != chiplet]
        held: dict[int, set[Node]] = {}
        for peer in peers:
            used = set().union(*(self._conflicts(peer, p, write=True) for p in writes))
            held[peer] = {u for u in used  # packets from one sender arrive in order
                          if u.queue != PEER0 + chiplet and not self._known(chiplet, SEND, u)}
        needs = set(after).union(*(self._conflicts(chiplet, p, write=False) for p in reads))
        for peer, users in held.items():
            if users and not all(any(n.clock[u.place] >= u.index for n in needs) for u in users):
                back = self._send(peer, self._signal_only([chiplet]), users, [chiplet])
                needs.add(back.arrivals[0])
        mask = sum(1 << p for p in peers)
        command.values["peers"] = mask
        node = self._send(chiplet, command, needs, peers)
        self._mark(chiplet, node, reads, [])
        for arrival in node.arrivals:
            self._mark(arrival.chiplet, arrival, [], writes)
        return node

    @staticmethod
    def _signal_only(peers: list[int]) -> Command:
        return Command("send", SEND, {"rows": 1, "peers": sum(1 << p for p in peers)})

    def _send(self, chiplet: int, command: Command, needs: set[Node], peers: list[int]) -> Node:
        node = self._node(chiplet, SEND, command, needs)
        for peer in peers:
            arrival = self._node(peer, PEER0 + chiplet, None, set())
            arrival.clock = np.maximum(arrival.clock, node.clock)
            node.arrivals.append(arrival)
        return node

    def _start_clock(self, chiplet: int, queue: int) -> np.ndarray:
        last = self._last.get((chiplet, queue))
        return np.full((self.n, LOCATIONS), -1, np.int32) if last is None else last.clock

    def _known(self, chiplet: int, queue: int, node: Node) -> bool:
        """Whether the next command of this queue starts after `node` is complete anyway."""
        return self._start_clock(chiplet, queue)[node.place] >= node.index

    def _node(self, chiplet: int, queue: int, command: Command | None, needs: set[Node]) -> Node:
        start = self._start_clock(chiplet, queue)
        open_ = [n for n in needs if start[n.place] < n.index]
        waits = {
            n for n in open_
            if not any(m is not n and m.clock[n.place] >= n.index for m in open_)
        }
        for n in waits:
            if n.chiplet != chiplet:
                raise AssertionError("a command can only wait for its own chiplet")
            n.signals.add(queue)
        clock = np.maximum.reduce([start, *(n.clock for n in waits)]).copy()
        last = self._last.get((chiplet, queue))
        index = 0 if last is None else last.index + 1
        clock[chiplet, queue] = index
        node = Node(chiplet, queue, len(self.nodes), index, command, clock, waits)
        self.nodes.append(node)
        self._last[chiplet, queue] = node
        return node

    # Who touched what

    def _segments(self, chiplet: int, p: Part) -> list[_Segment]:
        """The segments that make up exactly part `p`."""
        held = self._touched.setdefault((chiplet, p.name), [])
        out: list[_Segment] = []
        for s in held:
            cuts = [c for c in (p.first, p.last) if s.first < c < s.last]
            edges = [s.first, *cuts, s.last]
            out += [_Segment(a, b, s.writer, dict(s.readers)) for a, b in zip(edges, edges[1:])]
        at = p.first
        for s in [s for s in out if p.first <= s.first and s.last <= p.last]:
            if at < s.first:
                out.append(_Segment(at, s.first, None, {}))
            at = s.last
        if at < p.last:
            out.append(_Segment(at, p.last, None, {}))
        out.sort(key=lambda s: s.first)
        held[:] = out
        return [s for s in held if p.first <= s.first and s.last <= p.last]

    def _conflicts(self, chiplet: int, p: Part, write: bool) -> set[Node]:
        found: set[Node] = set()
        for s in self._segments(chiplet, p):
            if s.writer is not None:
                found.add(s.writer)
            if write:
                found.update(s.readers.values())
        return found

    def _mark(self, chiplet: int, node: Node, reads, writes) -> None:
        for p in reads:
            for s in self._segments(chiplet, p):
                s.readers[node.place] = node
        for p in writes:
            for s in self._segments(chiplet, p):
                s.writer, s.readers = node, {}

    # Lists

    def finish(self) -> list[bytes]:
        """Close the program with its barrier and return the encoded list of each chiplet."""
        remote = {n: self._remote_range(n) for n in self.nodes if n.arrivals}
        self._take_leftovers()
        remote |= {n: self._remote_range(n) for n in self._barrier()}
        steps = self._waits()
        lists: list[list[Command]] = [[] for _ in range(self.n)]
        for node in self.nodes:
            if node.command is None:
                continue
            own = PEER0 + node.chiplet
            waits = [g for step in steps[node] for g in _runs(step, own)]
            signals = _runs(node.signals)
            values = dict(node.command.values)
            if waits:
                values["wait_first"], values["wait_count"] = waits[-1]
            if signals:
                values["signal_first"], values["signal_count"] = signals[0]
            if remote.get(node):
                values["remote_first"], values["remote_count"] = remote[node]
            lists[node.chiplet] += [
                *(_sync(node.queue, wait=w) for w in waits[:-1]),
                Command(node.command.name, node.queue, values, node.command.bases),
                *(_sync(node.queue, signal=s) for s in signals[1:]),
            ]
        end = Command("end", 0).encode()
        return [b"".join(c.encode() for c in commands_) + end for commands_ in lists]

    @staticmethod
    def _remote_range(node: Node) -> tuple[int, int] | None:
        """Range of queues that a send signals at its receivers."""
        wanted = set().union(*(a.signals for a in node.arrivals))
        if not wanted:
            return None
        for arrival in node.arrivals:
            arrival.signals = set(range(min(wanted), max(wanted) + 1))
        return min(wanted), max(wanted) - min(wanted) + 1

    def _signals(self) -> dict[tuple[int, int, int], list[Node]]:
        """Nodes that signal, by (chiplet, producer, consumer), in order."""
        out: dict[tuple[int, int, int], list[Node]] = defaultdict(list)
        for node in self.nodes:
            for consumer in node.signals:
                out[node.chiplet, node.queue, consumer].append(node)
        return out

    def _take_leftovers(self) -> None:
        """A final sync for each queue (but SEND, which has one anyway) that gets signals for the
        sake of a range only."""
        waited = {(w, n.queue) for n in self.nodes for w in n.waits}
        open_ = {(c, q) for (c, _, q), nodes in self._signals().items()
                 if q != SEND and (nodes[-1], q) not in waited}
        for chiplet, queue in sorted(open_):
            self._node(chiplet, queue, Command("sync", queue), set()).final = True

    def _barrier(self) -> list[Node]:
        """Per chiplet: wait for all queues, tell all peers, wait for all peers, notify the core."""
        ready = {
            c: {n for (chiplet, q), n in self._last.items() if chiplet == c and q < PEER0}
            for c in range(self.n)
        }
        everyone = range(self.n)
        if self.n == 1:
            told = []
        else:
            told = [self._send(c, self._signal_only([p for p in everyone if p != c]), ready[c],
                               [p for p in everyone if p != c]) for c in everyone]
        for c in everyone:
            needs = {a for node in told for a in node.arrivals if a.chiplet == c} or ready[c]
            self._node(c, SEND, Command("sync", SEND, {"notify": 1}), needs).final = True
        return told

    def _waits(self) -> dict[Node, list[set[int]]]:
        """Producers that each command takes from, step by step; the last step is its own, earlier
        ones are syncs before it.

        The k-th signal of a pair is taken by the k-th wait, so a command that needs the k-th takes
        all that are open up to it. What is left is taken by the final command of the queue.
        """
        sent = self._signals()
        number = {(n, pair): k for pair, nodes in sent.items() for k, n in enumerate(nodes)}
        producers: dict[tuple[int, int], list[int]] = defaultdict(list)
        for chiplet, producer, consumer in sent:
            producers[chiplet, consumer].append(producer)
        taken: dict[tuple[int, int, int], int] = defaultdict(int)
        out: dict[Node, list[set[int]]] = {}
        for node in self.nodes:
            if node.command is None:
                continue
            due: dict[int, int] = {}
            for producer in producers[node.place]:
                pair = (node.chiplet, producer, node.queue)
                goal = max((number[w, pair] + 1 for w in node.waits if w.queue == producer),
                           default=0)
                gone = taken[pair]
                while gone < len(sent[pair]) and sent[pair][gone].order < node.order:
                    gone += 1
                goal = max(goal, gone if node.final else gone - MAX_PENDING)
                if gone - taken[pair] > COUNTER_MAX:
                    raise ValueError(f"chiplet {node.chiplet}: more than {COUNTER_MAX} signals "
                                     f"from {producer} to {node.queue} are left open")
                if goal > taken[pair]:
                    due[producer] = goal - taken[pair]
                    taken[pair] = goal
            depth = max(due.values(), default=0)
            out[node] = [{p for p, k in due.items() if k > d} for d in reversed(range(depth))]
        return out


def _sync(queue: int, wait: tuple[int, int] | None = None,
          signal: tuple[int, int] | None = None) -> Command:
    values = {}
    if wait:
        values["wait_first"], values["wait_count"] = wait
    if signal:
        values["signal_first"], values["signal_count"] = signal
    return Command("sync", queue, values)


def _runs(numbers: set[int], passed_over: int = -1) -> list[tuple[int, int]]:
    """Consecutive runs as (first, count); a run may span the number that is passed over."""
    if {passed_over - 1, passed_over + 1} <= numbers:
        numbers = numbers | {passed_over}
    runs: list[tuple[int, int]] = []
    for n in sorted(numbers):
        if runs and sum(runs[-1]) == n:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((n, 1))
    return runs
