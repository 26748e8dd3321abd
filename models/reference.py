# SPDX-License-Identifier: Apache-2.0
"""What the pages of the model families share: sizes, constants, quantising, and the trace."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from models import vector
from models.checkpoint import BertConfig, LlamaConfig
from models.dimc import Operand

Trace = Callable[[str, int, np.ndarray], None]


class Reference:
    """Base of the models: constants of a configuration on a chip of `block`.

    `trace(name, layer, array)` sees every intermediate tensor (layer -1 outside the layers).
    """

    def __init__(self, config: LlamaConfig | BertConfig, block: int, trace: Trace | None) -> None:
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
