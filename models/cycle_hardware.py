# SPDX-License-Identifier: Apache-2.0
"""Parameters of the cycle model, and the cycles of one command on an engine that nobody disturbs.

The formulas are those of docs/dimc/, docs/vector.md, docs/chiplet.md and rtl/link; cycle t is
the cycle in which an engine takes a command. Nothing here knows what a command computes.
"""

from __future__ import annotations

import dataclasses

from models import vector_engine as ve
from models.commands import Command


@dataclasses.dataclass(frozen=True)
class Hardware:
    """One chiplet and its links; the defaults are the RTL as built. Times are cycles.

    Dispatch: queue_depth commands per queue, in_flight started and not posted; the fetcher reads
    bursts of fetch_burst commands, fetch_ahead of them outstanding; queued command to engine in
    start_latency; completion to record in post_latency; packet's last beat to consumer in
    packet_latency.
    Macro: vector_cycles per activation vector; first vector mac_start after acceptance, and with
    `accumulate` no earlier than accumulate_start after the last result of the command before; first
    result result_latency after its vector; result_rate beats per cycle through the result port;
    buffer activation beats read ahead.
    Vector engine: fn_cycles per beat of a transcendental; tree latency of a reduction, which is
    also the least row interval unless reduce_interleaved; row_overlap: rows of a command follow
    each other without gap; ve_overlap: so do commands that do not depend on each other;
    ve_start from acceptance to the first beat.
    Stash: banks; see `conflict`.
    MOVE: move_start or row_start cycles besides one, or row_cycles, per beat.
    Links: phits_per_beat and control_phits per flit of flit_beats, the last flit of a command of at
    most tail_beats; link_buffer beats between SEND and the link; link_latency from control phit
    sent to beat received, flight time included; send_start from acceptance to the first beat.
    Memory: memory_latency from the fetcher's request to its first command, fetch_latency of it on
    the chip.
    """

    n_macros: int = 4
    block: int = 64
    vector_cycles: int = 8
    buffer: int = 64
    mac_start: int = 4
    accumulate_start: int = 1
    result_latency: int = 14
    result_rate: float = 1.0
    queue_depth: int = 8
    in_flight: int = 4
    fetch_burst: int = 8
    fetch_ahead: int = 2
    start_latency: int = 1
    post_latency: int = 2
    packet_latency: int = 2
    fn_cycles: int = 2
    ve_start: int = 6
    row_overlap: bool = True
    reduce_interleaved: bool = False
    ve_overlap: bool = False
    banks: int = 16
    move_start: int = 5
    row_start: int = 4
    row_cycles: int = 2
    phits_per_beat: int = 2
    control_phits: int = 1
    flit_beats: int = 8
    tail_beats: int = 4
    link_buffer: int = 4
    link_latency: int = 15
    send_start: int = 3
    memory_latency: int = 44
    fetch_latency: int = 4

    @property
    def lanes(self) -> int:
        return self.block // 4

    @property
    def tree(self) -> int:
        """Cycles of the reduction tree (T of docs/vector.md)."""
        return 4 + self.lanes.bit_length() - 1

    def conflict(self, load: float) -> float:
        """Cycles per beat of a stream while others move `load` beats per cycle.

        A request meets another one at its bank with probability load / banks and loses one time
        in two; with few banks the banks are simply full (three streams of the vector engine).
        models/cycle_stash.py simulates the banks: from 8 banks on this errs on the slow side.
        """
        return max(1 + load / (2 * self.banks), (3 + load) / self.banks)


@dataclasses.dataclass(frozen=True)
class Firmware:
    """Cycles of the control core between lists, measured in the trace of a run.

    list_gap: from a list's notify to the start of the next list. step_gap: from the notify of a
    step list of a prompt to the first load pushed for the next. chunk_gap: from the notify of the
    head list to the first load pushed for the next token; chiplet_gap: more for each chiplet, whose
    argmax is compared. token_gap: from one load pushed to the next, if DMA is not slower.
    start_gap: from the last embedding row to the start of the list. request_gap: the other chiplets
    start the first list of a request later than chiplet 0.
    """

    list_gap: int = 98
    step_gap: int = 150
    chunk_gap: int = 190
    chiplet_gap: int = 32
    token_gap: int = 60
    start_gap: int = 76
    request_gap: int = 518

    def head_gap(self, chiplets: int) -> int:
        """Around a head list: from the list before to it, and from it to the next token."""
        return self.list_gap + self.chunk_gap + self.chiplet_gap * chiplets


def target(**changes) -> Hardware:
    """What the chiplet at full strength should reach."""
    return Hardware(**{"fn_cycles": 2, "reduce_interleaved": True, "ve_overlap": True, **changes})


@dataclasses.dataclass(frozen=True)
class Cost:
    """Of a command accepted in cycle t: `done` and `next` (the engine can take another command),
    from t, if the engine was idle; `load` in stash beats per cycle meanwhile."""

    done: int
    next: int
    load: float


@dataclasses.dataclass(frozen=True)
class MacCost:
    """Of a mac command: vectors, cycles of feeding, last tile's result beats, activation beats and
    tiles per row, stash beats per cycle."""

    vectors: int
    feed: int
    drain: int
    beats: int
    tiles: int
    load: float


def up(a: int, b: int) -> int:
    """ceil(a / b)"""
    return -(-a // b)


def mac(c: Command, h: Hardware, load: float) -> MacCost:
    """Cycles of a mac command while others move `load` stash beats per cycle."""
    tile = 2 * h.block if c.int4 else h.block
    tiles, blocks, rows = up(c.cols, tile), up(c.depth, h.block), c.outer * c.inner
    beats = up(min(c.cols, tile), h.lanes)
    last = up(c.cols - (tiles - 1) * tile, h.lanes)
    per_beat = h.conflict(load) / h.result_rate

    def span(results: int) -> int:
        return max(blocks * h.vector_cycles, round(results * per_beat))

    feed = rows * ((tiles - 1) * span(beats) + span(last))
    resident = blocks <= h.buffer
    moved = rows * (blocks * (1 if resident else tiles) + (tiles - 1) * beats + last)
    return MacCost(rows * tiles * blocks, feed, round(last / h.result_rate), rows * blocks,
                   tiles if resident else 1, moved / feed)


FN_LATENCY = {ve.FN_EXP2: 10, ve.FN_SILU: 21, ve.FN_GELU: 12, ve.FN_GELU_TANH: 24}
"""Cycles besides fn_cycles."""


def vector(c: Command, h: Hardware, load: float = 0) -> Cost:
    """Cycles of a ve command (docs/vector.md), stretched by bank conflicts."""
    span = c.len + (c.outer - 1 if c.causal else 0)
    n, rows = up(span, h.lanes), c.outer * c.inner
    per_beat = max(h.fn_cycles if c.fn else 1, h.conflict(load) if load else 1)
    fn = FN_LATENCY[c.fn] + h.fn_cycles if c.fn else 0
    tail = (n - 1) * per_beat
    ends = [6 + 2 + fn]
    if c.out == ve.OUT_FP32:
        ends.append(6 + 3 + fn)
    elif c.out == ve.OUT_MX:
        ends.append(6 + 4 + fn + _quantiser(n, rows, h.fn_cycles if c.fn else 1))
    tree = c.reduce and c.reduce != ve.REDUCE_ROWS
    if tree:
        table = c.post in (ve.POST_RSQRT, ve.POST_RECIP) and c.reduce != ve.REDUCE_ARGMAX
        squares = 3 if c.scale else 2
        ends.append((squares if c.reduce == ve.REDUCE_SQUARES else 5 + fn) + h.tree
                    + (11 if table else 3))
    interval = n * per_beat
    if tree and not h.reduce_interleaved:
        interval = max(interval, h.tree)
    if not h.row_overlap:
        interval = n * per_beat + max(ends)
    done = round(h.ve_start + (rows - 1) * interval + tail + max(ends))
    issue = round(h.ve_start + rows * interval)
    streams = 1 + bool(c.bin or c.fold) + (1 if c.out == ve.OUT_FP32 else 0.25 * bool(c.out))
    return Cost(done, min(done, issue) if h.ve_overlap else done + 1, streams / per_beat)


def _quantiser(beats: int, rows: int, per_beat: int) -> int:
    """Steps from the last beat to the last converted one: a group of four is converted, one beat
    per step, once it is complete and the group before it is done."""
    groups = ([4] * (beats // 4) + ([beats % 4] if beats % 4 else []))[-2:] * min(rows, 2)
    complete = done = 0
    for group in groups:
        complete += group * per_beat
        done = max(done, complete) + group
    return done - complete


def dma(c: Command, h: Hardware) -> Cost:
    """Cycles of a load, store or weights command."""
    rows = 1 if c.name == "weights" else c.rows
    mx = c.name == "weights" or c.mx
    beats = rows * (c.count + (up(c.count, h.block // 2) if mx else 0))
    done = h.memory_latency - h.fetch_latency + max(beats, 2 * rows - 1) + 3
    return Cost(done, done + 1, 0.0 if c.name == "weights" else 1.0)


def move(c: Command, h: Hardware) -> Cost:
    """Cycles of a column or row command."""
    beats = c.rows * c.tiles
    done = beats * h.row_cycles + h.row_start if c.name == "row" else beats + h.move_start
    return Cost(done, done + 1, 1.0)


def send(c: Command, h: Hardware) -> tuple[int, int]:
    """Cycles that a send occupies each link, and beats of its last flit (0: a signal alone)."""
    if not c.count:
        return h.control_phits, 0
    flits = up(c.count, h.flit_beats)
    contiguous = c.rows > 1 and c.dst_stride == c.count
    if contiguous:
        flits, total = up(c.rows * c.count, h.flit_beats), c.rows * c.count
    else:
        flits, total = c.rows * flits, c.rows * c.count
    per_row = total if contiguous else c.count
    last = (per_row - 1) % h.flit_beats + 1
    if h.flit_beats > h.tail_beats:  # the end of a command goes in a flit of its own
        if last > h.tail_beats:
            flits, last = flits + 1, last - h.tail_beats
        elif per_row > h.flit_beats:
            last = h.tail_beats
    return total * h.phits_per_beat + flits * h.control_phits, last
