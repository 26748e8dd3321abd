# SPDX-License-Identifier: Apache-2.0
"""Hugging Face folders: config.json and *.safetensors, of Llama, GPT-2 and BERT models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import safetensors

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
    pair_interleaved,
)

Tensors = dict[str, np.ndarray]


READERS = {
    "F32": lambda raw: np.frombuffer(raw, "<f4").astype(np.float32),
    "F16": lambda raw: np.frombuffer(raw, "<f2").astype(np.float32),
    "BF16": lambda raw: (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32),
}
"""Values of a tensor by its type as safetensors names it."""


def _read_safetensors(path: Path) -> Tensors:
    """All weights of one file; tensors of another type (position_ids) are left out."""
    try:
        entries = safetensors.deserialize(path.read_bytes())
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"{path}: truncated, or no safetensors file ({error})") from error
    return {name: READERS[e["dtype"]](e["data"]).reshape(e["shape"])
            for name, e in entries if e["dtype"] in READERS}


class _Settings(dict):
    """config.json; a key that it lacks is named."""

    def __missing__(self, key: str) -> Any:
        raise CheckpointError(f"config.json has no {key}")


def _settings(folder: Path) -> dict[str, Any]:
    path = existing(folder / "config.json")
    try:
        settings = json.loads(path.read_text())
    except ValueError as error:
        raise CheckpointError(f"{path}: not JSON ({error})") from error
    if not isinstance(settings, dict):
        raise CheckpointError(f"{path}: not a JSON object")
    return _Settings(settings)


def _read_folder(folder: str | Path) -> tuple[Path, dict[str, Any], Tensors]:
    folder = existing(folder)
    config = _settings(folder)
    tensors: Tensors = {}
    files = sorted(folder.glob("*.safetensors"))
    if not files:
        raise CheckpointError(f"{folder}: no .safetensors file")
    for file in files:
        tensors.update(_read_safetensors(file))
    return folder, config, tensors


def _take(folder: Path, tensors: Tensors, name: str) -> np.ndarray:
    if name not in tensors:
        raise CheckpointError(f"{folder}: tensor {name} is missing")
    return tensors[name]


def _rotary_base(folder: Path, h: dict[str, Any]) -> float:
    """From either form in which config.json gives it; no frequency may be scaled or left out."""
    rotary = h.get("rope_parameters") or h.get("rope_scaling") or {}
    kind = rotary.get("rope_type", rotary.get("type", "default"))
    if kind != "default":
        raise CheckpointError(f"{folder}: rotary frequencies of kind {kind} are not supported")
    if h.get("partial_rotary_factor", 1) != 1:
        raise CheckpointError(f"{folder}: heads that are rotated in part are not supported")
    return float(rotary.get("rope_theta", h.get("rope_theta", 1e4)))


def load_hf_llama(folder: str | Path) -> LlamaWeights:
    """A Hugging Face folder (config.json, *.safetensors) of the Llama family (Llama, Mistral with
    full attention) without biases."""
    folder, h, t = _read_folder(folder)
    if h.get("model_type") not in ("llama", "mistral"):
        raise CheckpointError(f"{folder}: model_type {h.get('model_type')} is not llama")
    if h.get("attention_bias") or h.get("mlp_bias"):
        raise CheckpointError(f"{folder}: biases are not supported")
    if (act := h.get("hidden_act", "silu")) != "silu":
        raise CheckpointError(f"{folder}: activation {act} is not supported, only silu")
    if (window := h.get("sliding_window")) and window < h["max_position_embeddings"]:
        raise CheckpointError(f"{folder}: attention to the last {window} tokens only is not "
                              "supported")
    dim, heads = h["hidden_size"], h["num_attention_heads"]
    c = LlamaConfig(
        dim=dim, n_layers=h["num_hidden_layers"], n_heads=heads,
        n_kv_heads=h.get("num_key_value_heads", heads), head_dim=h.get("head_dim") or dim // heads,
        ffn_dim=h["intermediate_size"], vocab=h["vocab_size"],
        max_seq=h["max_position_embeddings"], rope_theta=_rotary_base(folder, h),
        norm_eps=float(h["rms_norm_eps"]), tied=bool(h.get("tie_word_embeddings", False)),
    )  # fmt: skip

    def layer(i: int) -> LlamaLayer:
        def get(name: str) -> np.ndarray:
            return _take(folder, t, f"model.layers.{i}.{name}.weight")

        return LlamaLayer(
            attn_norm=get("input_layernorm"),
            wq=pair_interleaved(get("self_attn.q_proj"), c.head_dim),
            wk=pair_interleaved(get("self_attn.k_proj"), c.head_dim),
            wv=get("self_attn.v_proj"),
            wo=get("self_attn.o_proj"),
            ffn_norm=get("post_attention_layernorm"),
            w_gate=get("mlp.gate_proj"),
            w_up=get("mlp.up_proj"),
            w_down=get("mlp.down_proj"),
        )

    embedding = _take(folder, t, "model.embed_tokens.weight")
    return LlamaWeights(
        config=c,
        embedding=embedding,
        layers=[layer(i) for i in range(c.n_layers)],
        final_norm=_take(folder, t, "model.norm.weight"),
        w_out=embedding if c.tied else _take(folder, t, "lm_head.weight"),
    )


GELU = {"gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh"}


def _activation(folder: Path, name: str) -> str:
    if name not in GELU:
        raise CheckpointError(f"{folder}: activation {name} is not supported, only "
                              f"{', '.join(GELU)}")
    return GELU[name]


def load_hf_bert(folder: str | Path) -> BertWeights:
    """A Hugging Face folder (config.json, *.safetensors) of a BERT encoder."""
    folder, h, t = _read_folder(folder)
    if h.get("model_type") != "bert":
        raise CheckpointError(f"{folder}: model_type {h.get('model_type')} is not bert")
    if (kind := h.get("position_embedding_type", "absolute")) != "absolute":
        raise CheckpointError(f"{folder}: position_embedding_type {kind} is not supported")
    prefix = "bert." if "bert.embeddings.word_embeddings.weight" in t else ""
    c = BertConfig(
        dim=h["hidden_size"], n_layers=h["num_hidden_layers"], n_heads=h["num_attention_heads"],
        ffn_dim=h["intermediate_size"], vocab=h["vocab_size"],
        max_seq=h["max_position_embeddings"], norm_eps=float(h["layer_norm_eps"]),
        activation=_activation(folder, h["hidden_act"]),
    )  # fmt: skip

    def get(name: str) -> np.ndarray:
        return _take(folder, t, prefix + name)

    names = {
        "q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
        "o": "attention.output.dense", "_in": "intermediate.dense", "_out": "output.dense",
    }  # fmt: skip
    norms = {"attn": "attention.output.LayerNorm", "ffn": "output.LayerNorm"}

    def layer(i: int) -> BiasedLayer:
        at = f"encoder.layer.{i}."
        fields: Tensors = {}
        for ours, theirs in names.items():
            fields[f"w{ours}"] = get(f"{at}{theirs}.weight")
            fields[f"b{ours}"] = get(f"{at}{theirs}.bias")
        for ours, theirs in norms.items():
            fields[f"{ours}_gamma"] = get(f"{at}{theirs}.weight")
            fields[f"{ours}_beta"] = get(f"{at}{theirs}.bias")
        return BiasedLayer(**fields)

    return BertWeights(
        config=c,
        embedding=get("embeddings.word_embeddings.weight"),
        position=get("embeddings.position_embeddings.weight"),
        token_type=get("embeddings.token_type_embeddings.weight"),
        gamma=get("embeddings.LayerNorm.weight"),
        beta=get("embeddings.LayerNorm.bias"),
        layers=[layer(i) for i in range(c.n_layers)],
    )


def load_hf_gpt2(folder: str | Path) -> Gpt2Weights:
    """A Hugging Face folder (config.json, *.safetensors) of the GPT-2 kind. Its matrices are stored
    as [inputs, outputs], q, k and v as one."""
    folder, h, t = _read_folder(folder)
    if h.get("model_type") != "gpt2":
        raise CheckpointError(f"{folder}: model_type {h.get('model_type')} is not gpt2")
    if not h.get("scale_attn_weights", True) or h.get("scale_attn_by_inverse_layer_idx"):
        raise CheckpointError(f"{folder}: scores are only scaled by 1/sqrt(head size)")
    prefix = "transformer." if "transformer.wte.weight" in t else ""
    c = Gpt2Config(
        dim=h["n_embd"], n_layers=h["n_layer"], n_heads=h["n_head"],
        ffn_dim=h.get("n_inner") or 4 * h["n_embd"], vocab=h["vocab_size"],
        max_seq=h["n_positions"], norm_eps=float(h.get("layer_norm_epsilon", 1e-5)),
        activation=_activation(folder, h.get("activation_function", "gelu_new")),
    )  # fmt: skip

    def get(name: str) -> np.ndarray:
        return _take(folder, t, prefix + name)

    def linear(name: str) -> tuple[np.ndarray, np.ndarray]:
        return np.ascontiguousarray(get(f"{name}.weight").T), get(f"{name}.bias")

    def layer(i: int) -> BiasedLayer:
        at = f"h.{i}."
        qkv, bias = linear(at + "attn.c_attn")
        if len(qkv) % 3 or bias.shape != qkv.shape[:1]:
            raise CheckpointError(f"{folder}: layer {i} c_attn is not q, k and v")
        (wq, wk, wv), (bq, bk, bv) = np.split(qkv, 3), np.split(bias, 3)
        wo, bo = linear(at + "attn.c_proj")
        w_in, b_in = linear(at + "mlp.c_fc")
        w_out, b_out = linear(at + "mlp.c_proj")
        return BiasedLayer(
            wq, bq, wk, bk, wv, bv, wo, bo, get(at + "ln_1.weight"), get(at + "ln_1.bias"),
            w_in, b_in, w_out, b_out, get(at + "ln_2.weight"), get(at + "ln_2.bias"))

    embedding = get("wte.weight")
    tied = h.get("tie_word_embeddings", True)
    return Gpt2Weights(
        config=c,
        embedding=embedding,
        position=get("wpe.weight"),
        layers=[layer(i) for i in range(c.n_layers)],
        gamma=get("ln_f.weight"),
        beta=get("ln_f.bias"),
        w_out=embedding if tied else _take(folder, t, "lm_head.weight"),
    )


FOLDERS = {"llama": load_hf_llama, "mistral": load_hf_llama, "gpt2": load_hf_gpt2,
           "bert": load_hf_bert}
"""Loaders by model_type."""


def load_folder(folder: Path) -> Weights:
    """Any of them; whatever a loader stumbles over becomes a CheckpointError."""
    kind = _settings(folder).get("model_type")
    if kind not in FOLDERS:
        raise CheckpointError(f"{folder}: model_type {kind} is not supported, only "
                              f"{', '.join(FOLDERS)}")
    try:
        return FOLDERS[kind](folder)
    except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
        raise CheckpointError(f"{folder}: config.json and tensors are not those of a {kind} "
                              f"model ({error!r})") from error
