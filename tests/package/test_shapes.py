# SPDX-License-Identifier: Apache-2.0
"""Models, settings, requests and hosts that nobody chose with care: RTL, command-level simulator
and reference agree; the chip comes back from whatever the host does."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pytest

from models import config as configs
from models import host, link
from models.checkpoint import LlamaConfig, LlamaWeights, random_llama
from models.compiler.plan import CompileError, make_plan
from models.config import Config
from tb.package.host import NO_END_TOKEN
from tb.package.session import Job, Result, simulate_package
from tests.compiler.small_models import reference, shape
from tests.package.support import WORK, images

# The build that the quick tests share: an odd number of chiplets, few of everything.
THREE = configs.load("nano", n_chiplets=3, sets=1024, max_tokens=3)
BUILDS = {
    "three small": THREE,
    "two x four macros of 32": configs.load("tracer", n_macros=4, block=32, sets=1024),
    "four x three macros of 64": configs.load("package4", n_macros=3, sets=256),
    "one x three macros of 64": configs.load("tracer", n_chiplets=1, n_macros=3, sets=256),
}


def random_model(rng: np.random.Generator, chiplets: int) -> LlamaConfig:
    """Sizes around the edges of blocks, lanes and shards; KV heads fewer and more than chiplets."""
    def pick(*sizes: int) -> int:
        return int(rng.choice(sizes))

    kv = pick(1, 2, 3, 5, chiplets, chiplets + 1)
    return shape(
        dim=pick(5, 17, 40, 64, 100, 129), n_layers=pick(1, 1, 2, 3),
        n_heads=kv * pick(1, 2) if kv < 5 else kv, n_kv_heads=kv,
        head_dim=pick(2, 6, 8, 18, 34, 48, 64, 66, 128), ffn_dim=pick(3, 10, 61, 64, 65, 130),
        vocab=pick(3, 21, 64, 105, 200), max_seq=pick(1, 20, 33, 80, 128),
        tied=bool(rng.integers(2)))


def fitting_model(rng: np.random.Generator, config: Config) -> LlamaConfig:
    """The first random model that is not refused as too large for the configuration."""
    while True:
        model = random_model(rng, config.n_chiplets)
        try:
            make_plan(model, config)
            return model
        except CompileError as error:
            assert "sets" in str(error) or "beats" in str(error), error


def random_requests(rng: np.random.Generator, positions: int, vocab: int) -> list[host.Request]:
    """One to three: a single token, all positions used, or anything between."""
    out = []
    for _ in range(int(rng.integers(1, 4))):
        new = int(rng.integers(1, min(positions, 4) + 1))
        longest = min(positions - new + 1, 90)
        length = int(rng.choice([1, longest, rng.integers(1, longest + 1)]))
        out.append(host.Request(rng.integers(0, vocab, length).tolist(), new))
    return out


def random_settings(rng: np.random.Generator, block: int) -> dict[str, int]:
    ber = float(rng.choice([0, 1e-6, 1e-5, 1e-4]))
    return {
        "read_latency": int(rng.choice([2, 5, 40, 200])),
        "write_latency": int(rng.choice([1, 20, 100])),
        "bandwidth": int(rng.choice([256, 64, 16])), "latency": int(rng.choice([0, 1, 33, 100])),
        "seed": int(rng.integers(1, 1 << 31)),
        "error_threshold": link.error_threshold(ber, block) if ber else 0,
    }


def check(config: Config, weights: LlamaWeights, requests: Sequence[host.Request], work: str,
          settings: dict[str, int] | None = None) -> Result:
    """The same tokens from the reference, the command-level simulator (poison mode: nothing is
    used that was not written) and the RTL, and there every record as expected."""
    built = images(weights, config)
    expected: list[int] = []
    for request in requests:
        answer = reference(weights, config.block, list(request.prompt), request.new_tokens).tokens
        if request.end_token in answer:
            answer = answer[: answer.index(request.end_token) + 1]
        expected += answer
    golden = host.serve(built, config, requests, poison=True)
    assert golden.tokens == expected
    job = Job([(list(r.prompt), r.new_tokens,
                NO_END_TOKEN if r.end_token is None else r.end_token) for r in requests],
              settings or {})
    result = simulate_package(config, built, golden.records, job, work=WORK / work)
    assert result.errors == [] and result.first_mismatch is None
    assert result.tokens == expected and result.status == "done"
    assert result.checked == sum(map(len, golden.records))
    assert sum(result.link_replays) == 0 or job.settings["error_threshold"]
    return result


def random_case(build: str, case: int, seed: int) -> None:
    config = BUILDS[build]
    rng = np.random.default_rng([seed, case, list(BUILDS).index(build)])
    config = dataclasses.replace(config, max_tokens=int(rng.choice([1, 3, 16])))
    weights = random_llama(fitting_model(rng, config), case)
    requests = random_requests(rng, images(weights, config)[0].max_positions, weights.config.vocab)
    check(config, weights, requests, f"random-{list(BUILDS).index(build)}-{case}",
          random_settings(rng, config.block))


@pytest.mark.parametrize("case", range(3))
def test_random_models(case: int, seed: int) -> None:
    """Shapes, chunk sizes, requests, memory and channel settings at random."""
    random_case("three small", case, seed)


@pytest.mark.regress
@pytest.mark.parametrize("case", range(3, 11))
@pytest.mark.parametrize("build", list(BUILDS))
def test_random_models_on_other_packages(build: str, case: int, seed: int) -> None:
    random_case(build, case, seed)


# Requests

MODEL = shape(dim=17, n_layers=1, n_heads=2, n_kv_heads=1, head_dim=6, ffn_dim=19, vocab=105,
              max_seq=40, tied=False)
FIRST, SECOND, LONG = [1, 2, 3, 4, 5], [7, 100, 3], [9] * 30


@pytest.fixture(scope="module")
def weights() -> LlamaWeights:
    """One head group on three chiplets: two have no attention at all."""
    return random_llama(MODEL, 3)


def test_later_requests_do_not_see_earlier_ones(weights) -> None:
    """Long, short, one token, all positions: whatever the KV cache still holds."""
    vocab = np.random.default_rng(5)
    lengths = [(38, 3), (1, 1), (20, 2), (40, 1)]
    requests = [host.Request(vocab.integers(0, 105, n).tolist(), new) for n, new in lengths]
    check(THREE, weights, requests, "later")


def test_end_token_stops(weights) -> None:
    """At the first token, in the middle, and one that never comes."""
    answer = reference(weights, THREE.block, FIRST, 4).tokens
    other = next(t for t in range(MODEL.vocab) if t not in answer)
    requests = [host.Request(FIRST, 4, end) for end in (answer[0], answer[2], other)]
    check(THREE, weights, requests, "end")


def test_settings_change_nothing_but_time(weights) -> None:
    """Slow memory, long channels, many bit errors; and the same twice takes the same cycles."""
    slow = {"read_latency": 200, "bandwidth": 16, "latency": 100,
            "error_threshold": link.error_threshold(1e-4, THREE.block)}
    requests = [host.Request(FIRST, 2)]
    fast = check(THREE, weights, requests, "fast", {"read_latency": 2, "latency": 0})
    runs = [check(THREE, weights, requests, f"slow{i}", slow) for i in range(2)]
    assert runs[0].token_cycles == runs[1].token_cycles
    assert fast.token_cycles[0] < runs[0].token_cycles[0]
    assert sum(runs[0].link_replays) > 0


def test_a_logit_that_is_no_number_wins_on_any_chiplet(weights) -> None:
    """The first NaN, as in models/reduce.py; here the last chiplet has it."""
    broken = weights.w_out.copy()
    broken[[80, 104], 3] = np.nan
    check(THREE, dataclasses.replace(weights, w_out=broken), [host.Request(FIRST, 1)], "nan")


# Hosts


def words(prompt: list[int], new_tokens: int) -> list:
    return ["words", [len(prompt), new_tokens, NO_END_TOKEN, *prompt]]


READY, DONE = ["status", "ready"], ["status", "done"]
HOSTS = {
    "rings twice": (
        [["ring"], ["wait", 300], ["ring"], ["wait", 1000], READY, words(FIRST, 2), ["tokens", 2],
         DONE], [(FIRST, 2)]),
    "does not wait for ready": (
        [["ring"], words(FIRST, 2), words(SECOND, 3), ["tokens", 5], DONE],
        [(FIRST, 2), (SECOND, 3)]),
    "rings while tokens come": (
        [["ring"], READY, words(LONG, 8), ["tokens", 2], ["ring"], ["wait", 1000], READY,
         words(FIRST, 2), ["tokens", 2], DONE], [(LONG, 2), (FIRST, 2)]),
    "rings during prefill": (
        [["ring"], READY, words(LONG, 8), ["wait", 4000], ["ring"], words(FIRST, 2),
         ["tokens", 2], DONE], [(FIRST, 2)]),
    "forgets half a request": (
        [["ring"], READY, ["words", [30, 1, 0, 5, 6]], ["wait", 500], ["ring"], words(SECOND, 1),
         ["tokens", 1], DONE], [(SECOND, 1)]),
    "asks for too much": (
        [["ring"], READY, ["words", [5000, 1, 0] + [5] * 5000], ["error"], words(SECOND, 1),
         ["wait", 1000], ["tokens", 1], DONE, ["words", [0xFFFFFFFF, 1, 0, 1]], ["wait", 1000],
         ["ring"], words(FIRST, 1), ["tokens", 1], DONE], [(SECOND, 1), (FIRST, 1)]),
    "boots again when done": (
        [["ring"], READY, words(FIRST, 1), ["tokens", 1], DONE, ["ring"], words(SECOND, 2),
         ["tokens", 2], DONE], [(FIRST, 1), (SECOND, 2)]),
}


@pytest.mark.parametrize("name", list(HOSTS))
def test_a_host_that(name: str, weights) -> None:
    """Every ring boots the chip, from any state; what was asked for before it is forgotten."""
    actions, answered = HOSTS[name]
    built = images(weights, THREE)
    result = simulate_package(THREE, built, [[]] * THREE.n_chiplets,
                              Job([], check=False, actions=actions),
                              work=WORK / f"host-{name.replace(' ', '-')}")
    expected = [t for prompt, new in answered
                for t in reference(weights, THREE.block, prompt, new).tokens]
    assert result.tokens == expected and result.status == "done"
    errors = sum(action[0] == "error" for action in actions)
    assert len(result.errors) == errors and all("REQUEST" in e for e in result.errors)
