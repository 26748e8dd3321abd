# SPDX-License-Identifier: Apache-2.0
"""Loaders and tokenizers: what they accept, and what they say about what they do not."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from models import loaders, tokenizer
from models.checkpoint import CheckpointError, LlamaWeights, pair_interleaved


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
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[:-4])
    with pytest.raises(CheckpointError, match="truncated"):
        loaders.load_hf_llama(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config | {"model_type": "mamba"}))
    (tmp_path / "model.safetensors").write_bytes(data)
    with pytest.raises(CheckpointError, match="mamba"):
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
