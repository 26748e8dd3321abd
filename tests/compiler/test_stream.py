# SPDX-License-Identifier: Apache-2.0
"""Weights that are brought from memory while others are used: the reference's bits, whatever the
interleaving, and macros that need sets for two layers only."""

from __future__ import annotations

import numpy as np
import pytest

from models import config, csim, host
from models.checkpoint import random_llama
from models.compiler import CompileError, compile_model, make_plan
from models.compiler.program import DMA, MACRO0
from models.config import Config
from models.host import Request
from tests.compiler.small_models import reference, shape

MODEL = dict(dim=24, n_heads=2, n_kv_heads=1, head_dim=16, ffn_dim=40, vocab=40, max_seq=48)
SETS = 48  # per macro: seven layers on one chiplet need more than twice that


def package(chiplets: int, **sizes: int) -> Config:
    return config.load("tracer", **{"n_chiplets": chiplets, "block": 16, "sets": SETS,
                                    "max_tokens": 32, **sizes})


def check(layers: int, chiplets: int, seed: int, batch: list[tuple[int, int]], **options) -> None:
    weights = random_llama(shape(n_layers=layers, **MODEL), seed)
    cfg = package(chiplets)
    images = compile_model(weights, cfg, positions=16, batch=len(batch), stream=True)
    rng = np.random.default_rng(seed)
    requests = [Request(rng.integers(0, 40, n).tolist(), new) for n, new in batch]
    run = host.serve(images, cfg, [requests], want_logits=True, **options)
    number = np.array(run.tokens) >> host.SEQUENCE
    for s, request in enumerate(requests):
        answer = reference(weights, 16, list(request.prompt), request.new_tokens)
        assert host.by_sequence(run.tokens, len(batch))[s] == answer.tokens
        assert run.logits[number == s].tobytes() == answer.logits.tobytes()


@pytest.mark.parametrize("layers, chiplets", [(3, 1), (4, 1), (7, 1), (5, 2)])
def test_equals_the_reference(layers: int, chiplets: int, seed: int) -> None:
    """A prompt in lists of several chunks and of one, then decode; poison mode."""
    check(layers, chiplets, seed, [(11, 3)], poison=True)


def test_batches(seed: int) -> None:
    check(5, 1, seed, [(3, 3), (6, 2)], poison=True)


@pytest.mark.parametrize("policy", ["late DMA", "late macro", "random"])
def test_any_interleaving(policy: str, seed: int) -> None:
    """Weights that come late are waited for; sets that are read late are not overwritten."""
    choice = {"late DMA": csim.late(DMA), "late macro": csim.late(MACRO0),
              "random": csim.shuffled(7)}[policy]
    check(5, 1, seed, [(9, 2)], policy=choice, queue_depth=2)


def test_two_layers_need_no_streaming() -> None:
    plan = make_plan(shape(n_layers=2, **MODEL), package(1), stream=True)
    assert not plan.stream


def test_sets_of_two_layers_are_enough() -> None:
    model = shape(n_layers=7, **MODEL)
    with pytest.raises(CompileError, match="the weights need"):
        make_plan(model, package(1))
    assert make_plan(model, package(1), 16, stream=True).stream
