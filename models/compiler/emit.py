# SPDX-License-Identifier: Apache-2.0
"""What the stages of a model are made of: buffers of a chunk, commands, norms, products with their
biases, residual."""

from __future__ import annotations

import collections

import numpy as np

from models import vector
from models import vector_engine as ve
from models.compiler.pipeline import Based, Turn, command, shift
from models.compiler.plan import RESIDENT, Addresses, Linear, Plan, Shard
from models.compiler.program import DMA, MACRO0, SEND, VE, Buffer, Part, Program, part
from models.compiler.shard import Range, up

Fields = dict[str, int | Based]


def bits(value: float | np.float32) -> int:
    """fp32 pattern."""
    return int(np.float32(value).view(np.uint32))


def _sets(shard: Shard) -> Part:
    """The weight sets of a shard as what commands read and write."""
    return Part(f"sets{shard.macro}.{shard.set}")


class Emitter:
    """Adds the commands of one turn after the other (`turn`) to a program."""

    turn: Turn

    def __init__(self, plan: Plan, tables: int, addresses: Addresses | None = None) -> None:
        self.plan, self.model, self.family = plan, plan.model, plan.family
        self.tables, self.addresses = tables, addresses or {}
        gains = plan.buffers["gains"]
        self.biases = tables + plan.capacity * plan.position_beats + gains.rows * gains.beats
        self.epsilon = bits(vector.norm_epsilon(plan.model.norm_eps, plan.model.dim))

    # What a chunk uses

    def begin(self) -> None:
        """Start a list."""
        self.program = Program(self.plan.config)
        self.owner: dict[str, int | None] = {}
        self.free: collections.deque[tuple[int, int, Shard]] = collections.deque()

    def _stream(self, most: int, due: int | None = None) -> None:
        """Bring weights into sets that have been used for the last time in their layer: at most so
        many shards, or all that layer `due` needs. Behind the last layers come the first ones
        again, for the next list."""
        while self.free and (most > 0 if due is None else self.free[0][0] <= due):
            layer, c, s = self.free.popleft()
            most -= 1
            held = layer if layer < self.model.n_layers else layer % RESIDENT
            at, count = self.addresses[c, held, s.macro, s.set]
            self.program.add(c, DMA, command("weights", DMA, {
                "mem": at, "set": s.set, "count": count, "macro": s.macro}), [], [_sets(s)])

    def _tokens(self, name: str) -> Buffer:
        """This chunk's rows of a buffer that has rows for every token of the list."""
        whole, rows = self.plan.buffers[name], self.turn.tokens
        return Buffer(f"{name}.{self.turn.chunk}",
                      whole.beat + self.turn.chunk * rows * whole.beats, rows, whole.beats)

    def _buffer(self, name: str) -> Buffer:
        """This chunk's copy of a buffer, in this layer."""
        copy = self.plan.layout.copy(name, self.turn.job)
        self.owner.setdefault(copy.name, None)
        return copy

    def _scalars(self, name: str) -> tuple[int, Part]:
        """The same of the scalar file: first entry, and what stands for the entries."""
        layout = self.plan.layout
        copy = self.turn.job % layout.copies[name]
        self.owner.setdefault(f"{name}.{copy}", None)
        return layout.scalars[name] + copy * layout.scalar_rows[name], Part(f"{name}.{copy}")

    def _own(self, reads: list[Part], writes: list[Part]) -> None:
        """A chunk reads only what it wrote itself: there are copies enough."""
        for p in reads:
            if self.owner.get(p.name, self.turn.job) != self.turn.job:
                raise AssertionError(f"{p.name} belongs to another chunk already: {self.turn}")
        self.owner |= {p.name: self.turn.job for p in writes if p.name in self.owner}

    # Commands

    def _add(self, c: int, queue: int, name: str, fields: Fields, reads: list[Part],
             writes: list[Part]) -> None:
        self._own(reads, writes)
        self.program.add(c, queue, command(name, queue, fields), reads, writes)

    def _ve(self, c: int, fields: Fields, reads: list[Part], writes: list[Part]) -> None:
        self._add(c, VE, "ve", {"outer": self.turn.rows, "inner": 1, **fields}, reads, writes)

    def _mac(self, c: int, macro: int, fields: Fields, reads: list[Part],
             writes: list[Part]) -> None:
        self._add(c, MACRO0 + macro, "mac", {"outer": self.turn.rows, "inner": 1, **fields},
                  reads, writes)

    def _send(self, c: int, buffer: Buffer, first: int, beats: int, register: int = 0) -> None:
        """Multicast beats first to first + beats - 1 of each row; register: base of both ends."""
        if self.plan.n == 1 or not beats:
            return
        moved = [part(buffer, first, beats)]
        self._own(moved, moved)
        self.program.send(c, command("send", SEND, {
            "src": (buffer.beat + first, register), "dst": (buffer.beat + first, register),
            "rows": self.turn.rows,
            "count": beats, "src_stride": buffer.beats, "dst_stride": buffer.beats}), moved, moved)

    def _load_positions(self) -> Buffer:
        """Rows of the position table for this chunk. The table has beat k of all positions before
        beat k + 1 of all positions. RoPE rows are loaded beat by beat for all layers; rows to be
        added are as wide as x, so they are loaded row by row, as many as a full chunk has."""
        if self.family.rope:
            to = self._tokens("positions")
            for k in range(to.beats):
                self._load_strided(to, k, k * self.plan.capacity, {
                    "rows": self.turn.rows, "mem_stride": 1, "stash_stride": to.beats})
            return to
        to = self._buffer("positions")
        for t in range(self.turn.tokens):
            self._load_strided(to, t * to.beats, t, {
                "rows": to.beats, "mem_stride": self.plan.capacity, "stash_stride": 1})
        return to

    def _load_strided(self, to: Buffer, at: int, table: int, fields: Fields) -> None:
        """Single beats of the position table, from beat `table` of it on, to `at` in a buffer."""
        for c in range(self.plan.n):
            self._add(c, DMA, "load", {
                "mem": shift(self.tables + table, self.turn.position), "stash": to.beat + at,
                "count": 1, **fields}, [], [part(to)])

    def _norm(self, number: int, x: Buffer, to: Buffer | None, scale: str,
              fields: Fields | None = None) -> None:
        """Norm `number` of x, quantised to `to`. RMSNorm leaves out the scale that multiplies the
        product instead. Post-norm families replace x. `fields` change where x is."""
        for c in range(self.plan.n):
            if self.family.layer_norm:
                self._layer_norm(c, number, x, to, scale, fields or {})
            else:
                self._rms_norm(c, number, x, to, scale, fields or {})

    def _rms_norm(self, c: int, number: int, x: Buffer, to: Buffer, scale: str,
                  fields: Fields) -> None:
        """to = Q(x * gain), scalars `scale` = rsqrt(S(x * x) + epsilon)."""
        gains = self.plan.buffers["gains"]
        r, scales = self._scalars(scale)
        self._ve(c, {
            "bin": ve.BIN_MUL, "reduce": ve.REDUCE_SQUARES, "post": ve.POST_RSQRT,
            "out": ve.OUT_MX, "a": x.beat, "b": gains.beat + number * gains.beats, "d": to.beat,
            "len": self.model.dim, "a_outer": x.beats, "d_outer": to.beats, "s_dst": r,
            "imm": self.epsilon, **fields}, [part(x)], [part(to), scales])

    def _layer_norm(self, c: int, number: int, x: Buffer, to: Buffer | None, scale: str,
                    fields: Fields) -> None:
        """d = x - mean, r = rsqrt(S(d * d) + epsilon), then (d * r) * gain + beta: quantised to
        `to`, or in place of x and then quantised."""
        post, dim = self.family.post_norm, self.model.dim
        middle = x if post else self._buffer("centred")
        (mean, means), (r, scales) = self._scalars("mean"), self._scalars(scale)
        row = {"a": x.beat, "len": dim, "a_outer": x.beats}
        self._ve(c, {**row, "reduce": ve.REDUCE_SUM, "post": ve.POST_MUL, "imm": bits(1 / dim),
                     "s_dst": mean, **fields}, [part(x)], [means])
        self._ve(c, {**row, "scale": ve.SCALE_SUB, "s_src": mean, "reduce": ve.REDUCE_SQUARES,
                     "post": ve.POST_RSQRT, "imm": self.epsilon, "s_dst": r, "out": ve.OUT_FP32,
                     "d": middle.beat, "d_outer": middle.beats, **fields},
                 [part(x), means], [part(middle), scales])
        self._affine(c, number, middle, x if post else to, (r, scales))
        if post and to:
            self._quantize(c, x, to, Range(0, dim))

    def _affine(self, c: int, number: int, x: Buffer, to: Buffer, scale: tuple[int, Part]) -> None:
        """to = (x * r) * gain + beta, by as many elements as the held row has; in place in fp32,
        else quantised."""
        gains, lanes = self.plan.buffers["gains"], self.plan.lanes
        gain = gains.beat + 2 * number * gains.beats
        per_beat = lanes if to is x else self.plan.block
        for first in range(0, x.beats, ve.HELD_BEATS):
            size = min(self.model.dim - first * lanes, ve.HELD_BEATS * lanes)
            at, beats = first * lanes // per_beat, up(size, per_beat)
            self._ve(c, {"outer": 1, "out": ve.OUT_HOLD, "a": gain + gains.beats + first,
                         "len": size}, [], [])
            self._ve(c, {
                "scale": ve.SCALE_MUL, "s_src": scale[0], "bin": ve.BIN_AFFINE, "a": x.beat + first,
                "b": gain + first, "d": to.beat + at, "len": size, "a_outer": x.beats,
                "d_outer": to.beats, "out": ve.OUT_FP32 if to is x else ve.OUT_MX},
                [part(x, first, up(size, lanes)), scale[1]], [part(to, at, beats)])

    def _quantize(self, c: int, source: Buffer, to: Buffer, elements: Range) -> None:
        lanes, b = self.plan.lanes, self.plan.block
        first, at = elements.first // lanes, elements.first // b
        self._ve(c, {
            "out": ve.OUT_MX, "a": source.beat + first, "d": to.beat + at, "len": elements.count,
            "a_outer": source.beats, "d_outer": to.beats},
            [part(source, first, up(elements.count, lanes))],
            [part(to, at, up(elements.count, b))])

    def _linear(self, linear: Linear, source: Buffer, to: Buffer, at: list[int] = (),
                blocks: Range | None = None) -> None:
        """Product of rows of `source`, from the biases on if there are any. at: first beat of the
        result in `to` on each chiplet. blocks: only these contraction blocks, added to what those
        before them have given."""
        blocks = blocks or Range(0, up(linear.depth, self.plan.block))
        for c in range(self.plan.n):
            first = at[c] if at else 0
            if linear.bias is not None and linear.shards[c] and not blocks.first:
                self._load_bias(c, linear, to, first)
            for shard in linear.shards[c]:
                self._shard(c, linear, shard, source, to, first, blocks)
        streamed = self.plan.stream and linear is not self.plan.head
        if streamed and self.turn.last and blocks.end == up(linear.depth, self.plan.block):
            self.free += [(self.turn.layer + RESIDENT, c, s)
                          for c, shards in enumerate(linear.shards) for s in shards]

    def _load_bias(self, c: int, linear: Linear, to: Buffer, at: int) -> None:
        """The row from which a product starts, for every token."""
        beats = up(len(linear.columns[c]), self.plan.lanes)
        self._add(c, DMA, "load", {
            "mem": self.biases + linear.bias, "stash": to.beat + at, "stash_stride": to.beats,
            "rows": self.turn.rows, "count": beats}, [], [part(to, at, beats)])

    def _shard(self, c: int, linear: Linear, s: Shard, source: Buffer, to: Buffer, at: int,
               blocks: Range) -> None:
        lanes, b = self.plan.lanes, self.plan.block
        first, beats = at + s.column // lanes, up(s.cols, lanes)
        self._mac(c, s.macro, {
            "src": source.beat + blocks.first, "dst": to.beat + first, "set": s.set + blocks.first,
            "cols": s.cols, "depth": min(linear.depth, blocks.end * b) - blocks.first * b,
            "tile_stride": up(linear.depth, b), "src_outer": source.beats, "dst_outer": to.beats,
            "accumulate": int(blocks.first > 0 or linear.bias is not None)},
            [part(source, blocks.first, blocks.count), _sets(s)], [part(to, first, beats)])

    def _residual(self, slices: list[Range], y: Buffer) -> None:
        """x += y, each chiplet its slice, which then goes to the others."""
        p, x = self.plan, self._tokens("x")
        for c, mine in enumerate(slices):
            if not mine.count:
                continue
            first, beats = mine.first // p.lanes, up(mine.count, p.lanes)
            self._ve(c, {
                "bin": ve.BIN_ADD, "out": ve.OUT_FP32, "a": x.beat + first, "b": y.beat,
                "d": x.beat + first, "len": mine.count, "a_outer": x.beats, "b_outer": y.beats,
                "d_outer": x.beats}, [part(x, first, beats), part(y, 0, beats)],
                [part(x, first, beats)])
            self._send(c, x, first, beats)
