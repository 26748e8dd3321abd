# SPDX-License-Identifier: Apache-2.0
"""Checkpoints in memory: configuration and float32 weights, whatever file they came from.

Matrices are [outputs, inputs]. Rows of a Llama model's wq and wk are ordered so that the elements
2i and 2i+1 of a head form a rotary pair: llama2.c and GGUF files are stored that way, Hugging Face
files (halves) are permuted by their loader.

Weights of every family have `config` (with family, dim, n_layers, n_heads, n_kv_heads, head_dim,
ffn_dim, vocab, max_seq, norm_eps), `embedding`, `layers` (with matrices() and biases()), `norms`
and first_layers(n); decoders have `w_out`, families without rotary pairs `positions`.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import ClassVar

import numpy as np

from models import fp32


class CheckpointError(Exception):
    """A checkpoint that is missing, truncated, inconsistent or of an unsupported kind."""


@dataclasses.dataclass(frozen=True)
class Family:
    """What tells the families of transformers apart.

    causal: attention over the tokens so far, answers are tokens; else over all, the answer is an
    embedding of the sequence. rope: positions turn q and k; else rows of a table are added to the
    embedding. layer_norm: LayerNorm, and biases on the layers' products; else RMSNorm and none.
    post_norm: what follows a norm is added to the normalised row; else to the row itself.
    gated: SwiGLU; else GELU.
    """

    name: str
    causal: bool
    rope: bool
    layer_norm: bool
    post_norm: bool
    gated: bool


LLAMA = Family("llama", causal=True, rope=True, layer_norm=False, post_norm=False, gated=True)
GPT2 = Family("gpt2", causal=True, rope=False, layer_norm=True, post_norm=False, gated=False)
BERT = Family("bert", causal=False, rope=False, layer_norm=True, post_norm=True, gated=False)


@dataclasses.dataclass(frozen=True)
class LlamaConfig:
    family: ClassVar[Family] = LLAMA
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


class _Weights:
    """What the weights of all families can do."""

    def _check_layers(self) -> None:
        if len(self.layers) != self.config.n_layers:
            raise CheckpointError(f"{len(self.layers)} layers, expected {self.config.n_layers}")

    def first_layers(self, count: int):
        """The same model cut to its first layers; embedding, final norm and output head stay.

        Raises ValueError if `count` is not 1 to n_layers.
        """
        if not 1 <= count <= self.config.n_layers:
            raise ValueError(f"layers must be 1 to {self.config.n_layers}, not {count}")
        config = dataclasses.replace(self.config, n_layers=count)
        return dataclasses.replace(self, config=config, layers=self.layers[:count])


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

    def matrices(self) -> dict[str, np.ndarray]:
        """The products of a layer: qkv, wo, up (gate, then up), down."""
        return {"qkv": np.concatenate([self.wq, self.wk, self.wv]), "wo": self.wo,
                "up": np.concatenate([self.w_gate, self.w_up]), "down": self.w_down}

    def biases(self) -> dict[str, np.ndarray]:
        """Of the same products; none."""
        return {}


@dataclasses.dataclass(frozen=True)
class LlamaWeights(_Weights):
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
        self._check_layers()
        for i, layer in enumerate(self.layers):
            for name, shape in shapes.items():
                _expect(f"layer {i} {name}", getattr(layer, name), shape)
        _expect("embedding", self.embedding, (c.vocab, c.dim))
        _expect("final_norm", self.final_norm, (c.dim,))
        _expect("w_out", self.w_out, (c.vocab, c.dim))

    @property
    def norms(self) -> list[tuple[np.ndarray, None]]:
        """gamma and beta of the norms, in the order in which a token meets them."""
        gammas = [g for w in self.layers for g in (w.attn_norm, w.ffn_norm)]
        return [(g, None) for g in [*gammas, self.final_norm]]


@dataclasses.dataclass(frozen=True)
class BertConfig:
    family: ClassVar[Family] = BERT
    dim: int
    n_layers: int
    n_heads: int
    ffn_dim: int
    vocab: int
    max_seq: int
    norm_eps: float
    activation: str = "gelu"  # or gelu_tanh

    def __post_init__(self) -> None:
        if min(dataclasses.astuple(self)[:6]) < 1:
            raise CheckpointError(f"a size is not positive: {self}")
        if self.dim % self.n_heads:
            raise CheckpointError(f"{self.dim} elements are not {self.n_heads} heads of one size")
        if self.activation not in ("gelu", "gelu_tanh"):
            raise CheckpointError(f"activation {self.activation} is not gelu or gelu_tanh")

    @property
    def head_dim(self) -> int:
        return self.dim // self.n_heads

    @property
    def n_kv_heads(self) -> int:
        return self.n_heads


@dataclasses.dataclass(frozen=True)
class Gpt2Config(BertConfig):
    family: ClassVar[Family] = GPT2
    activation: str = "gelu_tanh"


@dataclasses.dataclass(frozen=True)
class BiasedLayer:
    """A layer of BERT (norms behind the two parts) or GPT-2 (norms in front of them)."""

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

    @staticmethod
    def shapes(c: BertConfig) -> dict[str, tuple[int, ...]]:
        """Of every array, by name."""
        wide = {"w_in": (c.ffn_dim, c.dim), "b_in": (c.ffn_dim,), "w_out": (c.dim, c.ffn_dim)}
        square = {n: (c.dim, c.dim) for n in ("wq", "wk", "wv", "wo")}
        names = (f.name for f in dataclasses.fields(BiasedLayer))
        return {n: {**wide, **square}.get(n, (c.dim,)) for n in names}

    def matrices(self) -> dict[str, np.ndarray]:
        """The products of a layer: qkv, wo, up, down."""
        return {"qkv": np.concatenate([self.wq, self.wk, self.wv]), "wo": self.wo,
                "up": self.w_in, "down": self.w_out}

    def biases(self) -> dict[str, np.ndarray]:
        """Of the same products."""
        return {"qkv": np.concatenate([self.bq, self.bk, self.bv]), "wo": self.bo,
                "up": self.b_in, "down": self.b_out}


class _BiasedWeights(_Weights):
    def __post_init__(self) -> None:
        c = self.config
        self._check_layers()
        for i, layer in enumerate(self.layers):
            for name, shape in BiasedLayer.shapes(c).items():
                _expect(f"layer {i} {name}", getattr(layer, name), shape)
        _expect("embedding", self.embedding, (c.vocab, c.dim))
        _expect("position", self.position, (c.max_seq, c.dim))
        for name in ("gamma", "beta"):
            _expect(name, getattr(self, name), (c.dim,))

    def _layer_norms(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [n for w in self.layers
                for n in ((w.attn_gamma, w.attn_beta), (w.ffn_gamma, w.ffn_beta))]


@dataclasses.dataclass(frozen=True)
class BertWeights(_BiasedWeights):
    config: BertConfig
    embedding: np.ndarray  # [vocab, dim]
    position: np.ndarray  # [max_seq, dim]
    token_type: np.ndarray  # [types, dim]
    gamma: np.ndarray  # [dim], norm of the embedding
    beta: np.ndarray
    layers: list[BiasedLayer]

    def __post_init__(self) -> None:
        super().__post_init__()
        _expect("token_type", self.token_type[:1], (1, self.config.dim))

    @property
    def norms(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """gamma and beta of the norms, in the order in which a token meets them."""
        return [(self.gamma, self.beta), *self._layer_norms()]

    @property
    def positions(self) -> np.ndarray:
        """fp32 rows that are added to the embedding: position + token type 0 [max_seq, dim]."""
        return fp32.add(self.position, self.token_type[0])


@dataclasses.dataclass(frozen=True)
class Gpt2Weights(_BiasedWeights):
    config: Gpt2Config
    embedding: np.ndarray  # [vocab, dim]
    position: np.ndarray  # [max_seq, dim]
    layers: list[BiasedLayer]
    gamma: np.ndarray  # [dim], final norm
    beta: np.ndarray
    w_out: np.ndarray  # [vocab, dim]; the same array as embedding where tied

    def __post_init__(self) -> None:
        super().__post_init__()
        _expect("w_out", self.w_out, (self.config.vocab, self.config.dim))

    @property
    def norms(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """gamma and beta of the norms, in the order in which a token meets them."""
        return [*self._layer_norms(), (self.gamma, self.beta)]

    @property
    def positions(self) -> np.ndarray:
        """fp32 rows that are added to the embedding [max_seq, dim]."""
        return fp32.flush(self.position)


Weights = LlamaWeights | Gpt2Weights | BertWeights
Config = LlamaConfig | Gpt2Config | BertConfig


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


def random_biased(config: BertConfig, seed: int) -> BertWeights | Gpt2Weights:
    """Weights of BERT or GPT-2 (by the configuration's class); for tests."""
    rng = np.random.default_rng(seed)
    c = config

    def array(name: str, shape: tuple[int, ...]) -> np.ndarray:
        if name.endswith("gamma"):
            return rng.uniform(0.5, 1.5, shape).astype(np.float32)
        scale = 1 / np.sqrt(shape[-1]) if len(shape) == 2 else 0.2
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    layers = [BiasedLayer(**{n: array(n, shape) for n, shape in BiasedLayer.shapes(c).items()})
              for _ in range(c.n_layers)]
    rows = rng.standard_normal((c.vocab + c.max_seq + 2, c.dim)).astype(np.float32)
    embedding, position, types = np.split(rows, [c.vocab, c.vocab + c.max_seq])
    gamma, beta = array("gamma", (c.dim,)), array("beta", (c.dim,))
    if c.family is BERT:
        return BertWeights(c, embedding, position, types, gamma, beta, layers)
    return Gpt2Weights(c, embedding, position, layers, gamma, beta, embedding)
