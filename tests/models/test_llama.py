# SPDX-License-Identifier: Apache-2.0
"""The Llama reference: the laws, on random weights of awkward shapes, and against plain floats."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models import float_reference, llama
from models.checkpoint import CheckpointError, LlamaConfig, LlamaWeights, random_llama

SHAPES = {
    "narrow heads": dict(dim=40, n_heads=4, n_kv_heads=2, head_dim=6, ffn_dim=44, vocab=50),
    "odd groups": dict(dim=48, n_heads=3, n_kv_heads=1, head_dim=16, ffn_dim=72, vocab=33),
    "wide heads": dict(dim=64, n_heads=2, n_kv_heads=2, head_dim=72, ffn_dim=96, vocab=64),
}


def weights(shape: str, seed: int) -> LlamaWeights:
    c = LlamaConfig(
        n_layers=2, max_seq=100, rope_theta=1e4, norm_eps=1e-5, tied=True, **SHAPES[shape]
    )
    return random_llama(c, seed)


def traced(model: llama.Model, chunks: list[list[int]]) -> dict[tuple[str, int], np.ndarray]:
    """Every tensor of a run, chunks joined along the tokens; context axes zero-padded."""
    pieces: dict[tuple[str, int], list[np.ndarray]] = {}
    model.trace = lambda name, layer, a: pieces.setdefault((name, layer), []).append(a.copy())
    cache = llama.Cache(model)
    for chunk in chunks:
        model.forward(chunk, cache)
    model.trace = None
    out = {}
    for key, parts in pieces.items():
        widest = max(p.shape[-1] for p in parts)
        parts = [np.pad(p, [(0, 0)] * (p.ndim - 1) + [(0, widest - p.shape[-1])]) for p in parts]
        out[key] = np.concatenate(parts, axis=parts[0].ndim - 2)
    return out


def same_bits(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_prefill_equals_decode_equals_ragged_chunks(shape: str, block: int, seed: int) -> None:
    w = weights(shape, seed)
    rng = np.random.default_rng(seed)
    tokens = rng.integers(0, w.config.vocab, 80).tolist()
    model = llama.Model(w, block)
    whole = traced(model, [tokens])
    cuts = [0, *sorted(rng.choice(np.arange(1, 80), 6, replace=False).tolist()), 80]
    ragged = [tokens[a:b] for a, b in zip(cuts, cuts[1:])]
    for chunks in ([[t] for t in tokens], ragged):
        other = traced(model, chunks)
        assert other.keys() == whole.keys()
        different = [key for key in whole if not same_bits(whole[key], other[key])]
        assert not different, different


@pytest.mark.parametrize("block", [16, 64])
def test_a_batch_equals_its_sequences_alone(block: int, seed: int) -> None:
    w = weights("odd groups", seed)
    rng = np.random.default_rng(seed)
    model = llama.Model(w, block)
    sequences = [rng.integers(0, w.config.vocab, n).tolist() for n in (1, 17, 5)]
    caches = [llama.Cache(model) for _ in sequences]
    together = model.forward_batch(list(zip(sequences, caches)))
    again = model.forward_batch([([3], cache) for cache in caches], last_only=True)
    for tokens, first, then in zip(sequences, together, again):
        cache = llama.Cache(model)
        assert same_bits(model.forward(tokens, cache), first)
        assert same_bits(model.forward([3], cache), then)


def test_later_tokens_do_not_reach_back_even_as_nan(seed: int) -> None:
    w = weights("narrow heads", seed)
    poisoned = w.embedding.copy()
    poisoned[7] = np.nan
    w = dataclasses.replace(w, embedding=poisoned)
    model = llama.Model(w, 16)
    alone = model.forward([1, 2, 3], llama.Cache(model))
    followed = model.forward([1, 2, 3, 7, 4], llama.Cache(model))
    assert np.isfinite(alone).all() and same_bits(alone, followed[:3])
    assert np.isnan(followed[3:]).all()


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize(("block", "w_bits", "bound"), [(16, 8, 0.03), (64, 8, 0.03), (64, 4, 0.4)])
def test_close_to_floats(shape: str, block: int, w_bits: int, bound: float, seed: int) -> None:
    """Relative RMS error of the logits: about a hundredth in 8 bits, a fifth in 4-bit weights."""
    w = weights(shape, seed)
    tokens = np.random.default_rng(seed).integers(0, w.config.vocab, 60).tolist()
    model = llama.Model(w, block, w_bits)
    exact = float_reference.llama_logits(w, tokens)
    error = model.forward(tokens, llama.Cache(model)) - exact
    assert np.sqrt(np.mean(error**2) / np.mean(exact**2)) < bound


def test_generate_is_greedy_and_stops() -> None:
    model = llama.Model(weights("odd groups", 5), 16)
    out = llama.generate(model, [1, 2], 8)
    logits = model.forward([1, 2, *out], llama.Cache(model))
    assert out == logits[1:-1].argmax(axis=-1).tolist()
    stop = out[4]
    assert llama.generate(model, [1, 2], 8, stop) == out[: out.index(stop)]


def test_errors() -> None:
    w = weights("odd groups", 1)
    model = llama.Model(w, 16)
    with pytest.raises(ValueError, match="at least one"):
        model.forward([], llama.Cache(model))
    with pytest.raises(ValueError, match="100 tokens"):
        model.forward([0] * 101, llama.Cache(model))
    with pytest.raises(ValueError, match="1 to 2"):
        w.first_layers(3)
    with pytest.raises(CheckpointError, match="final_norm"):
        dataclasses.replace(w, final_norm=w.final_norm[:-1])
    assert w.first_layers(1).config.n_layers == 1
