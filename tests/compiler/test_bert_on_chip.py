# SPDX-License-Identifier: Apache-2.0
"""Compiled encoders on the command-level simulator against models/bert.py, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from models import bert, config, csim, host, loaders
from models.checkpoint import BertConfig, random_biased
from models.compiler import compile_model
from models.compiler.plan import CompileError, make_plan
from models.config import Config
from tests.compiler.small_models import package

SHAPES = {  # dim, layers, heads, ffn, vocab, positions
    "uneven heads": BertConfig(72, 2, 9, 70, 105, 64, 1e-12),
    "one head": BertConfig(64, 1, 1, 130, 21, 30, 1e-12),
    "wide heads": BertConfig(256, 1, 2, 100, 90, 64, 1e-12, "gelu_tanh"),
    "halves of a block": BertConfig(96, 2, 3, 200, 33, 64, 1e-12),
}

LONG = pytest.mark.regress


def check(c: BertConfig, cfg: Config, lengths: list[int], seed: int, **options) -> None:
    weights = random_biased(c, seed)
    rng = np.random.default_rng(seed)
    images, model = compile_model(weights, cfg), bert.Model(weights, cfg.block)
    for length in lengths:
        ids = rng.integers(0, c.vocab, length)
        got = host.embed(images, cfg, ids.tolist(), poison=True, **options)
        assert got.tobytes() == model.embed(ids[None])[0].tobytes(), length


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("chiplets", [1, 4, *(pytest.param(n, marks=LONG) for n in (2, 3))])
@pytest.mark.parametrize("name", list(SHAPES))
def test_equals_the_reference(name: str, chiplets: int, block: int, seed: int) -> None:
    """Nothing unwritten is used; chiplets, block, shape and unused rows of chunks do not matter."""
    check(SHAPES[name], package(chiplets, block), [1, 6, 17], seed)


@pytest.mark.parametrize("length", range(1, 31, 3))
def test_lengths(length: int, seed: int) -> None:
    check(SHAPES["one head"], package(2, n_macros=1), [length], seed)


def test_what_does_not_fit_says_what_would() -> None:
    """all-MiniLM-L6-v2 on the smallest configuration; a batch of sequences."""
    minilm = BertConfig(384, 6, 12, 1536, 30522, 512, 1e-12)
    with pytest.raises(CompileError, match="nano has 64 .* fits: tracer .* smollm2"):
        make_plan(minilm, config.load("nano"))
    with pytest.raises(CompileError, match="one sequence at a time"):
        make_plan(minilm, config.load("tracer"), batch=2)


def test_any_interleaving_gives_the_same(seed: int) -> None:
    """A missing semaphore would show as a difference, an unwritten operand or a deadlock."""
    for case in range(4):
        check(SHAPES["uneven heads"], package(3, n_macros=3), [13, 32], seed,
              policy=csim.shuffled(case), queue_depth=1 + case)


def test_nano_runs_a_small_layer(seed: int) -> None:
    check(BertConfig(16, 1, 2, 24, 40, 32, 1e-12), config.load("nano"), [1, 7, 8], seed)


def test_longest_sequence(seed: int) -> None:
    """One list has to take a sequence whole; what does not fit is refused."""
    c, cfg = SHAPES["one head"], package(1)
    assert make_plan(c, cfg).max_positions == 30
    assert make_plan(c, package(1, max_tokens=31)).max_positions == 16
    with pytest.raises(CompileError, match="a sequence of 20 tokens is one list .* takes 16"):
        make_plan(c, package(1, max_tokens=16), positions=20)
    images = compile_model(random_biased(c, seed), cfg)
    with pytest.raises(host.RequestError, match="31 positions of 30"):
        host.embed(images, cfg, [0] * 31)
    with pytest.raises(host.RequestError, match="65 words .* has 64"):
        host.run(images, cfg, [0], 65)


@pytest.mark.regress
def test_minilm(seed: int) -> None:
    """All layers of all-MiniLM-L6-v2 on four chiplets."""
    weights = loaders.load(loaders.minilm_folder())
    cfg = config.load("smollm2")
    images, model = compile_model(weights, cfg), bert.Model(weights)
    rng = np.random.default_rng(seed)
    for length in (1, 17, 100):
        ids = rng.integers(0, weights.config.vocab, length)
        got = host.embed(images, cfg, ids.tolist())
        assert got.tobytes() == model.embed(ids[None])[0].tobytes()
