# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in memory: configuration and float32 weights, whatever file they came from.

Matrices are [outputs, inputs]. Rows of wq and wk are ordered so that the elements 2i and 2i+1 of
a head form a rotary pair: llama2.c and GGUF files are stored that way, Hugging Face files (halves)
are permuted by their loader.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np


class CheckpointError(Exception):
    """A checkpoint that is missing, truncated, inconsistent or of an unsupported kind."""


@dataclasses.dataclass(frozen=True)
class LlamaConfig:
    dim: int
    n_layers: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    ffn_dim: int
    vocab: int
    max_seq: int
    rope_theta: float
    norm_eps: float
    tied: bool

    def __post_init__(self) -> None:
        sizes = dataclasses.astuple(self)[:8]
        if min(sizes) < 1:
            raise CheckpointError(f"a size is not positive: {self}")
        if self.n_heads % self.n_kv_heads:
            raise CheckpointError(f"{self.n_heads} heads cannot share {self.n_kv_heads} KV heads")
        if self.head_dim % 2:
            raise CheckpointError(f"head_dim {self.head_dim} is odd: no rotary pairs")


def _expect(name: str, array: np.ndarray, shape: tuple[int, ...]) -> None:
    if array.shape != shape or array.dtype != np.float32:
        raise CheckpointError(f"{name}: {array.dtype} {array.shape}, expected float32 {shape}")


@dataclasses.dataclass(frozen=True)
class LlamaLayer:
    attn_norm: np.ndarray  # [dim]
    wq: np.ndarray  # [n_heads * head_dim, dim]
    wk: np.ndarray  # [n_kv_heads * head_dim, dim]
    wv: np.ndarray  # [n_kv_heads * head_dim, dim]
    wo: np.ndarray  # [dim, n_heads * head_dim]
    ffn_norm: np.ndarray  # [dim]
    w_gate: np.ndarray  # [ffn_dim, dim]
    w_up: np.ndarray  # [ffn_dim, dim]
    w_down: np.ndarray  # [dim, ffn_dim]


@dataclasses.dataclass(frozen=True)
class LlamaWeights:
    config: LlamaConfig
    embedding: np.ndarray  # [vocab, dim]
    layers: list[LlamaLayer]
    final_norm: np.ndarray  # [dim]
    w_out: np.ndarray  # [vocab, dim]; the same array as embedding where tied

    def __post_init__(self) -> None:
        c = self.config
        q, kv = c.n_heads * c.head_dim, c.n_kv_heads * c.head_dim
        shapes = {
            "attn_norm": (c.dim,), "wq": (q, c.dim), "wk": (kv, c.dim), "wv": (kv, c.dim),
            "wo": (c.dim, q), "ffn_norm": (c.dim,), "w_gate": (c.ffn_dim, c.dim),
            "w_up": (c.ffn_dim, c.dim), "w_down": (c.dim, c.ffn_dim),
        }  # fmt: skip
        if len(self.layers) != c.n_layers:
            raise CheckpointError(f"{len(self.layers)} layers, expected {c.n_layers}")
        for i, layer in enumerate(self.layers):
            for name, shape in shapes.items():
                _expect(f"layer {i} {name}", getattr(layer, name), shape)
        _expect("embedding", self.embedding, (c.vocab, c.dim))
        _expect("final_norm", self.final_norm, (c.dim,))
        _expect("w_out", self.w_out, (c.vocab, c.dim))

    def first_layers(self, count: int) -> LlamaWeights:
        """The same model cut to its first layers; embedding, final norm and output head stay.

        Raises ValueError if `count` is not 1 to n_layers.
        """
        if not 1 <= count <= self.config.n_layers:
            raise ValueError(f"layers must be 1 to {self.config.n_layers}, not {count}")
        config = dataclasses.replace(self.config, n_layers=count)
        return dataclasses.replace(self, config=config, layers=self.layers[:count])


@dataclasses.dataclass(frozen=True)
class BertConfig:
    dim: int
    n_layers: int
    n_heads: int
    ffn_dim: int
    vocab: int
    max_seq: int
    norm_eps: float

    @property
    def head_dim(self) -> int:
        return self.dim // self.n_heads


@dataclasses.dataclass(frozen=True)
class BertLayer:
    wq: np.ndarray  # [dim, dim]
    bq: np.ndarray  # [dim]
    wk: np.ndarray
    bk: np.ndarray
    wv: np.ndarray
    bv: np.ndarray
    wo: np.ndarray
    bo: np.ndarray
    attn_gamma: np.ndarray  # [dim]
    attn_beta: np.ndarray
    w_in: np.ndarray  # [ffn_dim, dim]
    b_in: np.ndarray  # [ffn_dim]
    w_out: np.ndarray  # [dim, ffn_dim]
    b_out: np.ndarray  # [dim]
    ffn_gamma: np.ndarray
    ffn_beta: np.ndarray


@dataclasses.dataclass(frozen=True)
class BertWeights:
    config: BertConfig
    word: np.ndarray  # [vocab, dim]
    position: np.ndarray  # [max_seq, dim]
    token_type: np.ndarray  # [types, dim]
    gamma: np.ndarray  # [dim]
    beta: np.ndarray
    layers: list[BertLayer]

    def __post_init__(self) -> None:
        c = self.config
        wide = {"w_in": (c.ffn_dim, c.dim), "b_in": (c.ffn_dim,), "w_out": (c.dim, c.ffn_dim)}
        for i, layer in enumerate(self.layers):
            for field in dataclasses.fields(layer):
                default = (c.dim, c.dim) if field.name.startswith("w") else (c.dim,)
                shape = wide.get(field.name, default)
                _expect(f"layer {i} {field.name}", getattr(layer, field.name), shape)
        _expect("word", self.word, (c.vocab, c.dim))
        _expect("position", self.position, (c.max_seq, c.dim))
        for name in ("gamma", "beta"):
            _expect(name, getattr(self, name), (c.dim,))


def existing(path: str | Path) -> Path:
    """The path, or CheckpointError if there is no such file or folder."""
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"{path}: no such file or folder")
    return path


def pair_interleaved(w: np.ndarray, head_dim: int) -> np.ndarray:
    """Rows of wq or wk [heads * head_dim, ...] from rotary halves (i, i + head_dim/2) to pairs."""
    heads = w.reshape(-1, 2, head_dim // 2, *w.shape[1:])
    return np.ascontiguousarray(heads.swapaxes(1, 2).reshape(w.shape))


def random_llama(config: LlamaConfig, seed: int) -> LlamaWeights:
    """Weights of the given shape, drawn so that activations keep their scale; for tests."""
    rng = np.random.default_rng(seed)
    c = config

    def matrix(outputs: int, inputs: int) -> np.ndarray:
        return (rng.standard_normal((outputs, inputs)) / np.sqrt(inputs)).astype(np.float32)

    def gamma() -> np.ndarray:
        return rng.uniform(0.5, 1.5, c.dim).astype(np.float32)

    q, kv = c.n_heads * c.head_dim, c.n_kv_heads * c.head_dim
    layers = [
        LlamaLayer(
            gamma(), matrix(q, c.dim), matrix(kv, c.dim), matrix(kv, c.dim), matrix(c.dim, q),
            gamma(), matrix(c.ffn_dim, c.dim), matrix(c.ffn_dim, c.dim), matrix(c.dim, c.ffn_dim),
        )
        for _ in range(c.n_layers)
    ]  # fmt: skip
    embedding = rng.standard_normal((c.vocab, c.dim)).astype(np.float32)
    return LlamaWeights(
        c, embedding, layers, gamma(), embedding if c.tied else matrix(c.vocab, c.dim)
    )
