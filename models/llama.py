# SPDX-License-Identifier: Apache-2.0
"""The Llama family on one page: every rounding of the chip in its place.

Q is mx.quantize, S the fixed-order sum, W the stationary MX operands; everything else is fp32
with flush (models/fp32.py). Per token t of a sequence:

    xq = Q(x * gamma')                 gamma' = gamma * sqrt(dim): the norm's scale commutes with
    r  = rsqrt(S(x * x) + eps * dim)   the product and multiplies its result
    q, k = rope(Wq xq * r), rope(Wk xq * r)      per head; cached as Q(k)
    v  = Wv xq * r                               cached as Q(v), bytes Ev, one per tile of BLOCK
    s  = Q(q) . Q(k)                             over the tokens so far
    e  = exp2((s - max s) * log2(e) / sqrt(head_dim))
    o  = (Q(e * 2^Ev) . Vq) * recip(S(e))        blocks of BLOCK absolute tokens, V at exponent 0
    x  = x + Wo Q(o)                             heads padded to a multiple of LANES = BLOCK / 4
    xq, r as above with the second norm
    x  = x + Wdown Q(silu(Wgate xq * r) * (Wup xq * r))
    logits = Wout Q(x * gammaf') * r

No result of a token depends on later tokens, on the chunk it came in, or on its batch.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from models import fp32, vector
from models.checkpoint import LlamaLayer, LlamaWeights
from models.decoder import Cache, Decoder, generate, loss
from models.dimc import Operand, product
from models.fp32 import mul
from models.reference import Trace

__all__ = ["Cache", "Model", "Stationary", "generate", "loss"]


@dataclasses.dataclass(frozen=True)
class Stationary:
    """Constants of one layer as the chip holds them."""

    attn_gain: np.ndarray
    wq: Operand
    wk: Operand
    wv: Operand
    wo: Operand
    ffn_gain: np.ndarray
    w_gate: Operand
    w_up: Operand
    w_down: Operand


class Model(Decoder):
    """A Llama checkpoint in MX weights.

    `block` is BLOCK of the chip, `w_bits` 8 or 4. `trace(name, layer, array)` sees every
    intermediate tensor (layer -1 outside the layers).
    """

    def __init__(
        self, weights: LlamaWeights, block: int = 64, w_bits: int = 8, trace: Trace | None = None
    ) -> None:
        c = weights.config
        super().__init__(c, block, trace)
        self.w_bits = w_bits
        self.embedding = fp32.flush(weights.embedding)
        self.layers = [self._stationary(layer) for layer in weights.layers]
        self.final_gain = vector.norm_gain(weights.final_norm, c.dim)
        self.w_out = self._weights(weights.w_out)

    def _weights(self, w: np.ndarray) -> Operand:
        return Operand.quantized(w, self.w_bits, self.block)

    def _stationary(self, w: LlamaLayer) -> Stationary:
        c = self.config
        return Stationary(
            attn_gain=vector.norm_gain(w.attn_norm, c.dim),
            wq=self._weights(w.wq),
            wk=self._weights(w.wk),
            wv=self._weights(w.wv),
            wo=self._weights(self._padded_heads(w.wo)),
            ffn_gain=vector.norm_gain(w.ffn_norm, c.dim),
            w_gate=self._weights(w.w_gate),
            w_up=self._weights(w.w_up),
            w_down=self._weights(w.w_down),
        )

    def _embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return self.embedding[ids]

    def _normed(self, name: str, layer: int, x: np.ndarray, gain) -> tuple[Operand, np.ndarray]:
        """x [T, dim] -> (Q(x * gain), r [T, 1])."""
        xq = self._quantized(f"{name}_x", layer, mul(x, gain))
        return xq, self._show(f"{name}_r", layer, vector.rms_scale(x, self.epsilon, self.block))

    def _heads(self, i: int, x: np.ndarray, positions) -> tuple[Operand, Operand, Operand]:
        c, w = self.config, self.layers[i]
        xq, r = self._normed("attn", i, x, w.attn_gain)
        rope = vector.rope_table(positions, c.head_dim, c.rope_theta)

        def heads(name: str, weights: Operand) -> np.ndarray:
            y = self._show(name, i, mul(product(xq, weights), r))
            return y.reshape(len(x), -1, c.head_dim).swapaxes(0, 1)  # [heads, T, head_dim]

        q = vector.rope(heads("q", w.wq), *rope)
        k = vector.rope(heads("k", w.wk), *rope)
        return (self._quantized("q_rope", i, q), self._quantized("k_rope", i, k),
                self._quantized("v", i, heads("v", w.wv)))

    def _wo(self, i: int, oq: Operand) -> np.ndarray:
        return product(oq, self.layers[i].wo)

    def _ffn(self, i: int, x: np.ndarray) -> np.ndarray:
        w = self.layers[i]
        xq, r = self._normed("ffn", i, x, w.ffn_gain)
        gate = self._show("gate", i, mul(product(xq, w.w_gate), r))
        up = self._show("up", i, mul(product(xq, w.w_up), r))
        a = self._quantized("act", i, vector.silu_mul(gate, up))
        return self._show("down", i, product(a, w.w_down))

    def _head(self, x: np.ndarray) -> np.ndarray:
        xq, r = self._normed("head", -1, x, self.final_gain)
        return mul(product(xq, self.w_out), r)
