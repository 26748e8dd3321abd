# SPDX-License-Identifier: Apache-2.0
"""BERT encoders for sentence embeddings on one page: every rounding of the chip in its place.

Q is mx.quantize, S the fixed-order sum, W the stationary MX operands; everything else is fp32
with flush. b + W a is a product whose accumulator starts at the bias b. Per sequence:

    x = LN(word + (position + type))             position + type is one fp32 table
    q, k, v = b + W Q(x)                         quantised per head
    s = Q(q) . Q(k);  e = exp2((s - max s) * log2(e) / sqrt(head_dim))      over all tokens
    o = (Q(e * 2^Ev) . Vq) * recip(S(e))         blocks of BLOCK tokens, V at exponent 0
    x = LN(x + (bo + Wo Q(o)))                   heads padded to a multiple of LANES = BLOCK / 4
    x = LN(x + (bout + Wout Q(gelu(bin + Win Q(x)))))
    embedding = u * rsqrt(S(u * u) + 1e-24),  u = sum of x over tokens, ascending, from +0

    LN(x): d = x - S(x) * (1/dim);  (d * rsqrt(S(d * d) + eps * dim)) * (gamma * sqrt(dim)) + beta

The embedding is the mean over the tokens, normalised: the mean's 1/T falls out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models import fp32, vector
from models.checkpoint import BertWeights
from models.fp32 import add
from models.reference import Biased, Trace


class Model(Biased):
    """A BERT encoder in MX weights; `trace(name, layer, array)` sees every intermediate tensor."""

    def __init__(
        self, weights: BertWeights, block: int = 64, w_bits: int = 8, trace: Trace | None = None
    ) -> None:
        super().__init__(weights, block, w_bits, trace)
        self.embedding, self.positions = fp32.flush(weights.embedding), weights.positions

    def embed(self, tokens: np.ndarray) -> np.ndarray:
        """Sequences of one length int [S, T] -> unit vectors float32 [S, dim]."""
        count = tokens.shape[1]
        if not 1 <= count <= self.config.max_seq:
            raise ValueError(f"{count} tokens, the model takes 1 to {self.config.max_seq}")
        x = add(self.embedding[tokens], self.positions[:count])
        x = self._show("x", -1, self._norm(0, x))
        for i in range(self.config.n_layers):
            o = self._attend(i, *self._qkv(i, x), allowed=True)
            x = add(x, self._wo(i, self._quantized("o", i, self._joined(o))))
            x = self._show("x_attn", i, self._norm(2 * i + 1, x))
            x = add(x, self._mlp(i, x))
            x = self._show("x_ffn", i, self._norm(2 * i + 2, x))
        total = np.zeros((len(tokens), self.config.dim), np.float32)
        for t in range(count):
            total = add(total, x[:, t])
        pooled = self._show("pooled", -1, total)
        return self._show("embedding", -1, vector.l2_normalize(pooled, self.block))


def similarity(embed: Callable[[np.ndarray], np.ndarray], pairs: list[tuple[list[int], list[int]]]):
    """Cosine similarity in float64 of pairs of token sequences [pairs].

    `embed` maps int [S, T] to unit vectors; sequences of one length are embedded together.
    """
    flat = [tuple(ids) for pair in pairs for ids in pair]
    vectors: dict[tuple[int, ...], np.ndarray] = {}
    for length in sorted({len(ids) for ids in flat}):
        group = sorted({ids for ids in flat if len(ids) == length})
        vectors.update(zip(group, embed(np.array(group)).astype(np.float64)))
    return np.array([vectors[tuple(a)] @ vectors[tuple(b)] for a, b in pairs])
