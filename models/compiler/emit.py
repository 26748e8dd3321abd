# SPDX-License-Identifier: Apache-2.0
"""What the stages of a model are made of: buffers of a chunk, commands, norm, product, residual."""

from __future__ import annotations

import numpy as np

from models import vector
from models import vector_engine as ve
from models.compiler.pipeline import Based, Turn, command
from models.compiler.plan import Linear, Plan, Shard
from models.compiler.program import MACRO0, SEND, VE, Buffer, Part, Program, part
from models.compiler.shard import Range, up

Fields = dict[str, int | Based]


def bits(value: float | np.float32) -> int:
    """fp32 pattern."""
    return int(np.float32(value).view(np.uint32))


class Emitter:
    """Adds the commands of one turn after the other (`turn`) to a program."""

    turn: Turn

    def __init__(self, plan: Plan) -> None:
        self.plan, self.model = plan, plan.model
        self.epsilon = bits(vector.norm_epsilon(plan.model.norm_eps, plan.model.dim))

    # What a chunk uses

    def begin(self) -> None:
        """Start a list."""
        self.program = Program(self.plan.config)
        self.owner: dict[str, int | None] = {}

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

    def _norm(self, x: Buffer, gain: int, to: Buffer, scale: str, fields: Fields) -> None:
        """to = Q(x * gain), scalars `scale` = rsqrt(S(x * x) + epsilon)."""
        gains = self.plan.buffers["gains"]
        r, scales = self._scalars(scale)
        for c in range(self.plan.n):
            self._ve(c, {
                "bin": ve.BIN_MUL, "reduce": ve.REDUCE_SQUARES, "post": ve.POST_RSQRT,
                "out": ve.OUT_MX, "a": x.beat, "b": gains.beat + gain * gains.beats, "d": to.beat,
                "len": self.model.dim, "a_outer": x.beats, "d_outer": to.beats, "s_dst": r,
                "imm": self.epsilon, **fields}, [part(x)], [part(to), scales])

    def _linear(self, linear: Linear, source: Buffer, to: Buffer, at: list[int] = (),
                blocks: Range | None = None) -> None:
        """Product of rows of `source`. at: first beat of the result in `to` on each chiplet.
        blocks: only these contraction blocks, added to what those before them have given."""
        for c in range(self.plan.n):
            for shard in linear.shards[c]:
                self._shard(c, linear, shard, source, to, at[c] if at else 0,
                            blocks or Range(0, up(linear.depth, self.plan.block)))

    def _shard(self, c: int, linear: Linear, s: Shard, source: Buffer, to: Buffer, at: int,
               blocks: Range) -> None:
        lanes, b = self.plan.lanes, self.plan.block
        first, beats = at + s.column // lanes, up(s.cols, lanes)
        self._mac(c, s.macro, {
            "src": source.beat + blocks.first, "dst": to.beat + first, "set": s.set + blocks.first,
            "cols": s.cols, "depth": min(linear.depth, blocks.end * b) - blocks.first * b,
            "tile_stride": up(linear.depth, b), "src_outer": source.beats, "dst_outer": to.beats,
            "accumulate": int(blocks.first > 0)},
            [part(source, blocks.first, blocks.count)], [part(to, first, beats)])

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
