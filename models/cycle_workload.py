# SPDX-License-Identifier: Apache-2.0
"""One transformer layer as command lists, by shape alone.

Covers what the compiler cannot do yet: batches, encoders, overlap of token chunks, other
granularities. Commands are those of the chip and the semaphores come from the compiler's Program,
so the cycle model runs these lists as it runs those of an image. No weights, no values.

Where the command set has no operation yet, the nearest passes stand for it: LayerNorm takes four
passes besides the residual add (two if `fused`), a bias one (none if `fused`), GELU is a
function of the transcendental unit.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

import numpy as np

from models import commands, config
from models import vector_engine as ve
from models.commands import Command
from models.compiler.program import MACRO0, MOVE, SEND, VE, Buffer, Part, Program, part
from models.compiler.shard import Range, column_unit, cut
from models.cycle_hardware import up
from models.cycle_job import BLOCK, LANES, Job

GELU = 3  # reserved code: any function that is not exp2 is timed as silu


@dataclasses.dataclass(frozen=True)
class Workload:
    """The lists of all chiplets, and the stash that they need."""

    job: Job
    lists: list[list[Command]]
    stash_beats: int


def workload(job: Job) -> Workload:
    """Build the lists of a job. Raises ValueError where a buffer lies beyond 65,536 beats,
    and for heads wider than a block."""
    builder = _Builder(job)
    lists = []
    for raw in builder.build():
        items = [commands.decode(raw[i : i + 32]) for i in range(0, len(raw), 32)]
        lists.append(items[:-1])
    return Workload(job, lists, builder.beat)


LIFE = {"qk": 2, "attention_fp32": 0}
"""Stages for which a buffer is needed after the one that writes it; 1 unless given, and as many as
there are pieces where the hidden layer is cut."""
IN_PIECES = ("xq2", "both", "hidden")


class _Builder:
    def __init__(self, job: Job) -> None:
        self.job, self.shape, self.n = job, job.shape, job.chiplets
        if self.shape.head_dim > BLOCK:
            raise ValueError(f"heads of {self.shape.head_dim} are wider than a block of {BLOCK}")
        self.program = Program(config.load("smollm2", n_chiplets=job.chiplets,
                                           n_macros=job.macros, stash_beats=65536))
        self.used = np.zeros((self.n, job.macros), np.int64)
        self.beat = 0
        self.buffers: dict[str, Buffer] = {}
        s = self.shape
        share = s.heads // s.kv_heads
        whole = up(s.kv_heads, self.n) * share <= up(s.heads, self.n)
        self.heads = cut(s.heads, share if whole else 1, [0] * self.n)
        self.kv = [Range(r.first // share, up(r.end, share) - r.first // share) if r.count
                   else Range(0, 0) for r in self.heads]
        self.out_slices, self.placed = {}, {}
        width = s.head_beats * LANES
        own = {"qkv": [(h.count + 2 * k.count) * width for h, k in zip(self.heads, self.kv)]}
        for name in ("qkv", "down", "wo", "up"):  # as the compiler places them
            depth, _ = s.linears[name]
            if name in ("wo", "down"):
                unit = column_unit(s.dim, self.n, BLOCK)
                self.out_slices[name] = cut(s.dim, unit, self.used.sum(axis=1).tolist())
                own[name] = [r.count for r in self.out_slices[name]]
            elif name == "up":
                self.hidden = cut(s.ffn, BLOCK, self.used.sum(axis=1).tolist())
                self.pieces = [cut(r.count, BLOCK, [0] * job.pieces) for r in self.hidden]
                for j in range(job.pieces):
                    columns = [p[j].count * (1 if s.encoder else 2) for p in self.pieces]
                    self.placed[f"up{j}"] = self._place(depth, columns)
                continue
            self.placed[name] = self._place(depth, own[name])
        self.free = self.used.argsort(axis=1, kind="stable").tolist()

    def _place(self, depth: int, columns: list[int]) -> list[list[tuple[int, int, int]]]:
        """Per chiplet (macro, first column, columns), tiles to the least loaded macros."""
        blocks, out = up(depth, BLOCK), []
        for c, total in enumerate(columns):
            mine = []
            for macro, r in enumerate(cut(up(total, BLOCK), 1, self.used[c].tolist())):
                if r.count:
                    first = r.first * BLOCK
                    mine.append((macro, first, min(r.end * BLOCK, total) - first))
                    self.used[c, macro] += r.count * blocks
            out.append(mine)
        return out

    def build(self) -> list[bytes]:
        job = self.job
        rows = job.tokens * job.batch
        self.chunks = [(at, min(job.chunk, rows - at)) for at in range(0, rows, job.chunk)]
        before = [self.qkv_norm, self.qkv, self.rotate]
        ffn = [functools.partial(self.piece, j=j) for j in range(job.pieces + 1)]
        after = [self.scores, self.softmax, self.values, self.normalise, self.wo, self.residual,
                 self.ffn_norm, *ffn, self.down, self.last_residual]
        layers = range(job.layers)
        if self.shape.encoder:  # attention sees all tokens
            for layer in layers:
                self._pipeline([(layer, stage) for stage in before])
                self._pipeline([(layer, stage) for stage in after])
        else:
            self._pipeline([(layer, stage) for layer in layers for stage in before + after])
        return self.program.finish()

    def _pipeline(self, stages: list[tuple[int, Callable[[int], None]]]) -> None:
        """Stages of all chunks, each chunk `lag` stages behind the one before."""
        lag = self.job.lag or len(stages)
        self.lag = lag
        for step in range(len(stages) + lag * (len(self.chunks) - 1)):
            for k in range(len(self.chunks)):
                if 0 <= step - lag * k < len(stages):
                    self.layer, stage = stages[step - lag * k]
                    stage(k)

    # Buffers and commands

    def buffer(self, name: str, k: int, beats: int, whole: bool = False) -> Buffer:
        """Rows of chunk k of a buffer that holds all rows (whole), or of which there are as many
        copies as chunks use it at a time."""
        life = self.job.pieces if name in IN_PIECES else LIFE.get(name, 1)
        name = f"{name}.{k if whole else k % up(life + 1, self.lag)}"
        if name not in self.buffers:
            self.buffers[name] = Buffer(name, self.beat, self.job.chunk, beats)
            self.beat += self.job.chunk * beats
        return self.buffers[name]

    def rows(self, k: int) -> int:
        return self.chunks[k][1]

    def ve(self, c: int, values: dict[str, int], reads: list[Part], writes: list[Part]) -> None:
        self.program.add(c, VE, Command("ve", VE, {"inner": 1, **values}), reads, writes)

    def pass_(self, c: int, k: int, a: Buffer, d: Buffer | None, n: int, *, first: int = 0,
              b: Buffer | None = None, b_first: int = 0, at: int = 0, **values: int) -> None:
        """One pass over n elements of every row, from beat `first` of A to beat `at` of D."""
        out = values.get("out", 0)
        fields = {"a": a.beat + first, "a_outer": a.beats, "len": n, "outer": self.rows(k),
                  **values}
        reads, writes = [part(a, first, up(n, LANES))], []
        if b is not None:
            fields = {"b": b.beat + b_first, "b_outer": b.beats, **fields}
            reads.append(part(b, b_first, up(n, LANES)))
        if d is not None:
            fields |= {"d": d.beat + at, "d_outer": d.beats}
            writes.append(part(d, at, up(n, LANES if out == ve.OUT_FP32 else BLOCK)))
        self.ve(c, fields, reads, writes)

    def send(self, c: int, k: int, buffer: Buffer, first: int, beats: int) -> None:
        if self.n > 1 and beats:
            moved = [part(buffer, first, beats)]
            self.program.send(c, Command("send", SEND, {
                "src": buffer.beat + first, "dst": buffer.beat + first, "rows": self.rows(k),
                "count": beats, "src_stride": buffer.beats, "dst_stride": buffer.beats}),
                moved, moved)

    def linear(self, name: str, k: int, source: Buffer, to: Buffer, place: str = "",
               offset: list[int] | None = None) -> None:
        """A matrix product; `place` names its shards where it is part of a matrix, and `offset` is
        its first result beat per chiplet."""
        depth = self.shape.linears[name][0]
        for c, shards in enumerate(self.placed[place or name]):
            most = max((cols for _, _, cols in shards), default=0)
            items = []
            for macro, first, cols in shards:
                step = BLOCK if self.job.per_tile else cols
                items += [(at - first, macro, at, min(step, first + cols - at))
                          for at in range(first, first + cols, step)]
            for _, macro, at, n in sorted(items):  # all macros in turn: the fetcher must not stall
                beat, beats = at // LANES + (offset[c] if offset else 0), up(n, LANES)
                written = part(to, beat, beats)
                if self.job.lockstep:
                    n = BLOCK if self.job.per_tile else most
                    beat = max(0, min(beat, to.beats - up(n, LANES)))
                self.program.add(c, MACRO0 + macro, Command("mac", MACRO0 + macro, {
                    "src": source.beat, "dst": to.beat + beat, "cols": n, "depth": depth,
                    "outer": self.rows(k), "inner": 1, "tile_stride": up(depth, BLOCK),
                    "src_outer": source.beats, "dst_outer": to.beats}), [part(source)], [written])

    def groups(self, c: int, k: int,
               split: bool = False) -> list[tuple[str, int, int, int, int, int, int]]:
        """Attention of a chunk: (cache, macro, KV head in the chiplet, first head in the chiplet,
        heads, first row, rows) per KV head and sequence; a head each with `split`."""
        share = self.shape.heads // self.shape.kv_heads
        first, count = self.chunks[k]
        out = []
        for i in range(self.kv[c].count):
            kv = self.kv[c].first + i
            low = max(kv * share, self.heads[c].first)
            heads = min((kv + 1) * share, self.heads[c].end) - low
            for b in range(first // self.job.tokens, (first + count - 1) // self.job.tokens + 1):
                start = max(b * self.job.tokens, first)
                rows = min((b + 1) * self.job.tokens, first + count) - start
                place = i + b * self.kv[c].count
                local, cache = low - self.heads[c].first, f"{self.layer}.{kv}.{b}"
                if split:  # a head each, on macros of their own where the cache has copies
                    out += [(f"{cache}.{j}" if self.job.spread else cache,
                             self.macro(c, place * heads + j if self.job.spread else place),
                             i, local + j, 1, start - first, rows) for j in range(heads)]
                else:
                    out.append((cache, self.macro(c, place), i, local, heads, start - first, rows))
        return out

    def macro(self, c: int, place: int) -> int:
        """Macro of a KV head, those with the fewest tiles first."""
        return self.free[c][place % self.job.macros]

    def seen(self, k: int, row: int, rows: int) -> int:
        """Tokens that the last of some rows attends to."""
        if self.shape.encoder:
            return self.job.tokens
        last = self.chunks[k][0] + row + rows - 1
        return self.job.context + last % self.job.tokens + 1

    # Stages

    def norm(self, k: int, name: str) -> None:
        """RMSNorm folded into the product, or only the quantisation where LayerNorm came before."""
        s = self.shape
        x = self.buffer("x", k, s.dim // LANES, whole=True)
        xq = self.buffer(name, k, s.dim // BLOCK)
        gain = self.buffer("gain", 0, s.dim // LANES, whole=True)
        for c in range(self.n):
            if s.encoder:
                self.pass_(c, k, x, xq, s.dim, out=ve.OUT_MX)
            else:
                self.pass_(c, k, x, xq, s.dim, b=gain, bin=ve.BIN_MUL, reduce=ve.REDUCE_SQUARES,
                           post=ve.POST_RSQRT, out=ve.OUT_MX, s_dst=self.scalar(k, 0), b_outer=0)

    @staticmethod
    def scalar(k: int, what: int) -> int:
        """Entries of the scalar file: r or mean, maxima, sums, LayerNorm's r; for two chunks."""
        return k % 2 * 512 + (0, 128, 320, 64)[what]

    def qkv_norm(self, k: int) -> None:
        self.norm(k, "xq")

    def ffn_norm(self, k: int) -> None:
        self.norm(k, "xq2")

    def qkv_buffer(self, k: int) -> Buffer:
        wide = max(h.count + 2 * kv.count for h, kv in zip(self.heads, self.kv))
        return self.buffer("qkv", k, wide * self.shape.head_beats)

    def qk(self, k: int) -> Buffer:
        wide = max(h.count + 2 * kv.count for h, kv in zip(self.heads, self.kv))
        return self.buffer("qk", k, wide)

    def qkv(self, k: int) -> None:
        self.linear("qkv", k, self.buffer("xq", k, self.shape.dim // BLOCK), self.qkv_buffer(k))

    def rotate(self, k: int) -> None:
        """Per-head scaling, rotation or bias, and quantisation; K and V into the array."""
        s, source, to = self.shape, self.qkv_buffer(k), self.qk(k)
        table = self.buffer("rope", k, s.head_beats)
        for c in range(self.n):
            h, kv = self.heads[c].count, self.kv[c].count
            if not h:
                continue
            common = {"len": s.head_dim, "out": ve.OUT_MX, "a_outer": source.beats,
                      "a_inner": s.head_beats, "d_outer": to.beats, "d_inner": 1,
                      "outer": self.rows(k)}
            parts = [(0, h + kv, ve.BIN_ROPE), (h + kv, kv, 0)]
            if s.encoder:  # outer: heads, so that the bias moves with the head
                common |= {"a_outer": s.head_beats, "a_inner": source.beats, "d_outer": 1,
                           "d_inner": to.beats, "inner": self.rows(k)}
                parts = [(0, h + 2 * kv, ve.BIN_ADD)]
            for first, count, bin_ in parts:
                beats = first * s.head_beats, count * s.head_beats
                moved = {"outer": count} if s.encoder else {"inner": count}
                scale = {} if s.encoder else {"scale": ve.SCALE_MUL, "s_src": self.scalar(k, 0)}
                self.ve(c, {**common, **moved, **scale, "bin": bin_, "a": source.beat + beats[0],
                            "b": table.beat, "b_outer": table.beats, "d": to.beat + first},
                        [part(source, *beats)], [part(to, first, count)])
            for cache, macro, i, _, _, row, rows in self.groups(c, k, self.job.spread):
                start = self.chunks[k][0] + row
                pos = self.job.context + start % self.job.tokens
                for name, at in (("column", h + i), ("row", h + kv + i)):
                    self.program.add(c, MOVE, Command(name, MOVE, {
                        "src": to.beat + at + row * to.beats, "rows": rows, "pos": pos, "tiles": 1,
                        "src_outer": to.beats, "macro": macro}),
                        [part(to, at, 1)], [Part(f"{name}.{cache}")])

    def score_buffer(self, k: int) -> Buffer:
        return self.buffer("scores", k, max(h.count for h in self.heads) * self.score_beats())

    def score_beats(self) -> int:
        return up(self.job.context + self.job.tokens, LANES)

    def attention_mac(self, c: int, k: int, scores: bool) -> None:
        s, qk, sb = self.shape, self.qk(k), self.score_beats()
        blocks = up(self.job.context + self.job.tokens, BLOCK)
        score = self.score_buffer(k)
        weights = self.buffer("p", k, max(h.count for h in self.heads) * blocks)
        out = self.buffer("o", k, max(h.count for h in self.heads) * s.head_beats)
        split = self.job.per_head or self.job.spread
        for cache, macro, _, first, heads, row, rows in self.groups(c, k, split):
            seen = self.seen(k, row, rows)
            if scores:
                source, to, src_inner, dst_inner = qk, score, 1, sb
                shape = {"cols": seen, "depth": s.head_dim}
            else:
                source, to, src_inner, dst_inner = weights, out, blocks, s.head_beats
                shape = {"cols": s.head_dim, "depth": seen}
            moved = part(source, first * src_inner, heads * src_inner)
            written = part(to, first * dst_inner, heads * dst_inner)
            cached = Part(f"{'column' if scores else 'row'}.{cache}")
            self.program.add(c, MACRO0 + macro, Command("mac", MACRO0 + macro, {
                **shape, "src": source.beat + moved.first + row * source.beats,
                "dst": to.beat + written.first + row * to.beats, "outer": rows, "inner": heads,
                "tile_stride": 1, "src_outer": source.beats, "src_inner": src_inner,
                "dst_outer": to.beats, "dst_inner": dst_inner}), [moved, cached], [written])

    def scores(self, k: int) -> None:
        for c in range(self.n):
            self.attention_mac(c, k, True)

    def spans(self, c: int, k: int) -> list[tuple[int, int, int, int, int]]:
        """Softmax commands: (first head, heads, first row, rows, tokens seen). Sequences of a
        batch are at one position, so one command takes them all."""
        groups = self.groups(c, k, self.job.per_head)
        if self.job.batch == 1:
            return [(f, h, row, rows, self.seen(k, row, rows))
                    for _, _, _, f, h, row, rows in groups]
        heads = sorted({(f, h) for _, _, _, f, h, _, _ in groups})
        return [(f, h, 0, self.rows(k), self.seen(k, 0, 1)) for f, h in heads]

    def softmax(self, k: int) -> None:
        sb, blocks = self.score_beats(), up(self.job.context + self.job.tokens, BLOCK)
        causal = not self.shape.encoder and self.job.batch == 1
        for c in range(self.n):
            score = self.score_buffer(k)
            weights = self.buffer("p", k, max(h.count for h in self.heads) * blocks)
            for first, heads, row, rows, seen in self.spans(c, k):
                common = {"a": score.beat + first * sb + row * score.beats, "outer": rows,
                          "inner": heads, "len": seen - (rows - 1) * causal,
                          "causal": int(causal), "a_outer": score.beats, "a_inner": sb, "s_row": 1}
                read = [part(score, first * sb, heads * sb)]
                most = {"reduce": ve.REDUCE_MAX, "s_dst": self.scalar(k, 1)}
                self.ve(c, {**common, **most}, read, [])
                self.ve(c, {
                    **common, "scale": ve.SCALE_SUB, "s_src": self.scalar(k, 1), "fn": ve.FN_EXP2,
                    "reduce": ve.REDUCE_SUM, "post": ve.POST_RECIP, "s_dst": self.scalar(k, 2),
                    "fold": 1, "out": ve.OUT_MX, "d": weights.beat + first * blocks
                    + row * weights.beats, "d_outer": weights.beats, "d_inner": blocks},
                    read, [part(weights, first * blocks, heads * blocks)])

    def values(self, k: int) -> None:
        for c in range(self.n):
            self.attention_mac(c, k, False)

    def attention(self, k: int) -> tuple[Buffer, int]:
        """Input of wo, and its beats per head if heads are whole blocks, else 0."""
        s = self.shape
        wide = s.heads * s.head_beats * LANES
        whole = s.head_beats * LANES % BLOCK == 0
        return self.buffer("attention", k, up(wide, BLOCK)), s.head_tiles if whole else 0

    def normalise(self, k: int) -> None:
        """o * 1/sum into the blocks of wo's input, which every chiplet gets."""
        s = self.shape
        out = self.buffer("o", k, max(h.count for h in self.heads) * s.head_beats)
        to, step = self.attention(k)
        wide = self.buffer("attention_fp32", k, s.heads * s.head_beats)
        for c in range(self.n):
            mine = self.heads[c]
            target, per = (to, step) if step else (wide, s.head_beats)
            for first, heads, row, rows, _ in self.spans(c, k):
                at = (mine.first + first) * per
                self.ve(c, {
                    "scale": ve.SCALE_MUL, "s_row": 1, "s_src": self.scalar(k, 2),
                    "a": out.beat + first * s.head_beats + row * out.beats,
                    "d": target.beat + at + row * target.beats, "outer": rows, "inner": heads,
                    "out": ve.OUT_MX if step else ve.OUT_FP32, "len": s.head_dim,
                    "a_outer": out.beats, "a_inner": s.head_beats, "d_outer": target.beats,
                    "d_inner": per}, [part(out, first * s.head_beats, heads * s.head_beats)],
                    [part(target, at, heads * per)])
            self.send(c, k, target, mine.first * per, mine.count * per)
        if not step:
            for c in range(self.n):
                self.pass_(c, k, wide, to, s.heads * s.head_beats * LANES, out=ve.OUT_MX)

    def y(self, k: int, name: str) -> Buffer:
        return self.buffer(f"{name}_y", k, self.shape.dim // LANES)

    def wo(self, k: int) -> None:
        self.linear("wo", k, self.attention(k)[0], self.y(k, "wo"))

    def residual(self, k: int, name: str = "wo") -> None:
        """x += y, and LayerNorm on the whole row where there is one."""
        s = self.shape
        x, y = self.buffer("x", k, s.dim // LANES, whole=True), self.y(k, name)
        for c, mine in enumerate(self.out_slices[name]):
            if mine.count:
                first, beats = mine.first // LANES, up(mine.count, LANES)
                if s.encoder and not self.job.fused:
                    self.pass_(c, k, y, y, mine.count, b=y, bin=ve.BIN_ADD, out=ve.OUT_FP32,
                               b_outer=0)
                self.pass_(c, k, x, x, mine.count, first=first, at=first, b=y, bin=ve.BIN_ADD,
                           out=ve.OUT_FP32)
                self.send(c, k, x, first, beats)
        if s.encoder:
            for c in range(self.n):
                self.layer_norm(c, k, x)

    def layer_norm(self, c: int, k: int, x: Buffer) -> None:
        n, gain = self.shape.dim, self.buffer("gain", 0, self.shape.dim // LANES, whole=True)
        mean, r = self.scalar(k, 0), self.scalar(k, 3)
        scaled = {"scale": ve.SCALE_MUL, "s_src": r, "out": ve.OUT_FP32, "b_outer": 0}
        self.pass_(c, k, x, None, n, reduce=ve.REDUCE_SUM, post=3, s_dst=mean)
        squares = {"reduce": ve.REDUCE_SQUARES, "post": ve.POST_RSQRT, "s_dst": r}
        self.pass_(c, k, x, x, n, scale=ve.SCALE_SUB, s_src=mean, out=ve.OUT_FP32,
                   **(squares if self.job.fused else {}))
        if not self.job.fused:
            self.pass_(c, k, x, None, n, **squares)
        self.pass_(c, k, x, x, n, b=gain, bin=ve.BIN_MUL, **scaled)
        if not self.job.fused:
            self.pass_(c, k, x, x, n, b=gain, bin=ve.BIN_ADD, out=ve.OUT_FP32, b_outer=0)

    def both(self, k: int) -> Buffer:
        wide = 1 if self.shape.encoder else 2
        return self.buffer("both", k, wide * up(max(h.count for h in self.hidden), LANES))

    def starts(self, c: int, j: int) -> int:
        """First beat of a piece in the product of `up`: gate and up side by side."""
        wide = 1 if self.shape.encoder else 2
        return wide * self.pieces[c][j].first // LANES

    def up(self, k: int, j: int) -> None:
        self.linear("up", k, self.buffer("xq2", k, self.shape.dim // BLOCK), self.both(k), f"up{j}",
                    [self.starts(c, j) for c in range(self.n)])

    def piece(self, k: int, j: int) -> None:
        """Product of piece j, activation of the piece before."""
        if j < self.job.pieces:
            self.up(k, j)
        if j:
            self.activate(k, j - 1)

    def activate(self, k: int, j: int) -> None:
        s, both = self.shape, self.both(k)
        hidden = self.buffer("hidden", k, up(s.ffn, BLOCK))
        for c, mine in enumerate(self.hidden):
            piece, first = self.pieces[c][j], self.starts(c, j)
            if not piece.count:
                continue
            at, beats = (mine.first + piece.first) // BLOCK, up(piece.count, BLOCK)
            common = {"first": first, "at": at, "out": ve.OUT_MX}
            if s.encoder:
                if not self.job.fused:
                    self.pass_(c, k, both, both, piece.count, first=first, at=first, b=both,
                               b_first=first, bin=ve.BIN_ADD, b_outer=0, out=ve.OUT_FP32)
                self.pass_(c, k, both, hidden, piece.count, fn=GELU, **common)
            else:
                self.pass_(c, k, both, hidden, piece.count, b=both,
                           b_first=first + up(piece.count, LANES), fn=ve.FN_SILU, bin=ve.BIN_GATE,
                           scale=ve.SCALE_MUL, s_src=self.scalar(k, 0), **common)
            self.send(c, k, hidden, at, beats)

    def down(self, k: int) -> None:
        self.linear("down", k, self.buffer("hidden", k, up(self.shape.ffn, BLOCK)),
                    self.y(k, "down"))

    def last_residual(self, k: int) -> None:
        self.residual(k, "down")
