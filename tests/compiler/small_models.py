# SPDX-License-Identifier: Apache-2.0
"""Small packages, Llama shapes, chosen and random, and decoders against the reference."""

from __future__ import annotations

import dataclasses

import numpy as np

from models import config, decoder, gpt2, host, llama, reduce
from models.checkpoint import GPT2, Gpt2Weights, LlamaConfig, LlamaWeights
from models.compiler import compile_model
from models.config import Config


def package(n_chiplets: int, block: int = 16, **sizes: int) -> Config:
    """The tracer's configuration with more sets and chunks of few tokens."""
    return config.load("tracer", **{"n_chiplets": n_chiplets, "block": block, "sets": 1024,
                                    "max_tokens": 32, **sizes})


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


def check(weights: LlamaWeights | Gpt2Weights, cfg: Config, prompt_length: int, new: int, seed: int,
          **options) -> None:
    """Tokens and logits of the compiled model after a random prompt are the reference's, and
    nothing unwritten is used; options as of host.run."""
    rng = np.random.default_rng(seed)
    prompt = rng.integers(0, weights.config.vocab, prompt_length).tolist()
    images = compile_model(weights, cfg)
    run = host.run(images, cfg, prompt, new, poison=True, want_logits=True, **options)
    answer = reference(weights, cfg.block, prompt, new)
    assert run.tokens == answer.tokens
    assert run.logits.tobytes() == answer.logits.tobytes()
