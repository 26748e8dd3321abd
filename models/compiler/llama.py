# SPDX-License-Identifier: Apache-2.0
"""Stages of a Llama model: models/llama.py as commands, on a Plan.

A stage is what one chunk of tokens does on all chiplets before another chunk has its turn; lists.py
has the order of stages, pipeline.py the order of turns, stash.py the buffers.
"""

from __future__ import annotations

from models import vector
from models import vector_engine as ve
from models.compiler.emit import Emitter, bits
from models.compiler.pipeline import SLOT, SLOT_K, shift
from models.compiler.plan import Group, Layer, Plan
from models.compiler.program import DMA, MOVE, Buffer, part
from models.compiler.shard import Range, up


class Stages(Emitter):
    """Each for the chunk whose turn it is, in `layer`."""

    layer: Layer

    def __init__(self, plan: Plan, tables: int) -> None:
        super().__init__(plan)
        self.tables = tables
        self.softmax = bits(vector.softmax_constant(plan.model.head_dim))

    def _rounds(self) -> int:
        """Attention groups of the chiplet that has most."""
        return max(len(groups) for groups in self.plan.layers[0].groups)

    def _load_rope(self) -> None:
        """The table has beat k of all positions before beat k + 1 of all positions."""
        rope = self._tokens("rope")
        for c in range(self.plan.n):
            for k in range(rope.beats):
                self._add(c, DMA, "load", {
                    "mem": shift(self.tables + k * self.plan.max_positions, self.turn.position),
                    "stash": rope.beat + k, "rows": self.turn.rows, "count": 1, "mem_stride": 1,
                    "stash_stride": rope.beats}, [], [part(rope, k, 1)])

    # Stages of attention

    def _attention_norm(self) -> None:
        self._norm(self._tokens("x"), 2 * self.turn.layer, self._buffer("attention_xq"),
                   "attention_r", {})

    def _qkv(self) -> None:
        self._linear(self.layer.qkv, self._buffer("attention_xq"), self._buffer("qkv"))

    def _rotate(self) -> None:
        """q and k: scaled by r, rotated, quantised per head; v: scaled, quantised per head. Then K
        and V go into the array."""
        p, hd = self.plan, self.model.head_dim
        qkv, qk, v = (self._buffer(n) for n in ("qkv", "qk", "v"))
        rope = self._tokens("rope")
        r, scale = self._scalars("attention_r")
        for c, groups in enumerate(self.layer.groups):
            if not groups:
                continue
            kv = p.kv_heads[c].count
            rotated = p.heads[c].count + kv
            beats = rotated * p.head_beats
            common = {"scale": ve.SCALE_MUL, "s_src": r, "out": ve.OUT_MX, "len": hd,
                      "a_outer": qkv.beats, "a_inner": p.head_beats, "d_inner": p.head_tiles}
            self._ve(c, {
                **common, "bin": ve.BIN_ROPE, "a": qkv.beat, "b": rope.beat, "d": qk.beat,
                "inner": rotated, "b_outer": rope.beats, "d_outer": qk.beats},
                [part(qkv, 0, beats), part(rope), scale], [part(qk)])
            self._ve(c, {
                **common, "a": qkv.beat + beats, "d": v.beat, "inner": kv, "d_outer": v.beats},
                [part(qkv, beats, kv * p.head_beats), scale], [part(v)])
            self._append(c, groups, qk, v)

    def _append(self, c: int, groups: list[Group], qk: Buffer, v: Buffer) -> None:
        """K first: the scores wait for it."""
        p, ev, i = self.plan, self.plan.buffers["ev"], self.turn.layer
        common = {"tiles": p.head_tiles, "src_inner": 1, "rows": self.turn.rows,
                  "pos": self.turn.cached(p.slot_positions)}
        for g in groups:
            at = (p.heads[c].count + g.kv_local) * p.head_tiles
            self._add(c, MOVE, "column", {
                **common, "src": qk.beat + at, "set": g.k_set, "src_outer": qk.beats,
                "block_stride": p.head_tiles, "tile_stride": 1, "macro": g.macro},
                [part(qk)], [self.turn.cache_part(f"k{i}.{g.kv}")])
        for g in groups:
            self._add(c, MOVE, "row", {
                **common, "src": v.beat + g.kv_local * p.head_tiles, "set": g.v_set,
                "src_outer": v.beats, "block_stride": 1, "tile_stride": p.cache_blocks,
                "ev": ev.beat + g.ev, "ev_stride": p.cache_blocks, "macro": g.macro},
                [part(v)], [self.turn.cache_part(f"{name}{i}.{g.kv}") for name in ("v", "ev")])

    def _groups(self, rounds: range) -> list[tuple[int, int, Group]]:
        """Attention groups of the layer: chiplet, number on the chiplet, group."""
        return [(c, g, groups[g]) for c, groups in enumerate(self.layer.groups)
                for g in rounds if g < len(groups)]

    def _scores(self) -> None:
        p, qk = self.plan, self._buffer("qk")
        for c, g, group in self._groups(range(self._rounds())):
            scores = self._buffer(f"scores{g}")
            self._mac(c, group.macro, {
                "src": qk.beat + group.local * p.head_tiles, "dst": scores.beat,
                "set": shift(group.k_set, self.turn.slot(p.token_blocks * p.head_tiles, SLOT_K)),
                "depth": self.model.head_dim, "inner": group.heads,
                "tile_stride": p.head_tiles, "src_outer": qk.beats, "src_inner": p.head_tiles,
                "dst_outer": scores.beats, "dst_inner": p.score_beats, "cols": self.turn.end},
                [part(qk), self.turn.cache_part(f"k{self.turn.layer}.{group.kv}")], [part(scores)])

    def _softmax(self, rounds: range) -> None:
        """Maximum; exp2, its sum, and the exponents of V folded in. K tiles of a wide head share
        the sum, each has weights of its own."""
        p = self.plan
        (top, tops), (total, totals) = self._scalars("max"), self._scalars("sum")
        for c, g, group in self._groups(rounds):
            scores, weights = self._buffer(f"scores{g}"), self._buffer(f"p{g}")
            ev = self.turn.cache_part(f"ev{self.turn.layer}.{group.kv}")
            common = {"a": scores.beat, "len": shift(1, self.turn.position), "causal": 1,
                      "inner": group.heads, "a_outer": scores.beats, "a_inner": p.score_beats,
                      "s_row": 1}
            self._ve(c, {**common, "reduce": ve.REDUCE_MAX, "s_dst": top}, [part(scores)], [tops])
            size = group.heads * p.token_blocks
            for tile in range(p.head_tiles):
                reduced = {"reduce": ve.REDUCE_SUM, "post": ve.POST_RECIP,
                           "s_dst": total + group.local * p.layout.chunk}
                self._ve(c, {
                    **common, **(reduced if tile == 0 else {}), "scale": ve.SCALE_SUB,
                    "s_src": top, "fn": ve.FN_EXP2, "imm": self.softmax, "fold": 1,
                    "out": ve.OUT_MX, "d": weights.beat + tile * size, "d_outer": weights.beats,
                    "b": shift(p.buffers["ev"].beat + group.ev + tile * p.cache_blocks,
                               self.turn.slot(p.token_blocks, SLOT)),
                    "d_inner": p.token_blocks},
                    [part(scores), tops, ev], [part(weights, tile * size, size), totals])

    def _values(self, rounds: range) -> None:
        """Product of the softmax weights with V."""
        p, b = self.plan, self.plan.block
        for c, g, group in self._groups(rounds):
            weights, out = self._buffer(f"p{g}"), self._buffer(f"o{g}")
            size = group.heads * p.token_blocks
            for tile in range(p.head_tiles):
                self._mac(c, group.macro, {
                    "src": weights.beat + tile * size, "dst": out.beat + tile * b // p.lanes,
                    "set": shift(group.v_set + tile * p.cache_blocks,
                                 self.turn.slot(p.token_blocks, SLOT)),
                    "cols": min(b, self.model.head_dim - tile * b), "inner": group.heads,
                    "src_outer": weights.beats, "src_inner": p.token_blocks,
                    "dst_outer": out.beats, "dst_inner": p.head_beats, "depth": self.turn.end},
                    [part(weights, tile * size, size),
                     self.turn.cache_part(f"v{self.turn.layer}.{group.kv}")],
                    [part(out)])

    def _normalise(self, rounds: range) -> None:
        """o * 1/sum; quantised where heads are whole blocks."""
        p, hd, b = self.plan, self.model.head_dim, self.plan.block
        whole = p.head_pad % b == 0
        to = self._buffer("attention" if whole else "attention_fp32")
        step = p.head_pad // b if whole else p.head_beats  # beats of a head in `to`
        total, totals = self._scalars("sum")
        for c, g, group in self._groups(rounds):
            out, first = self._buffer(f"o{g}"), group.first * step
            self._ve(c, {
                "scale": ve.SCALE_MUL, "s_row": 1, "a": out.beat, "d": to.beat + first,
                "s_src": total + group.local * p.layout.chunk,
                "out": ve.OUT_MX if whole else ve.OUT_FP32, "len": hd, "inner": group.heads,
                "a_outer": out.beats, "a_inner": p.head_beats, "d_outer": to.beats,
                "d_inner": step}, [part(out), totals], [part(to, first, group.heads * step)])

    def _gather(self) -> None:
        """Heads to all chiplets: quantised before by the chiplet that holds whole blocks, or after
        by everyone."""
        p, b = self.plan, self.plan.block
        whole = p.head_pad % b == 0
        blocks = self._buffer("attention")
        to = blocks if whole else self._buffer("attention_fp32")
        for c, mine in enumerate(p.heads):
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
            "a_outer": source.beats, "d_outer": to.beats},
            [part(source, first, up(elements.count, lanes))],
            [part(to, at, up(elements.count, b))])

    def _wo(self, blocks: Range | None = None) -> None:
        self._linear(self.layer.wo, self._buffer("attention"), self._buffer("attention_y"),
                     blocks=blocks)

    def _attention_residual(self) -> None:
        self._residual(self.layer.wo_slices, self._buffer("attention_y"))

    # Stages of the feed-forward part

    def _ffn_norm(self) -> None:
        self._norm(self._tokens("x"), 2 * self.turn.layer + 1, self._buffer("ffn_xq"), "ffn_r", {})

    def _gate_up(self, j: int) -> None:
        """Piece j of gate and up, side by side behind the pieces before it."""
        at = [self._piece(j, c) for c in range(self.plan.n)]
        self._linear(self.layer.gate_up[j], self._buffer("ffn_xq"), self._buffer("gate_up"), at)

    def _piece(self, j: int, c: int) -> int:
        """First beat of piece j in the product on chiplet c."""
        return sum(2 * up(piece[c].count, self.plan.lanes) for piece in self.layer.hidden[:j])

    def _gate(self, j: int) -> None:
        """silu(gate) * up of piece j, quantised, to all chiplets."""
        p = self.plan
        both, hidden = self._buffer("gate_up"), self._buffer("hidden")
        r, scale = self._scalars("ffn_r")
        for c, mine in enumerate(self.layer.hidden[j]):
            if not mine.count:
                continue
            at, gate = self._piece(j, c), up(mine.count, p.lanes)
            first, beats = mine.first // p.block, up(mine.count, p.block)
            self._ve(c, {
                "scale": ve.SCALE_MUL, "s_src": r, "fn": ve.FN_SILU, "bin": ve.BIN_GATE,
                "out": ve.OUT_MX, "a": both.beat + at, "b": both.beat + at + gate,
                "d": hidden.beat + first, "len": mine.count, "a_outer": both.beats,
                "b_outer": both.beats, "d_outer": hidden.beats},
                [part(both, at, 2 * gate), scale], [part(hidden, first, beats)])
            self._send(c, hidden, first, beats)

    def _down(self, blocks: Range | None = None) -> None:
        self._linear(self.layer.down, self._buffer("hidden"), self._buffer("ffn_y"), blocks=blocks)

    def _ffn_residual(self) -> None:
        self._residual(self.layer.down_slices, self._buffer("ffn_y"))
