# SPDX-License-Identifier: Apache-2.0
"""Loaders and tokenizers: what they accept, and what they say about what they do not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import gguf
import numpy as np
import pytest
from safetensors.numpy import save_file

from models import loaders, tokenizer
from models.checkpoint import (
    BertConfig,
    BertWeights,
    BiasedLayer,
    CheckpointError,
    Gpt2Config,
    Gpt2Weights,
    LlamaConfig,
    LlamaWeights,
    pair_interleaved,
    random_biased,
    random_llama,
)


@pytest.fixture(scope="module")
def stories(shared_data: Path) -> LlamaWeights:
    return loaders.load_llama2c(shared_data / "stories260K.bin")


def to_halves(w: np.ndarray, head_dim: int) -> np.ndarray:
    """Rows of each head from pairs to rotary halves, one by one."""
    order = [*range(0, head_dim, 2), *range(1, head_dim, 2)]
    return np.concatenate([h[order] for h in np.split(w, len(w) // head_dim)])


def test_llama2c(stories: LlamaWeights) -> None:
    c = stories.config
    assert (c.dim, c.n_layers, c.n_heads, c.n_kv_heads, c.head_dim) == (64, 5, 8, 4, 8)
    assert (c.ffn_dim, c.vocab, c.max_seq, c.tied) == (172, 512, 512, True)


def test_pairs_undo_halves(stories: LlamaWeights) -> None:
    w = stories.layers[0].wk
    assert (pair_interleaved(to_halves(w, 8), 8) == w).all()


def test_safetensors_round_trip(stories: LlamaWeights, tmp_path: Path) -> None:
    """A Hugging Face folder written here with permuted wq, wk loads as the same weights."""
    c = stories.config
    names = {
        "attn_norm": "input_layernorm", "wq": "self_attn.q_proj", "wk": "self_attn.k_proj",
        "wv": "self_attn.v_proj", "wo": "self_attn.o_proj", "ffn_norm": "post_attention_layernorm",
        "w_gate": "mlp.gate_proj", "w_up": "mlp.up_proj", "w_down": "mlp.down_proj",
    }  # fmt: skip
    tensors = {
        "model.embed_tokens.weight": stories.embedding, "model.norm.weight": stories.final_norm
    }  # fmt: skip
    for i, layer in enumerate(stories.layers):
        for ours, theirs in names.items():
            w = getattr(layer, ours)
            w = to_halves(w, c.head_dim) if ours in ("wq", "wk") else w
            tensors[f"model.layers.{i}.{theirs}.weight"] = np.ascontiguousarray(w)
    save_file(tensors, tmp_path / "model.safetensors")
    config = {
        "model_type": "llama", "hidden_size": c.dim, "num_hidden_layers": c.n_layers,
        "num_attention_heads": c.n_heads, "num_key_value_heads": c.n_kv_heads,
        "intermediate_size": c.ffn_dim, "vocab_size": c.vocab, "rms_norm_eps": c.norm_eps,
        "max_position_embeddings": c.max_seq, "rope_theta": 10000.0, "tie_word_embeddings": True,
    }  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    loaded = loaders.load_hf_llama(tmp_path)
    assert loaded.config == c
    for a, b in zip(loaded.layers, stories.layers):
        assert all((getattr(a, n) == getattr(b, n)).all() for n in names)
    theta = {"rope_type": "default", "rope_theta": 5e5}
    for settings in (theta, {"rope_parameters": theta}, {"model_type": "mistral", **theta}):
        (tmp_path / "config.json").write_text(json.dumps(config | settings))
        assert loaders.load(tmp_path).config == dataclasses.replace(c, rope_theta=5e5)
    for settings, message in (
        ({"model_type": "mamba"}, "mamba"), ({"hidden_act": "gelu"}, "activation gelu"),
        ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "of kind linear"),
        ({"rope_parameters": {"rope_type": "llama3"}}, "of kind llama3"),
        ({"partial_rotary_factor": 0.5}, "in part"), ({"attention_bias": True}, "biases"),
        ({"model_type": "mistral", "sliding_window": 16}, "last 16 tokens"),
    ):
        (tmp_path / "config.json").write_text(json.dumps(config | settings))
        with pytest.raises(CheckpointError, match=message):
            loaders.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    data = (tmp_path / "model.safetensors").read_bytes()
    for broken in (data[:-4], data[:4], b"", b"no tensors here"):
        (tmp_path / "model.safetensors").write_bytes(broken)
        with pytest.raises(CheckpointError, match="truncated"):
            loaders.load_hf_llama(tmp_path)


def test_broken_files(shared_data: Path, tmp_path: Path) -> None:
    data = (shared_data / "stories260K.bin").read_bytes()
    file = tmp_path / "cut.bin"
    for content, message in ((data[:-4], "asks for"), (data[:20], "header"), (b"\0" * 99, "not a")):
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match=message):
            loaders.load_llama2c(file)
    with pytest.raises(CheckpointError, match="no such file"):
        loaders.load_llama2c(tmp_path / "absent.bin")
    with pytest.raises(CheckpointError, match="GGUF"):
        loaders.load_gguf(file)
    with pytest.raises(CheckpointError, match=r"config\.json: no such"):
        loaders.load_hf_bert(tmp_path)
    with pytest.raises(CheckpointError, match="pieces|truncated"):
        tokenizer.Llama2cTokenizer(shared_data / "tok512.bin", 513)


def test_llama2c_tokenizer(shared_data: Path) -> None:
    t = tokenizer.Llama2cTokenizer(shared_data / "tok512.bin", 512)
    ids = t.encode("Once upon a time")
    assert ids == [1, 403, 407, 261, 378]
    for text in ("Lily's cat, named “Zoé”!\nThe end.", "", "a  b"):
        assert t.decode(t.encode(text)) == text
    assert t.decode(ids[1:]) == " Once upon a time"


def test_smollm2_tokenizer() -> None:
    t = tokenizer.from_gguf(loaders.smollm2_gguf())
    text = "Hello world, 2024 isn't\n\n  over: ünïcode"
    ids = t.encode(text).ids
    assert t.decode(ids) == text
    digits = t.encode("2024").ids
    assert len(digits) == 4 and t.decode(digits) == "2024"
    chat = t.encode(tokenizer.smollm2_chat("Hi")).ids
    assert chat[0] == 1 and chat.count(tokenizer.SMOLLM2_STOP) == 2
    assert t.id_to_token(tokenizer.SMOLLM2_STOP) == "<|im_end|>"


def write_folder(folder: Path, tensors: dict[str, np.ndarray], settings: dict) -> None:
    folder.mkdir(exist_ok=True)
    whole = {name: np.ascontiguousarray(t) for name, t in tensors.items()}
    save_file(whole, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(settings))


def gpt2_folder(w: Gpt2Weights, folder: Path, **settings) -> None:
    """As Hugging Face writes it: matrices as [inputs, outputs], q, k and v as one."""
    c = w.config
    tensors = {"transformer.wte.weight": w.embedding, "transformer.wpe.weight": w.position,
               "transformer.ln_f.weight": w.gamma, "transformer.ln_f.bias": w.beta}
    for i, layer in enumerate(w.layers):
        parts = {
            "ln_1": (layer.attn_gamma, layer.attn_beta), "ln_2": (layer.ffn_gamma, layer.ffn_beta),
            "attn.c_attn": (np.concatenate([layer.wq.T, layer.wk.T, layer.wv.T], axis=1),
                            np.concatenate([layer.bq, layer.bk, layer.bv])),
            "attn.c_proj": (layer.wo.T, layer.bo), "mlp.c_fc": (layer.w_in.T, layer.b_in),
            "mlp.c_proj": (layer.w_out.T, layer.b_out),
        }
        for name, (weight, bias) in parts.items():
            tensors[f"transformer.h.{i}.{name}.weight"] = weight
            tensors[f"transformer.h.{i}.{name}.bias"] = bias
    write_folder(folder, tensors, {
        "model_type": "gpt2", "n_embd": c.dim, "n_layer": c.n_layers, "n_head": c.n_heads,
        "n_inner": c.ffn_dim, "vocab_size": c.vocab, "n_positions": c.max_seq,
        "layer_norm_epsilon": c.norm_eps, "activation_function": "gelu_new", **settings})


def bert_folder(w: BertWeights, folder: Path, **settings) -> None:
    c = w.config
    names = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
             "o": "attention.output.dense", "_in": "intermediate.dense", "_out": "output.dense"}
    norms = {"attn": "attention.output.LayerNorm", "ffn": "output.LayerNorm"}
    at = "bert.embeddings."
    tensors = {f"{at}word_embeddings.weight": w.embedding, f"{at}LayerNorm.weight": w.gamma,
               f"{at}position_embeddings.weight": w.position, f"{at}LayerNorm.bias": w.beta,
               f"{at}token_type_embeddings.weight": w.token_type}
    for i, layer in enumerate(w.layers):
        for ours, theirs in names.items():
            tensors[f"bert.encoder.layer.{i}.{theirs}.weight"] = getattr(layer, f"w{ours}")
            tensors[f"bert.encoder.layer.{i}.{theirs}.bias"] = getattr(layer, f"b{ours}")
        for ours, theirs in norms.items():
            tensors[f"bert.encoder.layer.{i}.{theirs}.weight"] = getattr(layer, f"{ours}_gamma")
            tensors[f"bert.encoder.layer.{i}.{theirs}.bias"] = getattr(layer, f"{ours}_beta")
    write_folder(folder, tensors, {
        "model_type": "bert", "hidden_size": c.dim, "num_hidden_layers": c.n_layers,
        "num_attention_heads": c.n_heads, "intermediate_size": c.ffn_dim, "vocab_size": c.vocab,
        "max_position_embeddings": c.max_seq, "layer_norm_eps": c.norm_eps, "hidden_act": "gelu",
        **settings})


FOLDERS = {
    "gpt2": (gpt2_folder, Gpt2Config(24, 2, 3, 40, 30, 20, 1e-5), "activation_function"),
    "bert": (bert_folder, BertConfig(24, 2, 3, 40, 30, 20, 1e-12), "hidden_act"),
}


@pytest.mark.parametrize("family", list(FOLDERS))
def test_folders_of_other_families(family: str, tmp_path: Path, seed: int) -> None:
    """Written here as Hugging Face does, read back the same; what is wrong is named."""
    write, config, activation = FOLDERS[family]
    weights = random_biased(config, seed)
    write(weights, tmp_path)
    for path in (tmp_path, tmp_path / "model.safetensors"):
        loaded = loaders.load(path)
        assert loaded.config == config
        for a, b in zip(loaded.layers, weights.layers):
            assert all((getattr(a, n) == getattr(b, n)).all() for n in BiasedLayer.shapes(config))
        assert (loaded.positions == weights.positions).all()
        assert (np.array(loaded.norms) == np.array(weights.norms)).all()
    assert loaded.first_layers(1).config.n_layers == 1
    for settings, message in (
        ({activation: "relu"}, "activation relu"), ({"model_type": "t5"}, "model_type t5"),
        ({"vocab_size": "many"}, "not those of"),
        ({"vocab_size": 31}, r"embedding: float32 \(30, 24\), expected float32 \(31, 24\)"),
    ):
        write(weights, tmp_path, **settings)
        with pytest.raises(CheckpointError, match=message):
            loaders.load(tmp_path)
    write(weights, tmp_path)
    settings = json.loads((tmp_path / "config.json").read_text())
    for key in ("vocab_size", "n_layer" if family == "gpt2" else "num_hidden_layers"):
        (tmp_path / "config.json").write_text(
            json.dumps({k: v for k, v in settings.items() if k != key}))
        with pytest.raises(CheckpointError, match=f"no {key}"):
            loaders.load(tmp_path)
    (tmp_path / "config.json").write_text("[]")
    with pytest.raises(CheckpointError, match="not a JSON object"):
        loaders.load(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(settings))
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[:-4])
    with pytest.raises(CheckpointError, match="truncated"):
        loaders.load(tmp_path)


def test_any_path(shared_data: Path, tmp_path: Path) -> None:
    assert loaders.load(shared_data / "stories260K.bin").config.family.name == "llama"
    with pytest.raises(CheckpointError, match="no such file"):
        loaders.load(tmp_path / "absent")
    (tmp_path / "broken.bin").write_bytes(b"GGUF" + bytes(40))
    with pytest.raises(CheckpointError, match="not a readable GGUF"):
        loaders.load(tmp_path / "broken.bin")


def write_gguf(w: BertWeights | Gpt2Weights, path: Path, **left_out: bool) -> None:
    """A file of either architecture, as llama.cpp names things."""
    c = w.config
    name = c.family.name
    file = gguf.GGUFWriter(path, name)
    sizes = {"embedding_length": c.dim, "block_count": c.n_layers, "context_length": c.max_seq,
             "feed_forward_length": c.ffn_dim, "attention.head_count": c.n_heads}
    for key, value in sizes.items():
        if key not in left_out:
            file.add_uint32(f"{name}.{key}", value)
    file.add_float32(f"{name}.attention.layer_norm_epsilon", c.norm_eps)
    tensors = {"token_embd.weight": w.embedding, "position_embd.weight": w.position}
    if name == "bert":
        norm, norms = "token_embd_norm", ("attn_output_norm", "layer_output_norm")
        tensors["token_types.weight"] = w.token_type
    else:
        norm, norms = "output_norm", ("attn_norm", "ffn_norm")
    tensors |= {f"{norm}.weight": w.gamma, f"{norm}.bias": w.beta}
    for i, layer in enumerate(w.layers):
        pairs = {
            "attn_output": (layer.wo, layer.bo), norms[0]: (layer.attn_gamma, layer.attn_beta),
            "ffn_up": (layer.w_in, layer.b_in), "ffn_down": (layer.w_out, layer.b_out),
            norms[1]: (layer.ffn_gamma, layer.ffn_beta),
        }
        if name == "bert":
            pairs |= {f"attn_{n}": (getattr(layer, f"w{n}"), getattr(layer, f"b{n}"))
                      for n in "qkv"}
        else:
            pairs["attn_qkv"] = layer.matrices()["qkv"], layer.biases()["qkv"]
        for part, (weight, bias) in pairs.items():
            tensors |= {f"blk.{i}.{part}.weight": weight, f"blk.{i}.{part}.bias": bias}
    for key, tensor in tensors.items():
        if key not in left_out:
            file.add_tensor(key, np.ascontiguousarray(tensor))
    for step in (file.write_header_to_file, file.write_kv_data_to_file,
                 file.write_tensors_to_file, file.close):
        step()


@pytest.mark.parametrize("family", list(FOLDERS))
def test_gguf_of_other_families(family: str, tmp_path: Path, seed: int) -> None:
    _, config, _ = FOLDERS[family]
    weights, path = random_biased(config, seed), tmp_path / "model.gguf"
    write_gguf(weights, path)
    loaded = loaders.load(path)
    assert dataclasses.replace(loaded.config, norm_eps=config.norm_eps) == config
    for a, b in zip(loaded.layers, weights.layers):
        assert all((getattr(a, n) == getattr(b, n)).all() for n in BiasedLayer.shapes(config))
    assert (loaded.positions == weights.positions).all()
    assert (np.array(loaded.norms) == np.array(weights.norms)).all()
    for name, message in (("blk.1.ffn_up.bias", "tensor blk.1.ffn_up.bias is missing"),
                          ("block_count", f"metadata {family}.block_count is missing")):
        write_gguf(weights, path, **{name: True})
        with pytest.raises(CheckpointError, match=message):
            loaders.load(path)


def write_llama_gguf(w: LlamaWeights, path: Path, kind: gguf.GGMLQuantizationType,
                     **settings: int | str) -> None:
    """As llama.cpp names things; matrices in this type."""
    c = w.config
    file = gguf.GGUFWriter(path, "llama")
    sizes = {"embedding_length": c.dim, "block_count": c.n_layers, "context_length": c.max_seq,
             "feed_forward_length": c.ffn_dim, "attention.head_count": c.n_heads,
             "attention.head_count_kv": c.n_kv_heads, **settings}
    for key, value in sizes.items():
        add = file.add_string if isinstance(value, str) else file.add_uint32
        add(f"llama.{key}", value)
    file.add_float32("llama.attention.layer_norm_rms_epsilon", c.norm_eps)
    names = {"wq": "attn_q", "wk": "attn_k", "wv": "attn_v", "wo": "attn_output",
             "w_gate": "ffn_gate", "w_up": "ffn_up", "w_down": "ffn_down"}
    tensors = {"token_embd.weight": w.embedding}
    for i, layer in enumerate(w.layers):
        for ours, theirs in names.items():
            tensors[f"blk.{i}.{theirs}.weight"] = getattr(layer, ours)
        file.add_tensor(f"blk.{i}.attn_norm.weight", layer.attn_norm)
        file.add_tensor(f"blk.{i}.ffn_norm.weight", layer.ffn_norm)
    file.add_tensor("output_norm.weight", w.final_norm)
    for name, tensor in tensors.items():
        raw = gguf.quants.quantize(np.ascontiguousarray(tensor), kind)
        file.add_tensor(name, raw, raw_dtype=kind)
    for step in (file.write_header_to_file, file.write_kv_data_to_file,
                 file.write_tensors_to_file, file.close):
        step()


@pytest.mark.parametrize("kind, bits", [("F32", 23), ("F16", 10), ("BF16", 7), ("Q8_0", 6),
                                        ("Q5_1", 3), ("Q4_0", 2)])
def test_gguf_llama(kind: str, bits: int, tmp_path: Path, seed: int) -> None:
    """Matrices come back within the rounding of their type; what is not supported is named."""
    c = LlamaConfig(64, 2, 4, 2, 16, 96, 50, 32, 1e4, 1e-5, True)
    weights, path = random_llama(c, seed), tmp_path / "model.gguf"
    write_llama_gguf(weights, path, gguf.GGMLQuantizationType[kind])
    loaded = loaders.load(path)
    assert dataclasses.replace(loaded.config, norm_eps=c.norm_eps) == c
    for a, b in zip(loaded.layers, weights.layers):
        assert (a.attn_norm == b.attn_norm).all() and (a.ffn_norm == b.ffn_norm).all()
        for name in ("wq", "wk", "wv", "wo", "w_gate", "w_up", "w_down"):
            wanted = getattr(b, name)
            assert np.abs(getattr(a, name) - wanted).max() <= np.abs(wanted).max() / 2**bits
    for settings, message in (
        ({"rope.scaling.type": "yarn"}, "scaled rotary"),
        ({"rope.dimension_count": 8}, "8 of 16 elements"), ({"expert_count": 4}, "mixtures"),
    ):
        write_llama_gguf(weights, path, gguf.GGMLQuantizationType[kind], **settings)
        with pytest.raises(CheckpointError, match=message):
            loaders.load(path)
    write_llama_gguf(weights, path, gguf.GGMLQuantizationType[kind],
                     **{"rope.scaling.type": "none", "rope.dimension_count": 16})
    assert loaders.load(path).config == loaded.config
