# SPDX-License-Identifier: Apache-2.0
"""Several sequences decoded together: each gives the tokens and the logits, bit for bit, that it
gives alone; the lists keep slots apart whatever the interleaving."""

from __future__ import annotations

import numpy as np
import pytest

from models import config, csim, host
from models.checkpoint import LlamaWeights, random_llama
from models.compiler import CompileError, compile_model, make_plan
from models.compiler.pipeline import SEQUENCE0, pipeline
from models.compiler.program import DMA, MACRO0, MOVE, VE
from models.config import Config
from models.host import Request
from models.image import BATCH_LISTS, Kind
from tests.compiler.small_models import reference, shape

MODELS = {
    "uneven heads": shape(dim=40, n_heads=9, n_kv_heads=3, head_dim=8, ffn_dim=70, vocab=105,
                          max_seq=40),
    "wide heads": shape(dim=24, n_heads=2, n_kv_heads=1, head_dim=40, ffn_dim=20, vocab=60,
                        max_seq=40),
    "long": shape(dim=16, n_layers=1, n_heads=2, n_kv_heads=2, head_dim=16, ffn_dim=33, vocab=30,
                  max_seq=140),
}


def package(chiplets: int, **sizes: int) -> Config:
    return config.load("tracer", **{"n_chiplets": chiplets, "block": 16, "sets": 1024,
                                    "max_tokens": 16, **sizes})


def requests(weights: LlamaWeights, seed: int, lengths: list[tuple[int, int]]) -> list[Request]:
    rng = np.random.default_rng(seed)
    return [Request(rng.integers(0, weights.config.vocab, n).tolist(), new) for n, new in lengths]


def check(weights: LlamaWeights, cfg: Config, batch: list[Request], slots: int, **options) -> None:
    """Tokens and logits of every sequence against the reference, which runs it alone."""
    images = compile_model(weights, cfg, batch=slots)
    run = host.serve(images, cfg, [batch], poison=True, want_logits=True, **options)
    tokens = host.by_sequence(run.tokens, len(batch))
    number = np.array(run.tokens) >> host.SEQUENCE
    for s, request in enumerate(batch):
        answer = reference(weights, cfg.block, list(request.prompt), request.new_tokens)
        assert tokens[s] == answer.tokens
        assert run.logits[number == s].tobytes() == answer.logits.tobytes()


@pytest.mark.parametrize("name", list(MODELS))
@pytest.mark.parametrize("chiplets", [1, 2, 3])
def test_a_batch_equals_single_runs(name: str, chiplets: int, seed: int) -> None:
    """Four sequences of their own lengths, which end one after the other; the last one alone."""
    weights = random_llama(MODELS[name], seed)
    lengths = [(5, 4), (1, 7), (17, 2), (9, 5)]
    check(weights, package(chiplets), requests(weights, seed, lengths), 4)


@pytest.mark.parametrize("slots, sequences", [(2, 2), (4, 3), (8, 8), (8, 5), (8, 1)])
def test_sizes(slots: int, sequences: int, seed: int) -> None:
    """Full batches, and batches with slots left over."""
    weights = random_llama(MODELS["uneven heads"], seed)
    lengths = [(1 + 3 * s, 2 + s % 3) for s in range(sequences)]
    check(weights, package(2), requests(weights, seed, lengths), slots)


def test_last_positions_of_neighbouring_slots(seed: int) -> None:
    """Sequences that fill their slots to the last position beside a short one."""
    weights = random_llama(MODELS["long"], seed)
    lengths = [(138, 3), (2, 5), (137, 4), (140, 1)]
    check(weights, package(1), requests(weights, seed, lengths), 4)


def test_a_list_of_one_chunk(seed: int) -> None:
    """max_tokens 1: step lists of one token have one copy of nothing that a batch needs twice."""
    weights = random_llama(MODELS["uneven heads"], seed)
    check(weights, package(2, max_tokens=1), requests(weights, seed, [(3, 3), (2, 3)]), 2)


def test_end_tokens_and_requests_one_after_the_other(seed: int) -> None:
    """A sequence ends at its own end token; the slots serve the next request."""
    weights = random_llama(MODELS["uneven heads"], seed)
    cfg = package(2)
    images = compile_model(weights, cfg, batch=4)
    batch = requests(weights, seed, [(4, 6), (7, 6), (2, 6)])
    free = host.by_sequence(host.serve(images, cfg, [batch]).tokens, 3)
    ends = [Request(r.prompt, 6, t[1 + s]) for s, (r, t) in enumerate(zip(batch, free))]
    run = host.serve(images, cfg, [batch[::-1], ends, batch[1]])
    words = 3 * 6
    assert host.by_sequence(run.tokens[:words], 3) == free[::-1]
    cut = [t[: t.index(e.end_token) + 1] for t, e in zip(free, ends)]
    at = words + sum(map(len, cut))
    assert host.by_sequence(run.tokens[words:at], 3) == cut
    assert run.tokens[at:] == free[1]


POLICIES = {"reverse": lambda: csim.reverse, "late VE": lambda: csim.late(VE),
            "late MOVE": lambda: csim.late(MOVE), "late DMA": lambda: csim.late(DMA),
            "late macro": lambda: csim.late(MACRO0), "random": lambda: csim.shuffled(3)}


@pytest.mark.parametrize("policy", list(POLICIES))
def test_any_interleaving(policy: str, seed: int) -> None:
    weights = random_llama(MODELS["uneven heads"], seed)
    check(weights, package(2), requests(weights, seed, [(2, 3), (5, 3), (3, 3)]), 4,
          policy=POLICIES[policy](), queue_depth=2)


def test_turns_of_a_batch() -> None:
    """Chunk s: one token at the position of register SEQUENCE0 + s, in slot s."""
    for turn in pipeline(1, 4, 3, 1, batch=True):
        s = turn.chunk
        assert turn.rows == (1, 0)
        assert turn.position == (0, SEQUENCE0 + s) and turn.end == (1, SEQUENCE0 + s)
        assert turn.cached(48) == (48 * s, SEQUENCE0 + s) and turn.slot(3, 6) == (3 * s, 0)


def test_what_cannot_be_batched_is_said(seed: int) -> None:
    weights = random_llama(MODELS["uneven heads"], seed)
    cfg = package(1)
    with pytest.raises(CompileError, match="a batch of 3: there are 1, 2, 4, 8"):
        make_plan(weights.config, cfg, batch=3)
    images = compile_model(weights, cfg, batch=2)
    assert [k for k in images[0].sections if k in BATCH_LISTS.values()] == [Kind.BATCH_LIST_2]
    three = requests(weights, seed, [(1, 1)] * 3)
    with pytest.raises(host.RequestError, match="a batch of 3, the image is made for 2"):
        host.serve(images, cfg, [three])
    with pytest.raises(host.RequestError, match="41 positions of 40"):
        host.serve(images, cfg, [[Request([1], 1), Request([1] * 40, 2)]])
