# SPDX-License-Identifier: Apache-2.0
"""What the cycle model is swept over: one transformer layer by its shape, how much of it, and how
its command lists are cut. Also the two measures of docs/architecture.md: useful work and bound."""

from __future__ import annotations

import dataclasses

from models.cycle_hardware import up

BLOCK, LANES = 64, 16


@dataclasses.dataclass(frozen=True)
class Shape:
    """Of one layer; `encoder`: LayerNorm after each half, biases, GELU without gate, full
    attention; otherwise RMSNorm before, gated SiLU, causal."""

    name: str
    dim: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    encoder: bool = False

    @property
    def head_beats(self) -> int:
        return up(self.head_dim, LANES)

    @property
    def head_tiles(self) -> int:
        return up(self.head_dim, BLOCK)

    @property
    def linears(self) -> dict[str, tuple[int, int]]:
        """Contraction length and output columns of each matrix product."""
        width = self.head_beats * LANES
        return {"qkv": (self.dim, (self.heads + 2 * self.kv_heads) * width),
                "wo": (self.heads * width, self.dim),
                "up": (self.dim, self.ffn * (1 if self.encoder else 2)),
                "down": (self.ffn, self.dim)}


SMOLLM2 = Shape("SmolLM2-135M", 576, 9, 3, 64, 1536)
MINILM = Shape("all-MiniLM-L6-v2", 384, 12, 12, 32, 1536, encoder=True)


@dataclasses.dataclass(frozen=True)
class Job:
    """A layer's work: `batch` sequences of `tokens` new tokens each after `context` tokens, and how
    the lists express it.

    chunk: rows (tokens, or sequences in decode) per command. lag: pipeline stages from one chunk
    to the next (None: one chunk after the other). per_tile: a mac command per column tile rather
    than one for all tiles of a macro. pieces: parts of the hidden layer, each multiplied by all
    macros, activated and sent while the next is multiplied. per_head: a command per head in
    attention rather than one per KV head. spread: the heads of a KV head on macros of their own,
    each with a copy of the cache. lockstep: all macros take as long as the one with the most tiles,
    as if they had one queue. fused: LayerNorm and biases in fewer passes (see
    models/cycle_workload.py). layers: equal layers, one after the other, in one list.
    """

    shape: Shape
    tokens: int
    context: int = 0
    batch: int = 1
    chunk: int = 16
    lag: int | None = None
    per_tile: bool = False
    pieces: int = 1
    per_head: bool = False
    spread: bool = False
    lockstep: bool = False
    fused: bool = False
    chiplets: int = 1
    macros: int = 4
    layers: int = 1

    @property
    def useful_macs(self) -> int:
        """Multiply-accumulates of valid rows, columns and tokens, attention included."""
        s = self.shape
        q = s.heads * s.head_dim
        linear = s.dim * (q + 2 * s.kv_heads * s.head_dim) + q * s.dim
        linear += (2 if s.encoder else 3) * s.dim * s.ffn
        if s.encoder:
            seen = self.tokens * self.tokens
        else:
            seen = sum(self.context + t + 1 for t in range(self.tokens))
        return self.layers * self.batch * (self.tokens * linear + 2 * q * seen)

    @property
    def macro_bound_cycles(self) -> int:
        """As docs/architecture.md defines it: all macros of the package, each product by itself."""
        return self.layers * self.batch * self.tokens * sum(
            up(depth, BLOCK) * up(up(cols, BLOCK), self.chiplets * self.macros) * 8
            for depth, cols in self.shape.linears.values())
