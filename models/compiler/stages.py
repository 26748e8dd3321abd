# SPDX-License-Identifier: Apache-2.0
"""Stages of a model: models/llama.py, gpt2.py and bert.py as commands, on a Plan.

A stage is what one chunk of tokens does on all chiplets before another chunk has its turn; lists.py
has the order of stages, pipeline.py the order of turns, stash.py the buffers.
"""

from __future__ import annotations

from models import vector
from models import vector_engine as ve
from models.compiler.emit import Emitter, Fields, bits
from models.compiler.pipeline import END, SLOT, SLOT_K, Based, shift
from models.compiler.plan import Addresses, Group, Layer, Plan
from models.compiler.program import MOVE, Buffer, Part, part
from models.compiler.shard import Range, up

FUNCTIONS = {"gelu": ve.FN_GELU, "gelu_tanh": ve.FN_GELU_TANH}


class Stages(Emitter):
    """Each for the chunk whose turn it is, in `layer`."""

    layer: Layer

    def __init__(self, plan: Plan, tables: int, addresses: Addresses | None = None) -> None:
        super().__init__(plan, tables, addresses)
        self.softmax = bits(vector.softmax_constant(plan.model.head_dim))

    def _rounds(self) -> int:
        """Attention groups of the chiplet that has most."""
        return max(len(groups) for groups in self.plan.layers[0].groups)

    # Stages of attention

    def _attention_norm(self) -> None:
        if self.turn.layer == 0:
            rows = self._load_positions()
            if not self.family.rope:
                self._add_positions(rows)
        self._norm(2 * self.turn.layer, self._tokens("x"), self._buffer("attention_xq"),
                   "attention_r")

    def _add_positions(self, rows: Buffer) -> None:
        """x += rows, on every chiplet."""
        x = self._tokens("x")
        for c in range(self.plan.n):
            self._ve(c, {
                "bin": ve.BIN_ADD, "out": ve.OUT_FP32, "a": x.beat, "b": rows.beat, "d": x.beat,
                "len": self.model.dim, "a_outer": x.beats, "b_outer": rows.beats,
                "d_outer": x.beats}, [part(x), part(rows)], [part(x)])

    def _qkv(self) -> None:
        self._linear(self.layer.qkv, self._buffer("attention_xq"), self._buffer("qkv"))

    def _rotate(self) -> None:
        """q, k and v quantised per head; behind RMSNorm scaled by r, with rotary pairs q and k
        rotated before. Then K and V go into the array."""
        p, hd = self.plan, self.model.head_dim
        qkv, qk, v = (self._buffer(n) for n in ("qkv", "qk", "v"))
        scaled, scale = self._rms_scale("attention_r")
        rotation, rows = {}, []
        if self.family.rope:
            rope = self._tokens("positions")
            rotation = {"bin": ve.BIN_ROPE, "b": rope.beat, "b_outer": rope.beats}
            rows = [part(rope)]
        for c, groups in enumerate(self.layer.groups):
            if not groups:
                continue
            kv = p.kv_heads[c].count
            rotated = p.heads[c].count + kv
            beats = rotated * p.head_beats
            common = {**scaled, "out": ve.OUT_MX, "len": hd, "a_outer": qkv.beats,
                      "a_inner": p.head_beats, "d_inner": p.head_tiles}
            self._ve(c, {
                **common, **rotation, "a": qkv.beat, "d": qk.beat, "inner": rotated,
                "d_outer": qk.beats}, [part(qkv, 0, beats), *rows, *scale], [part(qk)])
            self._ve(c, {
                **common, "a": qkv.beat + beats, "d": v.beat, "inner": kv, "d_outer": v.beats},
                [part(qkv, beats, kv * p.head_beats), *scale], [part(v)])
            self._append(c, groups, qk, v)

    def _rms_scale(self, name: str) -> tuple[Fields, list[Part]]:
        """Fields that multiply a product by RMSNorm's scale, and what they read."""
        if self.family.layer_norm:
            return {}, []
        r, scale = self._scalars(name)
        return {"scale": ve.SCALE_MUL, "s_src": r}, [scale]

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

    def _context(self) -> Based:
        """Tokens that the last one of this chunk attends to."""
        return self.turn.end if self.family.causal else (0, END)

    def _scores(self) -> None:
        p, qk = self.plan, self._buffer("qk")
        for c, g, group in self._groups(range(self._rounds())):
            scores = self._buffer(f"scores{g}")
            self._mac(c, group.macro, {
                "src": qk.beat + group.local * p.head_tiles, "dst": scores.beat,
                "set": shift(group.k_set, self.turn.slot(p.token_blocks * p.head_tiles, SLOT_K)),
                "depth": self.model.head_dim, "inner": group.heads,
                "tile_stride": p.head_tiles, "src_outer": qk.beats, "src_inner": p.head_tiles,
                "dst_outer": scores.beats, "dst_inner": p.score_beats, "cols": self._context()},
                [part(qk), self.turn.cache_part(f"k{self.turn.layer}.{group.kv}")], [part(scores)])

    def _softmax(self, rounds: range) -> None:
        """Maximum; exp2, its sum, and the exponents of V folded in. K tiles of a wide head share
        the sum, each has weights of its own."""
        p = self.plan
        allowed = {"len": self._context()}
        if self.family.causal:
            allowed = {"len": shift(1, self.turn.position), "causal": 1}
        (top, tops), (total, totals) = self._scalars("max"), self._scalars("sum")
        for c, g, group in self._groups(rounds):
            scores, weights = self._buffer(f"scores{g}"), self._buffer(f"p{g}")
            ev = self.turn.cache_part(f"ev{self.turn.layer}.{group.kv}")
            common = {"a": scores.beat, **allowed,
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
                    "dst_outer": out.beats, "dst_inner": p.head_beats, "depth": self._context()},
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

    def _wo(self, blocks: Range | None = None) -> None:
        self._linear(self.layer.wo, self._buffer("attention"), self._buffer("attention_y"),
                     blocks=blocks)

    def _attention_residual(self) -> None:
        self._residual(self.layer.wo_slices, self._buffer("attention_y"))

    # Stages of the feed-forward part

    def _ffn_norm(self) -> None:
        self._norm(2 * self.turn.layer + 1, self._tokens("x"), self._buffer("ffn_xq"), "ffn_r")

    def _up(self, j: int) -> None:
        """Piece j of gate and up, side by side, or of up alone, behind the pieces before it."""
        at = [self._piece(j, c) for c in range(self.plan.n)]
        self._linear(self.layer.up[j], self._buffer("ffn_xq"), self._buffer("up"), at)

    def _piece(self, j: int, c: int) -> int:
        """First beat of piece j in the product on chiplet c."""
        return sum(self.plan.up_beats(piece[c]) for piece in self.layer.hidden[:j])

    def _activation(self, j: int) -> None:
        """silu(gate) * up or gelu(up) of piece j, quantised, to all chiplets."""
        p = self.plan
        both, hidden = self._buffer("up"), self._buffer("hidden")
        scaled, scale = self._rms_scale("ffn_r")
        for c, mine in enumerate(self.layer.hidden[j]):
            if not mine.count:
                continue
            at, first, beats = self._piece(j, c), mine.first // p.block, up(mine.count, p.block)
            if self.family.gated:
                function = {"fn": ve.FN_SILU, "bin": ve.BIN_GATE, "b_outer": both.beats,
                            "b": both.beat + at + up(mine.count, p.lanes)}
            else:
                function = {"fn": FUNCTIONS[self.model.activation]}
            self._ve(c, {
                **scaled, **function, "out": ve.OUT_MX, "a": both.beat + at,
                "d": hidden.beat + first, "len": mine.count, "a_outer": both.beats,
                "d_outer": hidden.beats},
                [part(both, at, p.up_beats(mine)), *scale], [part(hidden, first, beats)])
            self._send(c, hidden, first, beats)

    def _down(self, blocks: Range | None = None) -> None:
        self._linear(self.layer.down, self._buffer("hidden"), self._buffer("ffn_y"), blocks=blocks)

    def _ffn_residual(self) -> None:
        self._residual(self.layer.down_slices, self._buffer("ffn_y"))

    def _last_norm(self) -> None:
        """Of post-norm families, behind the last layer."""
        if self.turn.layer == self.model.n_layers - 1:
            self._norm(2 * self.model.n_layers, self._tokens("x"), None, "ffn_r")
