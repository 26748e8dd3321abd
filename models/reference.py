# SPDX-License-Identifier: Apache-2.0
"""What the pages of the model families share: sizes, constants, quantising, and the trace."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models import fp32, mx, vector
from models import transcendental as fn
from models.checkpoint import BertWeights, Config, Gpt2Weights
from models.dimc import Operand, product
from models.fp32 import mul

Trace = Callable[[str, int, np.ndarray], None]


class Reference:
    """Base of the models: constants of a configuration on a chip of `block`.

    `trace(name, layer, array)` sees every intermediate tensor (layer -1 outside the layers).
    """

    def __init__(self, config: Config, block: int, trace: Trace | None) -> None:
        lanes = block // 4
        self.config, self.block, self.trace = config, block, trace
        self.head_pad = -(-config.head_dim // lanes) * lanes
        self.epsilon = vector.norm_epsilon(config.norm_eps, config.dim)
        self.c_attn = vector.softmax_constant(config.head_dim)

    def _padded_heads(self, wo: np.ndarray) -> np.ndarray:
        """Wo [dim, n_heads * head_dim] -> [dim, n_heads * head_pad], zeros behind each head."""
        c = self.config
        out = np.zeros((c.dim, c.n_heads, self.head_pad), np.float32)
        out[..., : c.head_dim] = wo.reshape(c.dim, c.n_heads, c.head_dim)
        return out.reshape(c.dim, -1)

    def _show(self, name: str, layer: int, array: np.ndarray) -> np.ndarray:
        """The array, once the trace has seen it."""
        if self.trace:
            self.trace(name, layer, array)
        return array

    def _quantized(self, name: str, layer: int, x: np.ndarray) -> Operand:
        """Q(x) along the last axis; the trace sees q and e."""
        operand = Operand.quantized(x, 8, self.block)
        self._show(f"{name}_q", layer, operand.q)
        self._show(f"{name}_e", layer, operand.e)
        return operand

    def _attend(self, i: int, q: Operand, k: Operand, v: Operand, allowed) -> np.ndarray:
        """Softmax over the tokens `allowed` (bool [T, context], or True for all).

        q [..., heads, T, hd'], k, v [..., heads, context, hd'] -> [..., heads, T, head_dim].
        """
        block, context = self.block, k.q.shape[-2]
        s = self._show("s", i, np.where(allowed, product(q, k), fp32.ZERO))
        m = vector.softmax_max(s, allowed)
        e = self._show("e", i, vector.softmax_exp(s, m, self.c_attn, allowed))
        scale = self._show("e_scale", i, vector.softmax_scale(e, block))
        tiles = []
        for tile in range(v.e.shape[-1]):
            p = self._quantized(f"p{tile}", i, vector.fold(e, v.e[..., None, :, tile], allowed))
            part = v.q[..., tile * block : (tile + 1) * block].swapaxes(-1, -2)
            columns = np.zeros((*part.shape[:-1], p.q.shape[-1]), np.int8)
            columns[..., :context] = part
            unit = np.full((*part.shape[:-1], p.e.shape[-1]), mx.UNIT, np.uint8)
            tiles.append(product(p, Operand(columns, unit, 8, block)))
        o = np.concatenate(tiles, axis=-1)[..., : self.config.head_dim]
        return self._show("o_heads", i, mul(o, scale))

    def _joined(self, o: np.ndarray) -> np.ndarray:
        """Heads [..., heads, T, head_dim] -> input of Wo [..., T, heads * head_pad]."""
        *before, heads, count, size = o.shape
        out = np.zeros((*before, count, heads, self.head_pad), np.float32)
        out[..., :size] = o.swapaxes(-2, -3)
        return out.reshape(*before, count, -1)


class Biased(Reference):
    """What BERT and GPT-2 share: LayerNorm, products with biases, GELU."""

    def __init__(
        self, weights: BertWeights | Gpt2Weights, block: int, w_bits: int, trace: Trace | None
    ) -> None:
        c = weights.config
        super().__init__(c, block, trace)
        self.norms = [(vector.norm_gain(g, c.dim), fp32.flush(b)) for g, b in weights.norms]
        self.products, self.biases = [], []
        for layer in weights.layers:
            matrices = {**layer.matrices(), "wo": self._padded_heads(layer.wo)}
            self.products.append(
                {n: Operand.quantized(w, w_bits, block) for n, w in matrices.items()}
            )
            self.biases.append({n: fp32.flush(b) for n, b in layer.biases().items()})

    def _linear(self, name: str, i: int, x: Operand) -> np.ndarray:
        """b + W x [..., outputs]."""
        return self._show(name, i, product(x, self.products[i][name], self.biases[i][name]))

    def _norm(self, number: int, x: np.ndarray) -> np.ndarray:
        """Norms are counted in the order in which a token meets them."""
        return vector.layer_norm(x, *self.norms[number], self.epsilon, self.block)

    def _qkv(self, i: int, x: np.ndarray) -> tuple[Operand, Operand, Operand]:
        """x [..., T, dim] -> q, k, v [..., n_heads, T, hd']."""
        c = self.config
        y = self._linear("qkv", i, self._quantized("attn_x", i, x))
        y = y.reshape(*x.shape[:-1], 3, c.n_heads, c.head_dim)
        y = np.moveaxis(y, [-3, -2], [0, -3])
        return tuple(self._quantized(name, i, part) for name, part in zip("qkv", y))

    def _wo(self, i: int, oq: Operand) -> np.ndarray:
        """[..., T, n_heads * head_pad] -> [..., T, dim]."""
        return self._linear("wo", i, oq)

    def _mlp(self, i: int, x: np.ndarray) -> np.ndarray:
        """x [..., T, dim] -> [..., T, dim]."""
        h = self._linear("up", i, self._quantized("ffn_x", i, x))
        gelu = fn.gelu if self.config.activation == "gelu" else fn.gelu_tanh
        return self._linear("down", i, self._quantized("act", i, gelu(h)))
