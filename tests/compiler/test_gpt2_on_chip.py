# SPDX-License-Identifier: Apache-2.0
"""Compiled GPT-2 models on the command-level simulator against models/gpt2.py, bit for bit."""

from __future__ import annotations

import pytest

from models import config, csim, host
from models.checkpoint import Gpt2Config, random_biased
from models.compiler import compile_model
from tests.compiler.small_models import check, package, reference

SHAPES = {  # dim, layers, heads, ffn, vocab, positions
    "uneven heads": Gpt2Config(72, 2, 9, 70, 105, 64, 1e-5),
    "one head": Gpt2Config(64, 1, 1, 130, 21, 64, 1e-5),
    "wide heads": Gpt2Config(256, 1, 2, 100, 90, 64, 1e-5, "gelu"),
    "odd heads": Gpt2Config(50, 2, 5, 61, 77, 64, 1e-5),
    "halves of a block": Gpt2Config(96, 2, 3, 200, 33, 64, 1e-5),
}

LONG = pytest.mark.regress


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("chiplets", [1, 4, *(pytest.param(n, marks=LONG) for n in (2, 3))])
@pytest.mark.parametrize("name", list(SHAPES))
def test_equals_the_reference(name: str, chiplets: int, block: int, seed: int) -> None:
    """Nothing unwritten is used, and chiplets, block and shape do not matter."""
    check(random_biased(SHAPES[name], seed), package(chiplets, block, max_tokens=4), 6, 2, seed)


def test_rows_longer_than_the_held_row(seed: int) -> None:
    weights = random_biased(Gpt2Config(1040, 1, 13, 80, 40, 20, 1e-5), seed)
    check(weights, package(2, 64), 6, 1, seed)


@pytest.mark.parametrize("chunk", [1, 3, 8])
def test_prefill_equals_decode_and_chunks(chunk: int, seed: int) -> None:
    check(random_biased(SHAPES["odd heads"], seed), package(2), 19, 2, seed, chunk=chunk)


def test_any_interleaving_gives_the_same(seed: int) -> None:
    """A missing semaphore would show as a difference, an unwritten operand or a deadlock."""
    weights = random_biased(SHAPES["uneven heads"], seed)
    for case in range(4):
        check(weights, package(3, n_macros=3, max_tokens=16), 13, 2, seed,
              policy=csim.shuffled(case), queue_depth=1 + case)


def test_nano_runs_a_small_layer(seed: int) -> None:
    weights = random_biased(Gpt2Config(16, 1, 2, 24, 40, 32, 1e-5), seed)
    check(weights, config.load("nano"), 7, 3, seed)


def test_a_batch_gives_what_its_sequences_give_alone(seed: int) -> None:
    c, cfg = SHAPES["odd heads"], package(2, max_tokens=4)
    weights = random_biased(c, seed)
    images = compile_model(weights, cfg, positions=16, batch=4)
    prompts = [[1, 2, 3, 4, 5], [6], [7, 8]]
    run = host.serve(images, cfg, [[host.Request(p, 3) for p in prompts]], poison=True)
    assert host.by_sequence(run.tokens, 3) == [
        reference(weights, 16, p, 3).tokens for p in prompts]
