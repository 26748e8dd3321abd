# SPDX-License-Identifier: Apache-2.0
"""GGUF files of Llama, GPT-2 and BERT models, tensors of any type that the gguf package
dequantises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from models.checkpoint import (
    BertConfig,
    BertWeights,
    BiasedLayer,
    CheckpointError,
    Gpt2Config,
    Gpt2Weights,
    LlamaConfig,
    LlamaLayer,
    LlamaWeights,
    Weights,
    existing,
)


def open_gguf(path: str | Path):
    """A gguf.GGUFReader, or CheckpointError."""
    import gguf

    path = existing(path)
    try:
        return gguf.GGUFReader(path)
    except Exception as error:  # the package raises whatever its numpy slicing meets
        raise CheckpointError(f"{path}: not a readable GGUF file ({error})") from error


class _File:
    """Metadata and tensors of a file by name; what is missing is named."""

    def __init__(self, path: str | Path, reader) -> None:
        self.path, self.fields = path, reader.fields
        self.tensors = {t.name: t for t in reader.tensors}

    def meta(self, key: str, default: Any = None) -> Any:
        field = self.fields.get(key)
        if field is None and default is None:
            raise CheckpointError(f"{self.path}: metadata {key} is missing")
        return default if field is None else field.contents()

    def tensor(self, name: str) -> np.ndarray:
        """float32, matrices as [outputs, inputs]."""
        import gguf

        if name not in self.tensors:
            raise CheckpointError(f"{self.path}: tensor {name} is missing")
        t = self.tensors[name]
        try:
            values = gguf.quants.dequantize(t.data, t.tensor_type)
        except NotImplementedError as error:
            raise CheckpointError(f"{self.path}: tensor {name} is {t.tensor_type.name}, "
                                  "which cannot be dequantised") from error
        return np.ascontiguousarray(values, dtype=np.float32)

    def pair(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Weight and bias."""
        return self.tensor(f"{name}.weight"), self.tensor(f"{name}.bias")


def load_gguf(path: str | Path, reader=None) -> Weights:
    """The model of a file, by its architecture."""
    file = _File(path, reader or open_gguf(path))
    architecture = file.meta("general.architecture")
    if architecture not in ARCHITECTURES:
        raise CheckpointError(f"{path}: architecture {architecture} is not supported, only "
                              f"{', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](file)


def _llama(file: _File) -> LlamaWeights:
    """Rotary pairs are interleaved in this format."""
    meta, tensor = file.meta, file.tensor
    scaling = meta("llama.rope.scaling.type", "none")
    if scaling != "none" or "rope_freqs.weight" in file.tensors:
        raise CheckpointError(f"{file.path}: scaled rotary frequencies are not supported")
    embedding = tensor("token_embd.weight")
    dim, heads = meta("llama.embedding_length"), meta("llama.attention.head_count")
    tied = "output.weight" not in file.tensors
    head_dim = meta("llama.attention.key_length", dim // heads)
    if (rotated := meta("llama.rope.dimension_count", head_dim)) != head_dim:
        raise CheckpointError(f"{file.path}: {rotated} of {head_dim} elements of a head are "
                              "rotated; only all are supported")
    if meta("llama.expert_count", 0):
        raise CheckpointError(f"{file.path}: mixtures of experts are not supported")
    c = LlamaConfig(
        dim=dim, n_layers=meta("llama.block_count"), n_heads=heads,
        n_kv_heads=meta("llama.attention.head_count_kv", heads),
        head_dim=head_dim,
        ffn_dim=meta("llama.feed_forward_length"), vocab=embedding.shape[0],
        max_seq=meta("llama.context_length"), rope_theta=float(meta("llama.rope.freq_base", 1e4)),
        norm_eps=float(meta("llama.attention.layer_norm_rms_epsilon")), tied=tied,
    )  # fmt: skip
    names = {
        "attn_norm": "attn_norm", "wq": "attn_q", "wk": "attn_k", "wv": "attn_v",
        "wo": "attn_output", "ffn_norm": "ffn_norm", "w_gate": "ffn_gate", "w_up": "ffn_up",
        "w_down": "ffn_down",
    }  # fmt: skip
    return LlamaWeights(
        config=c,
        embedding=embedding,
        layers=[
            LlamaLayer(**{ours: tensor(f"blk.{i}.{n}.weight") for ours, n in names.items()})
            for i in range(c.n_layers)
        ],
        final_norm=tensor("output_norm.weight"),
        w_out=embedding if tied else tensor("output.weight"),
    )


def _sizes(file: _File, name: str, vocab: int) -> dict[str, Any]:
    """Of GPT-2 and BERT."""
    return {
        "dim": file.meta(f"{name}.embedding_length"), "n_layers": file.meta(f"{name}.block_count"),
        "n_heads": file.meta(f"{name}.attention.head_count"), "vocab": vocab,
        "ffn_dim": file.meta(f"{name}.feed_forward_length"),
        "max_seq": file.meta(f"{name}.context_length"),
        "norm_eps": float(file.meta(f"{name}.attention.layer_norm_epsilon")),
    }


def _biased_layer(file: _File, at: str, qkv: list[tuple], norms: tuple[str, str]) -> BiasedLayer:
    """A layer of GPT-2 or BERT from q, k, v and the names of its norms."""
    parts = [*qkv, file.pair(f"{at}.attn_output"), file.pair(f"{at}.{norms[0]}"),
             file.pair(f"{at}.ffn_up"), file.pair(f"{at}.ffn_down"), file.pair(f"{at}.{norms[1]}")]
    return BiasedLayer(*(array for pair in parts for array in pair))


def _gpt2(file: _File) -> Gpt2Weights:
    """q, k and v are one matrix in this format."""
    embedding = file.tensor("token_embd.weight")
    c = Gpt2Config(**_sizes(file, "gpt2", len(embedding)))

    def layer(i: int) -> BiasedLayer:
        weight, bias = file.pair(f"blk.{i}.attn_qkv")
        if len(weight) != 3 * c.dim or len(bias) != 3 * c.dim:
            raise CheckpointError(f"{file.path}: blk.{i}.attn_qkv is not q, k and v")
        qkv = list(zip(np.split(weight, 3), np.split(bias, 3)))
        return _biased_layer(file, f"blk.{i}", qkv, ("attn_norm", "ffn_norm"))

    head = "output.weight"
    return Gpt2Weights(
        c, embedding, file.tensor("position_embd.weight"), [layer(i) for i in range(c.n_layers)],
        *file.pair("output_norm"), file.tensor(head) if head in file.tensors else embedding)


def _bert(file: _File) -> BertWeights:
    embedding = file.tensor("token_embd.weight")
    c = BertConfig(**_sizes(file, "bert", len(embedding)))

    def layer(i: int) -> BiasedLayer:
        qkv = [file.pair(f"blk.{i}.attn_{n}") for n in "qkv"]
        return _biased_layer(file, f"blk.{i}", qkv, ("attn_output_norm", "layer_output_norm"))

    return BertWeights(
        c, embedding, file.tensor("position_embd.weight"), file.tensor("token_types.weight"),
        *file.pair("token_embd_norm"), [layer(i) for i in range(c.n_layers)])


ARCHITECTURES = {"llama": _llama, "gpt2": _gpt2, "bert": _bert}
