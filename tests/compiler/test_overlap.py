# SPDX-License-Identifier: Apache-2.0
"""Step lists with several token chunks under way: order, base registers, buffers, and the laws that
however many tokens go through however many chunks, the bits are those of the reference."""

from __future__ import annotations

import collections

import numpy as np
import pytest

from models import config, csim, host, llama
from models.checkpoint import random_llama
from models.compiler import compile_model, make_plan, stash
from models.compiler.lists import Lists
from models.compiler.pipeline import pipeline
from models.compiler.program import DMA, MACRO0, MOVE, PEER0, SEND, VE
from models.config import Config
from models.image import Image, Kind, step_lists
from tests.compiler.small_models import package, shape

MODEL = shape(dim=40, n_layers=2, n_heads=6, n_kv_heads=3, head_dim=8, ffn_dim=70, vocab=60,
              max_seq=140)
LENGTHS = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 61, 64, 65, 100, 127, 128, 129, 130)


class Case:
    """A model on a package, a prompt, and the reference's logits after each of its tokens."""

    def __init__(self, cfg: Config, seed: int, tokens: int = 130) -> None:
        self.cfg, self.weights = cfg, random_llama(MODEL, seed)
        self.images = compile_model(self.weights, cfg)
        rng = np.random.default_rng(seed)
        self.prompt = rng.integers(0, MODEL.vocab, tokens).tolist()
        reference = llama.Model(self.weights, cfg.block)
        self.logits = reference.forward(self.prompt, llama.Cache(reference))

    def check(self, length: int, **options) -> host.Run:
        """The first token after a prompt of this length."""
        run = host.run(self.images, self.cfg, self.prompt[:length], 1, poison=True,
                       want_logits=True, **options)
        assert run.logits[0].tobytes() == self.logits[length - 1].tobytes(), length
        return run


@pytest.fixture(scope="module")
def one(seed: int) -> Case:
    return Case(package(1), seed)


# Order


@pytest.mark.parametrize("layers, chunks, stages", [(1, 1, 5), (2, 3, 5), (3, 8, 4), (2, 4, 4)])
def test_every_chunk_has_its_turn_at_every_stage(layers: int, chunks: int, stages: int) -> None:
    """In its own order; a chunk never passes the one before it; the job numbers say who is next."""
    turns = list(pipeline(layers, chunks, stages, 4))
    assert len(turns) == len(set(turns)) == layers * chunks * stages
    done: collections.Counter[tuple[int, int]] = collections.Counter()
    for t in turns:
        assert done[t.layer, t.chunk] == t.stage
        assert t.layer == 0 or done[t.layer - 1, t.chunk] == stages
        assert t.chunk == 0 or done[t.layer, t.chunk - 1] > t.stage or t.stage == stages - 1
        done[t.layer, t.chunk] += 1
        assert t.job == t.layer * chunks + t.chunk
        assert t.last == (t.chunk == chunks - 1)


def test_chunks_cover_the_tokens_of_a_list(one: Case) -> None:
    """Rows, first position and end of every chunk, with the base registers of any request."""
    image = one.images[0]
    for tokens in range(1, 150):
        step = image.next_step(tokens)
        chunks = dict(step_lists(image.max_tokens // image.chunk_tokens))[step.kind]
        base = [0, *image.base_registers(7, step)]
        at = 7
        for turn in pipeline(1, chunks, 1, image.chunk_tokens):
            rows, end = (value + base[r] for value, r in (turn.rows, turn.end))
            assert base[1] + turn.before == at and 1 <= rows <= image.chunk_tokens
            at += rows
            assert end == at
        assert at == 7 + step.tokens and step.tokens <= tokens
        assert step.tokens == min(tokens, image.max_tokens) or (
            2 * chunks * image.chunk_tokens <= image.max_tokens
            and tokens <= (2 * chunks - 1) * image.chunk_tokens)


def test_lists_overlap(one: Case) -> None:
    """All four chunks have appended K and V of a layer before the first one is at its end."""
    raw = one.images[0].section(Kind.STEP_LIST_4).tobytes()
    commands = [csim.decode(raw[at : at + 32]) for at in range(0, len(raw), 32)]
    appends = [i for i, c in enumerate(commands) if c.name == "column"]
    downs = [i for i, c in enumerate(commands)
             if c.name == "mac" and c.depth == MODEL.ffn_dim]
    assert len(appends) == MODEL.n_layers * 4 * MODEL.n_kv_heads
    assert appends[4 * MODEL.n_kv_heads - 1] < downs[0]


# Bits


@pytest.mark.parametrize("length", LENGTHS)
def test_prompt_lengths(one: Case, length: int) -> None:
    """One chiplet, chunks of 8 tokens or fewer, lists of 1, 2, 4 chunks; poison mode."""
    one.check(length)


@pytest.mark.parametrize("chiplets, block", [(2, 16), (3, 32), (4, 64), (8, 16)])
def test_packages(chiplets: int, block: int, seed: int) -> None:
    case = Case(package(chiplets, block), seed, 45)
    for length in (3, 21, 45):
        case.check(length)


@pytest.mark.parametrize("chiplets", [1, 2])
@pytest.mark.parametrize("ffn, heads", [(10, 1), (16, 2), (33, 3), (48, 4), (100, 5)])
def test_parts_of_small_models(chiplets: int, ffn: int, heads: int, seed: int) -> None:
    """A chunk alone on one macro: hidden layers of less than a block to several for each piece,
    fewer and more heads than parts, heads of a block, so that wo is cut too."""
    c = shape(n_layers=1, n_heads=heads, n_kv_heads=heads, head_dim=16, ffn_dim=ffn)
    cfg = package(chiplets, n_macros=1, max_tokens=8)
    weights = random_llama(c, seed)
    images = compile_model(weights, cfg)
    run = host.run(images, cfg, [5, 3, 1], 2, poison=True, want_logits=True,
                   policy=csim.shuffled(ffn))
    model = llama.Model(weights, 16)
    logits = model.forward([5, 3, 1, run.tokens[0]], llama.Cache(model))
    assert run.logits.tobytes() == logits[2:].tobytes()


@pytest.mark.regress
@pytest.mark.parametrize("chiplets", [1, 2, 3, 4])
def test_every_prompt_length(chiplets: int, seed: int) -> None:
    case = Case(package(chiplets), seed)
    for length in range(1, 131):
        case.check(length)


POLICIES = {
    "reverse": lambda: csim.reverse, "round robin": csim.round_robin,
    "late VE": lambda: csim.late(VE), "late MOVE": lambda: csim.late(MOVE),
    "late DMA": lambda: csim.late(DMA), "late SEND": lambda: csim.late(SEND),
    "late macro": lambda: csim.late(MACRO0), "late packets": lambda: csim.late(PEER0),
    "random": lambda: csim.shuffled(11),
}


@pytest.fixture(scope="module")
def three(seed: int) -> Case:
    return Case(package(3), seed, 31)


@pytest.mark.parametrize("policy", list(POLICIES))
@pytest.mark.parametrize("depth", [1, 2, 8])
def test_any_interleaving(three: Case, policy: str, depth: int) -> None:
    """No deadlock however short the queues, no unwritten operand, and the reference's bits."""
    three.check(31, policy=POLICIES[policy](), queue_depth=depth)


def test_one_token_at_a_time_equals_prefill(three: Case) -> None:
    """Prefill = decode: the K and V that lists of any length leave are the same."""
    for chunk in (1, 5, 9, 31):
        three.check(31, chunk=chunk)


# Buffers


def test_too_few_copies_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scalar that the next chunk overwrites before it was read."""
    monkeypatch.setattr(stash, "COPIES", 1)
    plan = make_plan(MODEL, package(1))
    with pytest.raises(AssertionError, match="r.0 belongs to another chunk"):
        Lists(plan, 0).step(4)


SMOLLM2 = shape(dim=576, n_layers=1, n_heads=9, n_kv_heads=3, head_dim=64, ffn_dim=1536,
                vocab=49152, max_seq=8192)


@pytest.mark.parametrize("positions", [512, 1024, 2048, 8192])
def test_chunks_are_chosen_to_fit_the_stash(positions: int) -> None:
    """More positions need more room for scores. What is taken fits, and nothing better does: at
    least four chunks, of four tokens if they fit, as many as fit."""
    cfg = config.load("smollm2", n_chiplets=1, sets=4096)
    plan = make_plan(SMOLLM2, cfg, positions)
    chosen = (plan.layout.chunk, plan.layout.chunks)
    sizes = [(chunk, 1 << i) for chunk in (4, 2, 1) for i in range(8) if chunk << i <= 128]
    better = [s for s in sizes if s[1] >= 4 and (s > chosen or chosen[1] < 4)]
    assert chosen in sizes and (positions > 512 or chosen == (4, 32))
    for size in better:
        with pytest.raises(stash.StashError):
            stash.lay_out(plan, *size)
    end = max(b.beat + b.rows * b.beats for b in plan.buffers.values())
    assert end <= cfg.stash_beats


def test_small_models_have_larger_chunks() -> None:
    plan = make_plan(MODEL, config.load("tracer"))
    assert plan.layout.chunk == 8 and plan.max_tokens == 128


def test_buffers_do_not_overlap() -> None:
    """But for the head list's, whose place is that of a step list's."""
    for chiplets, tokens in ((1, 128), (3, 7), (2, 1)):
        plan = make_plan(MODEL, package(chiplets, max_tokens=tokens))
        used = np.zeros(plan.config.stash_beats, int)
        for name, b in plan.buffers.items():
            if name not in ("head_xq", "logits"):
                used[b.beat : b.beat + b.rows * b.beats] += 1
        assert used.max() == 1
        layout = plan.layout
        ends = [layout.scalars[n] + layout.copies[n] * layout.scalar_rows[n]
                for n in layout.scalars]
        assert list(layout.scalars.values()) == [0, *ends[:-1]]


def test_images_have_the_lists_that_they_promise(one: Case) -> None:
    image: Image = one.images[0]
    kinds = [kind for kind, _ in step_lists(image.max_tokens // image.chunk_tokens)]
    assert kinds == [Kind.STEP_LIST, Kind.STEP_LIST_2, Kind.STEP_LIST_4]
    assert [k for k in image.sections if k.name.startswith("STEP")] == kinds
