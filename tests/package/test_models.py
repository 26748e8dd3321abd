# SPDX-License-Identifier: Apache-2.0
"""Models on the RTL of a package: every record equals the golden's, and the laws hold."""

from __future__ import annotations

import dataclasses

import pytest

from models import config as configs
from models import host, link
from tb.common.runner import missing_simulator
from tb.package.session import Job, simulate_package
from tests.package.support import STORY, WORK, assert_equal, images, tiny_weights


def test_stories260k_on_two_chiplets(stories, tracer):
    """All five layers: prefill of 16 tokens, 32 greedy tokens, the text is the golden's."""
    weights, words = stories
    built = images(weights, tracer)
    prompt = words.encode(STORY + " named Lily. She loved to")[:16]
    assert len(prompt) == 16
    golden = host.run(built, tracer, prompt, 32)
    result = simulate_package(tracer, built, golden.records, Job([(prompt, 32)]),
                              work=WORK / "stories")
    assert_equal(result, golden)
    assert words.decode(result.tokens) == words.decode(golden.tokens)
    assert result.link_replays == [0, 0]


def test_two_runs_take_the_same_cycles(short_run, tracer, monkeypatch):
    """Two seeds: what registers and memories hold at power-up differs, and the channels' seed."""
    built, golden, prompt, new = short_run
    runs = []
    for seed in (1, 2):
        monkeypatch.setenv("SEED", str(seed))
        job = Job([(prompt, new)], settings={"seed": seed})
        runs.append(simulate_package(tracer, built, golden.records, job,
                                     work=WORK / f"same{seed}"))
    for result in runs:
        assert_equal(result, golden)
    assert runs[0].token_cycles == runs[1].token_cycles


def test_link_errors_change_only_retry_counters(short_run, tracer):
    """Bit error rate 1e-5 on every lane of every link."""
    built, golden, prompt, new = short_run
    settings = {"error_threshold": link.error_threshold(1e-5, tracer.block)}
    result = simulate_package(tracer, built, golden.records, Job([(prompt, new)], settings),
                              work=WORK / "ber")
    assert_equal(result, golden)
    assert sum(result.link_replays) > 0


def test_prefill_equals_decode(stories, tracer, short_run):
    """One token at a time through the same lists gives the tokens of the chunked prefill."""
    weights, _ = stories
    _, chunked, prompt, new = short_run
    single = dataclasses.replace(tracer, max_tokens=1)
    built = images(weights, single)
    golden = host.run(built, single, prompt, new, want_logits=True)
    result = simulate_package(single, built, golden.records, Job([(prompt, new)]),
                              work=WORK / "decode")
    assert_equal(result, golden)
    assert result.tokens == chunked.tokens


def test_one_chiplet_equals_two(stories, short_run):
    """The same model on one chiplet: the same tokens, and the golden logits agree bit for bit."""
    weights, _ = stories
    built2, golden2, prompt, new = short_run
    one = configs.load("tracer", n_chiplets=1)
    two = configs.load("tracer")
    built = images(weights, one)
    golden = host.run(built, one, prompt, new, want_logits=True)
    both = host.run(built2, two, prompt, new, want_logits=True)
    assert golden.logits.tobytes() == both.logits.tobytes()
    result = simulate_package(one, built, golden.records, Job([(prompt, new)]), work=WORK / "one")
    assert_equal(result, golden)
    assert result.tokens == golden2.tokens


@pytest.mark.parametrize("sim", ["verilator", "icarus"])
def test_nano_layer_on_two_chiplets(sim):
    """A small layer at block 16; the golden reads nothing that was not written (poison mode),
    and on Icarus no X reaches a record."""
    if reason := missing_simulator(sim):
        pytest.skip(reason)
    nano = configs.load("nano")
    built = images(tiny_weights(), nano)
    prompt = [1, 7, 30, 12, 5]
    golden = host.run(built, nano, prompt, 2, poison=True)
    result = simulate_package(nano, built, golden.records, Job([(prompt, 2)]),
                              work=WORK / f"nano-{sim}", sim=sim)
    assert_equal(result, golden)
