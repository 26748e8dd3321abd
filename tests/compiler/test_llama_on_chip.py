# SPDX-License-Identifier: Apache-2.0
"""Compiled models on the command-level simulator against the model-level reference, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

from models import config, csim, host
from models.checkpoint import random_llama
from models.compiler import compile_model
from models.compiler.program import MOVE, PEER0, VE
from models.loaders import load_llama2c
from tests.compiler.small_models import check, package, random_shape, reference, shape

POLICIES = {
    "in order": lambda: csim.in_order,
    "reverse": lambda: csim.reverse,
    "round robin": csim.round_robin,
    "late MOVE": lambda: csim.late(MOVE),
    "late VE": lambda: csim.late(VE),
    "late packets": lambda: csim.late(PEER0),
    "random": lambda: csim.shuffled(5),
}
SHAPES = {
    "uneven heads": shape(dim=40, n_heads=9, n_kv_heads=3, head_dim=8, ffn_dim=70, vocab=105),
    "one head": shape(dim=33, n_heads=1, n_kv_heads=1, head_dim=64, ffn_dim=10, vocab=21),
    "wide heads": shape(dim=72, n_heads=4, n_kv_heads=2, head_dim=128, ffn_dim=100, vocab=90),
    "many KV heads": shape(dim=48, n_heads=5, n_kv_heads=5, head_dim=32, ffn_dim=130, vocab=33,
                           tied=False),
    "odd pairs": shape(dim=50, n_heads=4, n_kv_heads=2, head_dim=6, ffn_dim=61, vocab=77),
}


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("chiplets", [1, 2, 3, 4])
@pytest.mark.parametrize("name", list(SHAPES))
def test_equals_the_reference(name: str, chiplets: int, block: int, seed: int) -> None:
    """Nothing unwritten is used, and chiplets, block and shape do not matter."""
    check(random_llama(SHAPES[name], seed), package(chiplets, block, max_tokens=4), 6, 2, seed)


@pytest.mark.regress
@pytest.mark.parametrize("case", range(30))
def test_random_shapes(case: int, seed: int) -> None:
    rng = np.random.default_rng([seed, case])
    cfg = package(int(rng.integers(1, 9)), int(rng.choice([16, 32, 64])),
                  n_macros=int(rng.integers(1, 5)), max_tokens=int(rng.integers(1, 65)))
    check(random_llama(random_shape(rng), seed), cfg, int(rng.integers(1, 60)), 3, seed,
          policy=csim.shuffled(case), queue_depth=int(rng.integers(1, 9)))


@pytest.mark.parametrize("policy", list(POLICIES))
def test_any_interleaving_gives_the_same_records(policy: str, seed: int) -> None:
    """A missing semaphore would show as a difference, an unwritten operand or a deadlock."""
    cfg = package(3, n_macros=3, max_tokens=4)
    images = compile_model(random_llama(SHAPES["uneven heads"], seed), cfg)

    def by_queue(run: host.Run) -> list[list[csim.Record]]:
        return [sorted(r, key=lambda x: (x.queue, x.sequence)) for r in run.records]

    first = host.run(images, cfg, [1, 2, 3, 4, 5], 2)
    for depth in (1, 8):
        other = host.run(images, cfg, [1, 2, 3, 4, 5], 2, policy=POLICIES[policy](),
                         poison=True, queue_depth=depth)
        assert by_queue(other) == by_queue(first)


def test_prefill_equals_decode_and_chunks(seed: int) -> None:
    """Any chunk size leaves the same logits: one list serves them all."""
    c, cfg = SHAPES["many KV heads"], package(2, max_tokens=8)
    rng = np.random.default_rng(seed)
    weights = random_llama(c, seed)
    prompt = rng.integers(0, c.vocab, 19).tolist()
    images = compile_model(weights, cfg)
    expected = reference(weights, 16, prompt, 1).logits.tobytes()
    for chunk in (1, 3, 8):
        run = host.run(images, cfg, prompt, 1, chunk=chunk, want_logits=True)
        assert run.logits.tobytes() == expected


def test_last_position_can_be_used(seed: int) -> None:
    c, cfg = shape(max_seq=20), package(2, max_tokens=4)
    images = compile_model(random_llama(c, seed), cfg)
    assert images[0].max_positions == 20
    run = host.run(images, cfg, list(range(18)), 3, poison=True)
    assert len(run.tokens) == 3
    with pytest.raises(host.RequestError, match="21 positions of 20"):
        host.run(images, cfg, list(range(18)), 4)


def test_nano_runs_a_small_layer(seed: int) -> None:
    c = shape(dim=16, n_layers=1, n_heads=2, n_kv_heads=1, head_dim=8, ffn_dim=24, vocab=40)
    check(random_llama(c, seed), config.load("nano"), 7, 3, seed)


@pytest.mark.parametrize("chiplets", [1, 2])
def test_stories260k(shared_data, chiplets: int) -> None:
    weights = load_llama2c(shared_data / "stories260K.bin")
    cfg = config.load("tracer", n_chiplets=chiplets)
    images = compile_model(weights, cfg)
    prompt = [1, 403, 407, 261, 378, 298, 315, 421, 395, 411, 261, 376, 432, 383, 286, 300]
    run = host.run(images, cfg, prompt, 12, want_logits=True)
    answer = reference(weights, 64, prompt, 12)
    assert run.tokens == answer.tokens
    assert run.logits.tobytes() == answer.logits.tobytes()


def test_end_token_stops_and_is_reported(seed: int) -> None:
    c, cfg = shape(), package(2, max_tokens=4)
    weights = random_llama(c, seed)
    images = compile_model(weights, cfg)
    tokens = host.run(images, cfg, [1, 2], 4).tokens
    stopped = host.run(images, cfg, [1, 2], 4, end_token=tokens[1]).tokens
    assert stopped == tokens[: tokens.index(tokens[1]) + 1]
