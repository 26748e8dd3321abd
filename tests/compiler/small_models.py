# SPDX-License-Identifier: Apache-2.0
"""Llama shapes, chosen and random, and what the reference makes of a decoder."""

from __future__ import annotations

import dataclasses

import numpy as np

from models import decoder, gpt2, llama, reduce
from models.checkpoint import GPT2, Gpt2Weights, LlamaConfig, LlamaWeights


def shape(**sizes) -> LlamaConfig:
    """A configuration; sizes that are not given are small."""
    small = dict(dim=32, n_layers=2, n_heads=2, n_kv_heads=1, head_dim=16, ffn_dim=48, vocab=50,
                 max_seq=64, rope_theta=1e4, norm_eps=1e-5, tied=True)
    return LlamaConfig(**{**small, **sizes})


def random_shape(rng: np.random.Generator) -> LlamaConfig:
    kv = int(rng.integers(1, 5))
    return shape(
        dim=int(rng.integers(5, 150)), n_layers=int(rng.integers(1, 3)),
        n_heads=kv * int(rng.integers(1, 4)), n_kv_heads=kv,
        head_dim=int(rng.choice([8, 16, 32, 64, 128])), ffn_dim=int(rng.integers(5, 200)),
        vocab=int(rng.integers(20, 300)), tied=bool(rng.integers(2)))


@dataclasses.dataclass(frozen=True)
class Answer:
    """The reference's new tokens, and logits float32 [new, vocab] before each."""

    tokens: list[int]
    logits: np.ndarray


def reference(weights: LlamaWeights | Gpt2Weights, block: int, prompt: list[int],
              new: int) -> Answer:
    page = gpt2 if weights.config.family is GPT2 else llama
    model = page.Model(weights, block)
    cache, chunk = decoder.Cache(model), prompt
    tokens, logits = [], []
    for _ in range(new):
        logits.append(model.forward(chunk, cache, last_only=True)[0])
        tokens.append(int(reduce.argmax(logits[-1])))
        chunk = tokens[-1:]
    return Answer(tokens, np.stack(logits))
