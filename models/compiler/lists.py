# SPDX-License-Identifier: Apache-2.0
"""Step and head lists of a plan: which stages a chunk goes through, and in what order they come."""

from __future__ import annotations

from collections.abc import Callable

from models import vector
from models import vector_engine as ve
from models.compiler.emit import bits
from models.compiler.pipeline import END, LAST, SLOT, Turn, pipeline, pipeline_of_all
from models.compiler.program import part
from models.compiler.shard import Range, cut, up
from models.compiler.stages import Stages

PARTS = 3
"""Parts of the heads of a chunk that is alone, at most."""


class Lists(Stages):
    """Lists(plan, tables, addresses): `tables` is the memory beat of the position table; gains and
    biases are behind it. addresses: of the weights, where they are streamed."""

    def step(self, chunks: int) -> list[bytes]:
        """All layers for `chunks` chunks of tokens from POS: per chiplet the encoded list."""
        return self._layers(chunks, self.plan.layout.chunk, batch=False)

    def batch(self, sequences: int) -> list[bytes]:
        """The same for the next tokens of the sequences in the first slots, each a chunk."""
        return self._layers(sequences, 1, batch=True)

    def _layers(self, chunks: int, size: int, batch: bool) -> list[bytes]:
        self.begin()
        stages = self._stages(chunks)
        shape = self.model.n_layers, chunks, len(stages), size
        shards = [s for linear in self.plan.layers[0].linears for c in linear.shards for s in c]
        pace = up(len(shards), chunks * len(stages))  # shards to stream in a turn
        for turn in (pipeline(*shape, batch) if self.family.causal else
                     pipeline_of_all(*shape, stages.index(self._scores))):
            self.turn, self.layer = turn, self.plan.layers[turn.layer]
            if turn.stage == turn.chunk == 0:
                self._stream(0, due=turn.layer)
            stages[turn.stage]()
            self._stream(pace)
        self._stream(len(self.free))
        return self.program.finish()

    def head(self) -> list[bytes]:
        """The answer from x, as the list before has left it."""
        self.begin()
        self.turn = Turn(0, 0, 0, 0, 1, False)
        if self.family.causal:
            self._logits()
        else:
            self._embedding()
        return self.program.finish()

    def _logits(self) -> None:
        """Final norm, logits and argmax of one row of x (LAST). The argmax beats of each sequence
        have a place of their own (SLOT): a chiplet may begin the head of the next sequence before
        another one has looked at them."""
        p = self.plan
        xq, logits, slots = (p.buffers[n] for n in ("head_xq", "logits", "slots"))
        x = p.buffers["x"]
        self._norm(2 * self.model.n_layers, x, xq, "attention_r", {"a": (x.beat, LAST)})
        self._linear(p.head, xq, logits)
        scaled, scale = self._rms_scale("attention_r")
        for c, mine in enumerate(p.vocab):
            if not mine.count:
                continue
            self._ve(c, {
                **scaled, "reduce": ve.REDUCE_ARGMAX, "out": ve.OUT_ARGMAX, "a": logits.beat,
                "d": (slots.beat + c, SLOT), "len": mine.count, "imm": mine.first},
                [part(logits), *scale], [part(slots, c, 1)])
            self._send(c, slots, c, 1, SLOT)

    def _embedding(self) -> None:
        """Sum over the tokens, divided by its length; chiplet 0 answers."""
        p, dim = self.plan, self.model.dim
        x, pooled, out = (p.buffers[n] for n in ("x", "pooled", "embedding"))
        r, scale = self._scalars("attention_r")
        self._ve(0, {"reduce": ve.REDUCE_ROWS, "out": ve.OUT_FP32, "a": x.beat, "a_outer": x.beats,
                     "outer": (0, END), "len": dim, "d": pooled.beat}, [part(x)], [part(pooled)])
        self._ve(0, {"reduce": ve.REDUCE_SQUARES, "post": ve.POST_RSQRT, "s_dst": r, "len": dim,
                     "imm": bits(vector.L2_EPSILON), "a": pooled.beat}, [part(pooled)], [scale])
        self._ve(0, {"scale": ve.SCALE_MUL, "s_src": r, "out": ve.OUT_FP32, "a": pooled.beat,
                     "d": out.beat, "len": dim}, [part(pooled), scale], [part(out)])

    def _stages(self, chunks: int) -> list[Callable[[], object]]:
        """What a chunk does in a layer. Several chunks overlap with each other; a chunk alone
        overlaps parts of its heads and of its hidden layer."""
        attention, hidden = self._stages_alone() if chunks == 1 else self._stages_together()
        last = [self._last_norm] if self.family.post_norm else []
        return [self._attention_norm, self._qkv, self._rotate, self._scores, *attention,
                self._attention_residual, self._ffn_norm, *hidden, self._ffn_residual, *last]

    def _stages_together(self) -> tuple[list[Callable], list[Callable]]:
        """Each for all heads and all pieces: fewest commands."""
        rounds, pieces = range(self._rounds()), range(len(self.plan.layers[0].hidden))
        attention = [lambda: self._softmax(rounds), lambda: self._values(rounds),
                     lambda: (self._normalise(rounds), self._gather()), self._wo]
        hidden = [lambda: [self._up(j) for j in pieces],
                  lambda: [self._activation(j) for j in pieces], self._down]
        return attention, hidden

    def _stages_alone(self) -> tuple[list[Callable], list[Callable]]:
        """A part of the heads is normalised after the softmax of the next part, and goes through wo
        before the last part's (one chiplet, heads of whole blocks). The gate function of a piece is
        computed while the next one is multiplied; the last one's while the others go through down.
        """
        p, b = self.plan, self.plan.block
        parts = [range(r.first, r.end) for r in
                 cut(self._rounds(), 1, [0] * min(PARTS, self._rounds()))]
        direct = p.n == 1 and p.head_pad % b == 0
        none = range(0)

        def attention(i: int) -> None:
            before, last = (parts[j] if 0 <= j < len(parts) else none for j in (i - 1, i - 2))
            self._values(before)
            self._normalise(last)
            if direct and last:
                heads = [self.layer.groups[0][g] for g in last]
                first, end = heads[0].first, heads[-1].first + heads[-1].heads
                tiles = p.head_tiles
                self._wo(Range(first * tiles, (end - first) * tiles))
            self._softmax(parts[i] if i < len(parts) else none)

        stages = [lambda i=i: attention(i) for i in range(len(parts) + 2)]
        if not direct:
            stages += [self._gather, self._wo]
        pieces = [h[0].first // b for h in p.layers[0].hidden]
        hidden = [lambda: self._up(0)]
        for j in range(1, len(pieces)):
            hidden.append(lambda j=j: (self._up(j), self._activation(j - 1)))
        blocks = up(p.model.ffn_dim, b)
        if len(pieces) > 1:
            hidden.append(lambda: self._down(Range(0, pieces[-1])))
        hidden.append(lambda: self._activation(len(pieces) - 1))
        hidden.append(lambda: self._down(Range(pieces[-1], blocks - pieces[-1])))
        return stages, hidden
