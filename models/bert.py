# SPDX-License-Identifier: Apache-2.0
"""BERT encoders for sentence embeddings on one page: every rounding of the chip in its place.

Q is mx.quantize, S the fixed-order sum, W the stationary MX operands; everything else is fp32
with flush. Per sequence:

    x = LN(word + (position + type))             position + type is one fp32 table
    q, k, v = Wq Q(x) + bq, ...                  bias after the product; Q(q), Q(k), Q(v) per head
    s = Q(q) . Q(k);  e = exp2((s - max s) * log2(e) / sqrt(head_dim))      over all tokens
    o = (Q(e * 2^Ev) . Vq) * recip(S(e))         blocks of BLOCK tokens, V at exponent 0
    x = LN(x + (Wo Q(o) + bo))                   heads padded to a multiple of LANES = BLOCK / 4
    x = LN(x + (Wout Q(gelu(Win Q(x) + bin)) + bout))
    embedding = u * rsqrt(S(u * u) + 1e-24),  u = (sum of x over tokens, ascending) * (1/T)

    LN(x): d = x - S(x) * (1/dim);  (d * rsqrt(S(d * d) + eps * dim)) * (gamma * sqrt(dim)) + beta
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models import fp32, mx, vector
from models import transcendental as fn
from models.checkpoint import BertWeights
from models.dimc import Operand, product
from models.fp32 import add, mul
from models.reference import Reference, Trace


class Model(Reference):
    """A BERT encoder in MX weights; `trace(name, layer, array)` sees every intermediate tensor."""

    def __init__(
        self, weights: BertWeights, block: int = 64, w_bits: int = 8, trace: Trace | None = None
    ) -> None:
        c = weights.config
        super().__init__(c, block, trace)
        self.word = fp32.flush(weights.embedding)
        self.position = weights.positions
        self.embed_norm = (vector.norm_gain(weights.gamma, c.dim), fp32.flush(weights.beta))
        self.layers = weights.layers
        self.stationary = []
        for layer in weights.layers:
            matrices = {n: getattr(layer, n) for n in ("wq", "wk", "wv", "w_in", "w_out")}
            matrices["wo"] = self._padded_heads(layer.wo)
            self.stationary.append(
                {n: Operand.quantized(w, w_bits, block) for n, w in matrices.items()}
            )

    def embed(self, tokens: np.ndarray) -> np.ndarray:
        """Sequences of one length int [S, T] -> unit vectors float32 [S, dim]."""
        count = tokens.shape[1]
        if count > self.config.max_seq:
            raise ValueError(f"{count} tokens, the model takes {self.config.max_seq}")
        x = add(self.word[tokens], self.position[:count])
        x = self._show("x", -1, self._layer_norm(x, *self.embed_norm))
        for i, w in enumerate(self.layers):
            gain = vector.norm_gain(w.attn_gamma, self.config.dim)
            x = add(x, self._attention(i, x))
            x = self._show("x_attn", i, self._layer_norm(x, gain, w.attn_beta))
            gain = vector.norm_gain(w.ffn_gamma, self.config.dim)
            x = add(x, self._ffn(i, x))
            x = self._show("x_ffn", i, self._layer_norm(x, gain, w.ffn_beta))
        total = np.zeros((len(tokens), self.config.dim), np.float32)
        for t in range(count):
            total = add(total, x[:, t])
        pooled = self._show("pooled", -1, mul(total, np.float32(1 / count)))
        return self._show("embedding", -1, vector.l2_normalize(pooled, self.block))

    def _layer_norm(self, x: np.ndarray, gain: np.ndarray, beta: np.ndarray) -> np.ndarray:
        return vector.layer_norm(x, gain, beta, self.epsilon, self.block)

    def _attention(self, i: int, x: np.ndarray) -> np.ndarray:
        """x [S, T, dim] -> [S, T, dim]."""
        c, block, w, m = self.config, self.block, self.layers[i], self.stationary[i]
        sequences, count, _ = x.shape
        xq = self._quantized("attn_x", i, x)

        def heads(name: str, weights: Operand, bias: np.ndarray) -> Operand:
            y = self._show(name, i, add(product(xq, weights), bias))
            y = y.reshape(sequences, count, c.n_heads, c.head_dim).swapaxes(1, 2)
            return self._quantized(name, i, y)  # [S, heads, T, hd']

        q, k, v = heads("q", m["wq"], w.bq), heads("k", m["wk"], w.bk), heads("v", m["wv"], w.bv)
        s = self._show("s", i, product(q, k))
        e = vector.softmax_exp(s, vector.softmax_max(s, True), self.c_attn, True)
        scale = vector.softmax_scale(self._show("e", i, e), block)
        tiles = []
        for tile in range(v.e.shape[-1]):
            p = self._quantized(f"p{tile}", i, vector.fold(e, v.e[..., None, :, tile], True))
            columns = np.zeros((sequences, c.n_heads, block, p.q.shape[-1]), np.int8)
            part = v.q[..., tile * block : (tile + 1) * block]
            columns[..., :count] = part.swapaxes(-1, -2)
            unit = np.full((sequences, c.n_heads, block, p.e.shape[-1]), mx.UNIT, np.uint8)
            tiles.append(product(p, Operand(columns, unit, 8, block)))
        o = mul(np.concatenate(tiles, axis=-1)[..., : c.head_dim], scale)
        out = np.zeros((sequences, count, c.n_heads, self.head_pad), np.float32)
        out[..., : c.head_dim] = o.swapaxes(1, 2)
        oq = self._quantized("o", i, out.reshape(sequences, count, -1))
        return self._show("wo", i, add(product(oq, m["wo"]), w.bo))

    def _ffn(self, i: int, x: np.ndarray) -> np.ndarray:
        """x [S, T, dim] -> [S, T, dim]."""
        w, m = self.layers[i], self.stationary[i]
        h = add(product(self._quantized("ffn_x", i, x), m["w_in"]), w.b_in)
        a = self._quantized("act", i, fn.gelu(self._show("hidden", i, h)))
        return self._show("down", i, add(product(a, m["w_out"]), w.b_out))


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
