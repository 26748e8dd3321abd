# SPDX-License-Identifier: Apache-2.0
"""The Llama family as command lists: models/llama.py, operation by operation, on a Plan.

Base registers, set by the firmware before a list: r1 POS (tokens before this chunk), r2 M (tokens
in the chunk), r3 POS + M, r4 POS * beats of a RoPE row, r5 (M - 1) * beats of a row of x.
"""

from __future__ import annotations

import numpy as np

from models import vector
from models import vector_engine as ve
from models.commands import Command
from models.compiler.plan import Group, Layer, Linear, Plan, Shard, up
from models.compiler.program import DMA, MACRO0, MOVE, SEND, VE, Buffer, Part, Program, part
from models.compiler.shard import Range

POS, M, END, ROPE, LAST = 1, 2, 3, 4, 5


def bits(value: float | np.float32) -> int:
    """fp32 pattern."""
    return int(np.float32(value).view(np.uint32))


class Lists:
    """Step and head list of a plan. `tables` is the memory beat of the RoPE rows."""

    def __init__(self, plan: Plan, tables: int) -> None:
        self.plan, self.tables = plan, tables
        self.model = plan.model
        self.epsilon = bits(vector.norm_epsilon(plan.model.norm_eps, plan.model.dim))
        self.softmax = bits(vector.softmax_constant(plan.model.head_dim))
        self.r = plan.scalars["r"]

    def step(self) -> list[bytes]:
        """All layers for M tokens at POS: per chiplet the encoded list."""
        self.program = Program(self.plan.config)
        rope = self.plan.buffers["rope"]
        for c in range(self.plan.n):
            load = Command("load", DMA, {
                "mem": self.tables, "stash": rope.beat, "count": rope.beats,
                "mem_stride": rope.beats, "stash_stride": rope.beats}, {"mem": ROPE, "rows": M})
            # The firmware has just loaded x: nobody may send to it before this list has begun.
            self.program.add(c, DMA, load, writes=[part(rope), part(self.plan.buffers["x"])])
        for i, layer in enumerate(self.plan.layers):
            self._attention(i, layer)
            self._ffn(i, layer)
        return self.program.finish()

    def head(self) -> list[bytes]:
        """Final norm, logits and argmax of the last of M tokens."""
        p, self.program = self.plan, Program(self.plan.config)
        xq, logits, slots = (p.buffers[n] for n in ("head_xq", "logits", "slots"))
        for c in range(p.n):
            self._norm(c, 2 * self.model.n_layers, xq, last=True)
        self._linear(p.head, xq, logits, tokens=False)
        for c, mine in enumerate(p.vocab):
            if not mine.count:
                continue
            self._ve(c, {
                "scale": ve.SCALE_MUL, "s_src": self.r, "reduce": ve.REDUCE_ARGMAX,
                "out": ve.OUT_ARGMAX, "a": logits.beat, "d": slots.beat + c, "len": mine.count,
                "imm": mine.first, "outer": 1}, {},
                [part(logits)], [part(slots, c, 1)])
            self._send(c, slots, c, 1, tokens=False)
        return self.program.finish()

    # Commands

    def _ve(self, c: int, values: dict[str, int], bases: dict[str, int], reads: list[Part],
            writes: list[Part]) -> None:
        self.program.add(c, VE, Command("ve", VE, {"inner": 1, **values}, bases), reads, writes)

    def _mac(self, c: int, macro: int, values: dict[str, int], bases: dict[str, int],
             reads: list[Part], writes: list[Part]) -> None:
        queue = MACRO0 + macro
        self.program.add(c, queue, Command("mac", queue, {"inner": 1, **values}, bases),
                         reads, writes)

    def _send(self, c: int, buffer: Buffer, first: int, beats: int, tokens: bool = True) -> None:
        """Multicast beats first to first + beats - 1 of each row."""
        if self.plan.n == 1 or not beats:
            return
        command = Command("send", SEND, {
            "src": buffer.beat + first, "dst": buffer.beat + first, "rows": 0 if tokens else 1,
            "count": beats, "src_stride": buffer.beats, "dst_stride": buffer.beats,
        }, {"rows": M} if tokens else {})
        moved = [part(buffer, first, beats)]
        self.program.send(c, command, moved, moved)

    def _norm(self, c: int, gain: int, to: Buffer, last: bool = False) -> None:
        """to = Q(x * gain), scalar r = rsqrt(S(x * x) + epsilon)."""
        p = self.plan
        x, gains = p.buffers["x"], p.buffers["gains"]
        bases = {"a": LAST} if last else {"outer": M}
        self._ve(c, {
            "bin": ve.BIN_MUL, "reduce": ve.REDUCE_SQUARES, "post": ve.POST_RSQRT,
            "out": ve.OUT_MX, "a": x.beat, "b": gains.beat + gain * gains.beats, "d": to.beat,
            "len": self.model.dim, "a_outer": x.beats, "d_outer": to.beats, "s_dst": self.r,
            "imm": self.epsilon, "outer": int(last)}, bases, [part(x)], [part(to)])

    def _linear(self, linear: Linear, source: Buffer, to: Buffer, tokens: bool = True) -> None:
        for c in range(self.plan.n):
            for shard in linear.shards[c]:
                self._shard(c, linear, shard, source, to, tokens)

    def _shard(self, c: int, linear: Linear, s: Shard, source: Buffer, to: Buffer,
               tokens: bool) -> None:
        lanes = self.plan.lanes
        first, beats = s.column // lanes, up(s.cols, lanes)
        self._mac(c, s.macro, {
            "src": source.beat, "dst": to.beat + first, "set": s.set, "cols": s.cols,
            "depth": linear.depth, "outer": 0 if tokens else 1,
            "tile_stride": up(linear.depth, self.plan.block), "src_outer": source.beats,
            "dst_outer": to.beats,
        }, {"outer": M} if tokens else {}, [part(source)], [part(to, first, beats)])

    def _residual(self, slices: list[Range]) -> None:
        """x += y, each chiplet its slice, which then goes to the others."""
        p = self.plan
        x, y = p.buffers["x"], p.buffers["y"]
        for c, mine in enumerate(slices):
            if not mine.count:
                continue
            first, beats = mine.first // p.lanes, up(mine.count, p.lanes)
            self._ve(c, {
                "bin": ve.BIN_ADD, "out": ve.OUT_FP32, "a": x.beat + first, "b": y.beat,
                "d": x.beat + first, "len": mine.count, "a_outer": x.beats, "b_outer": y.beats,
                "d_outer": x.beats}, {"outer": M},
                [part(x, first, beats), part(y, 0, beats)], [part(x, first, beats)])
            self._send(c, x, first, beats)

    # Attention

    def _attention(self, i: int, layer: Layer) -> None:
        p = self.plan
        xq = p.buffers["xq"]
        for c in range(p.n):
            self._norm(c, 2 * i, xq)
        self._linear(layer.qkv, xq, p.buffers["qkv"])
        for c in range(p.n):
            if layer.groups[c]:
                self._rotate(c)
                self._append(c, i, layer.groups[c])
        for c in range(p.n):
            for g, group in enumerate(layer.groups[c]):
                self._scores(c, i, g, group)
        for c in range(p.n):
            for g, group in enumerate(layer.groups[c]):
                self._values(c, i, g, group)
        self._gather_attention(layer)
        self._linear(layer.wo, p.buffers["attention"], p.buffers["y"])
        self._residual(layer.wo_slices)

    def _rotate(self, c: int) -> None:
        """q and k: scaled by r, rotated, quantised per head; v: scaled, quantised per head."""
        p, hd = self.plan, self.model.head_dim
        qkv, qk, v, rope = (p.buffers[n] for n in ("qkv", "qk", "v", "rope"))
        kv = p.kv_heads[c].count
        rotated = p.heads[c].count + kv
        beats = rotated * p.head_beats
        common = {"scale": ve.SCALE_MUL, "s_src": self.r, "out": ve.OUT_MX, "len": hd,
                  "a_outer": qkv.beats, "a_inner": p.head_beats, "d_inner": p.head_tiles}
        self._ve(c, {
            **common, "bin": ve.BIN_ROPE, "a": qkv.beat, "b": rope.beat, "d": qk.beat,
            "inner": rotated, "b_outer": rope.beats, "d_outer": qk.beats}, {"outer": M},
            [part(qkv, 0, beats), part(rope)], [part(qk)])
        self._ve(c, {
            **common, "a": qkv.beat + beats, "d": v.beat, "inner": kv, "d_outer": v.beats},
            {"outer": M}, [part(qkv, beats, kv * p.head_beats)], [part(v)])

    def _append(self, c: int, i: int, groups: list[Group]) -> None:
        """K and V of the chunk into the array."""
        p = self.plan
        qk, v, ev = (p.buffers[n] for n in ("qk", "v", "ev"))
        for g in groups:
            common = {"tiles": p.head_tiles, "src_inner": 1, "macro": g.macro}
            bases = {"rows": M, "pos": POS}
            at = (p.heads[c].count + g.kv_local) * p.head_tiles
            self.program.add(c, MOVE, Command("column", MOVE, {
                **common, "src": qk.beat + at, "set": g.k_set, "src_outer": qk.beats,
                "block_stride": p.head_tiles, "tile_stride": 1}, bases),
                [part(qk)], [Part(f"k{i}.{g.kv}")])
            self.program.add(c, MOVE, Command("row", MOVE, {
                **common, "src": v.beat + g.kv_local * p.head_tiles, "set": g.v_set,
                "src_outer": v.beats, "block_stride": 1, "tile_stride": p.token_blocks,
                "ev": ev.beat + g.ev, "ev_stride": p.token_blocks}, bases),
                [part(v)], [Part(f"v{i}.{g.kv}"), Part(f"ev{i}.{g.kv}")])

    def _scores(self, c: int, i: int, g: int, group: Group) -> None:
        p = self.plan
        qk, scores = p.buffers["qk"], p.buffers[f"scores{g}"]
        self._mac(c, group.macro, {
            "src": qk.beat + group.local * p.head_tiles, "dst": scores.beat, "set": group.k_set,
            "depth": self.model.head_dim, "inner": group.heads, "tile_stride": p.head_tiles,
            "src_outer": qk.beats, "src_inner": p.head_tiles, "dst_outer": scores.beats,
            "dst_inner": p.score_beats}, {"outer": M, "cols": END},
            [part(qk), Part(f"k{i}.{group.kv}")], [part(scores)])

    def _values(self, c: int, i: int, g: int, group: Group) -> None:
        """Softmax of a group, with the exponents of V folded in, and its product with V."""
        p, b = self.plan, self.plan.block
        scores, weights, out = (p.buffers[f"{n}{g}"] for n in ("scores", "p", "o"))
        top, total = p.scalars["max"], p.scalars["sum"] + group.local * p.max_tokens
        common = {"a": scores.beat, "len": 1, "causal": 1, "inner": group.heads,
                  "a_outer": scores.beats, "a_inner": p.score_beats, "s_row": 1}
        bases = {"outer": M, "len": POS}
        self._ve(c, {**common, "reduce": ve.REDUCE_MAX, "s_dst": top}, bases, [part(scores)], [])
        size = group.heads * p.token_blocks
        for tile in range(p.head_tiles):
            reduced = {"reduce": ve.REDUCE_SUM, "post": ve.POST_RECIP, "s_dst": total}
            self._ve(c, {
                **common, **(reduced if tile == 0 else {}), "scale": ve.SCALE_SUB, "s_src": top,
                "fn": ve.FN_EXP2, "imm": self.softmax, "fold": 1, "out": ve.OUT_MX,
                "b": p.buffers["ev"].beat + group.ev + tile * p.token_blocks,
                "d": weights.beat + tile * size, "d_outer": weights.beats,
                "d_inner": p.token_blocks}, bases,
                [part(scores), Part(f"ev{i}.{group.kv}")], [part(weights, tile * size, size)])
            self._mac(c, group.macro, {
                "src": weights.beat + tile * size, "dst": out.beat + tile * b // p.lanes,
                "set": group.v_set + tile * p.token_blocks,
                "cols": min(b, self.model.head_dim - tile * b), "inner": group.heads,
                "src_outer": weights.beats, "src_inner": p.token_blocks, "dst_outer": out.beats,
                "dst_inner": p.head_beats}, {"outer": M, "depth": END},
                [part(weights, tile * size, size), Part(f"v{i}.{group.kv}")], [part(out)])

    def _gather_attention(self, layer: Layer) -> None:
        """o * 1/sum, quantised for wo by whoever holds whole blocks, to all chiplets."""
        p, hd, b = self.plan, self.model.head_dim, self.plan.block
        whole = p.head_pad % b == 0
        blocks = p.buffers["attention"]
        to = blocks if whole else p.buffers["attention_fp32"]
        step = p.head_pad // b if whole else p.head_beats  # beats of a head in `to`
        for c in range(p.n):
            for g, group in enumerate(layer.groups[c]):
                out = p.buffers[f"o{g}"]
                first = group.first * step
                self._ve(c, {
                    "scale": ve.SCALE_MUL, "s_row": 1, "a": out.beat, "d": to.beat + first,
                    "s_src": p.scalars["sum"] + group.local * p.max_tokens,
                    "out": ve.OUT_MX if whole else ve.OUT_FP32, "len": hd, "inner": group.heads,
                    "a_outer": out.beats, "a_inner": p.head_beats, "d_outer": to.beats,
                    "d_inner": step}, {"outer": M},
                    [part(out)], [part(to, first, group.heads * step)])
            mine = p.heads[c]
            if p.attention_direct:
                elements = Range(mine.first * p.head_pad, mine.count * p.head_pad)
                if not whole and mine.count:
                    self._quantize(c, to, blocks, elements)
                self._send(c, blocks, elements.first // b, up(elements.count, b))
            else:
                self._send(c, to, mine.first * p.head_beats, mine.count * p.head_beats)
        if not p.attention_direct:
            for c in range(p.n):
                self._quantize(c, to, blocks, Range(0, p.attention_width))

    def _quantize(self, c: int, source: Buffer, to: Buffer, elements: Range) -> None:
        lanes, b = self.plan.lanes, self.plan.block
        first, at = elements.first // lanes, elements.first // b
        self._ve(c, {
            "out": ve.OUT_MX, "a": source.beat + first, "d": to.beat + at, "len": elements.count,
            "a_outer": source.beats, "d_outer": to.beats}, {"outer": M},
            [part(source, first, up(elements.count, lanes))],
            [part(to, at, up(elements.count, b))])

    # Feed-forward

    def _ffn(self, i: int, layer: Layer) -> None:
        p = self.plan
        xq, both, hidden = (p.buffers[n] for n in ("xq", "gate_up", "hidden"))
        for c in range(p.n):
            self._norm(c, 2 * i + 1, xq)
        self._linear(layer.gate_up, xq, both)
        for c, mine in enumerate(layer.hidden):
            if not mine.count:
                continue
            gate = up(mine.count, p.lanes)
            first, beats = mine.first // p.block, up(mine.count, p.block)
            self._ve(c, {
                "scale": ve.SCALE_MUL, "s_src": self.r, "fn": ve.FN_SILU, "bin": ve.BIN_GATE,
                "out": ve.OUT_MX, "a": both.beat, "b": both.beat + gate, "d": hidden.beat + first,
                "len": mine.count, "a_outer": both.beats, "b_outer": both.beats,
                "d_outer": hidden.beats}, {"outer": M},
                [part(both, 0, 2 * gate)], [part(hidden, first, beats)])
            self._send(c, hidden, first, beats)
        self._linear(layer.down, hidden, p.buffers["y"])
        self._residual(layer.down_slices)
