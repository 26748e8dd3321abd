# SPDX-License-Identifier: Apache-2.0
"""GPT-2 style decoders on one page: every rounding of the chip in its place.

Q is mx.quantize, S the fixed-order sum, W the stationary MX operands; everything else is fp32
with flush (models/fp32.py). b + W a is a product whose accumulator starts at the bias b. Per token:

    x = word + position                          both fp32 tables
    xq = Q(LN(x))
    q, k, v = b + W xq                           per head; Q(k), Q(v) are cached
    s  = Q(q) . Q(k)                             over the tokens so far
    e  = exp2((s - max s) * log2(e) / sqrt(head_dim))
    o  = (Q(e * 2^Ev) . Vq) * recip(S(e))        blocks of BLOCK absolute tokens, V at exponent 0
    x  = x + (bo + Wo Q(o))                      heads padded to a multiple of LANES = BLOCK / 4
    x  = x + (bout + Wout Q(gelu(bin + Win Q(LN(x)))))
    logits = Whead Q(LN(x))

    LN(x): d = x - S(x) * (1/dim);  (d * rsqrt(S(d * d) + eps * dim)) * (gamma * sqrt(dim)) + beta
"""

from __future__ import annotations

import numpy as np

from models import fp32
from models.checkpoint import Gpt2Weights
from models.decoder import Cache, Decoder, generate, loss
from models.dimc import Operand, product
from models.fp32 import add
from models.reference import Biased, Trace

__all__ = ["Cache", "Model", "generate", "loss"]


class Model(Biased, Decoder):
    """A GPT-2 checkpoint in MX weights; `trace(name, layer, array)` sees every intermediate
    tensor (layer -1 outside the layers)."""

    def __init__(
        self, weights: Gpt2Weights, block: int = 64, w_bits: int = 8, trace: Trace | None = None
    ) -> None:
        super().__init__(weights, block, w_bits, trace)
        self.embedding, self.positions = fp32.flush(weights.embedding), weights.positions
        self.w_head = Operand.quantized(weights.w_out, w_bits, block)

    def _embed(self, ids: np.ndarray, positions: np.ndarray) -> np.ndarray:
        return add(self.embedding[ids], self.positions[positions])

    def _heads(self, i: int, x: np.ndarray, positions) -> tuple[Operand, Operand, Operand]:
        return self._qkv(i, self._norm(2 * i, x))

    def _ffn(self, i: int, x: np.ndarray) -> np.ndarray:
        return self._mlp(i, self._norm(2 * i + 1, x))

    def _head(self, x: np.ndarray) -> np.ndarray:
        return product(self._quantized("head_x", -1, self._norm(-1, x)), self.w_head)
