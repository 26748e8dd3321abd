# SPDX-License-Identifier: Apache-2.0
"""Laws of whole models on the RTL: what must not change a result, changes none."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from models import config as configs
from models import host, link, preload
from models.config import Config
from scripts import sim as sim_command
from tb.package import preload as preload_files
from tb.package.session import Job, Result, simulate_package
from tests.package.support import STORY, WORK, assert_equal, images, tiny_weights


def four() -> Config:
    """Four chiplets with four macros each."""
    return configs.load("package4")


@pytest.fixture(scope="module")
def four_run(stories):
    """stories260K on four chiplets: images, golden run, prompt of 16 tokens, 8 new tokens."""
    weights, words = stories
    built = images(weights, four())
    prompt = words.encode(STORY + " named Lily. She loved to")[:16]
    return built, host.run(built, four(), prompt, 8), prompt, 8


def run(four_run, work: str, settings: dict[str, int] | None = None) -> Result:
    built, golden, prompt, new = four_run
    result = simulate_package(four(), built, golden.records, Job([(prompt, new)], settings or {}),
                              work=WORK / work)
    assert_equal(result, golden)
    return result


@pytest.mark.sim("verilator")
def test_stories260k_on_four_chiplets(stories, four_run) -> None:
    """A complete model: all five layers, prefill and greedy tokens, every record."""
    result = run(four_run, "four")
    assert result.link_replays == [0] * 4
    assert stories[1].decode(result.tokens) == stories[1].decode(four_run[1].tokens) != ""


@pytest.mark.sim("verilator")
def test_preload_equals_dma() -> None:
    """Weights put into the macros before the run: the golden's tokens and every record, and from
    the request on the records of the run that loaded them."""
    config = configs.load("nano")
    built = images(tiny_weights(), config)
    parts = [preload.preloaded(image, config) for image in built]
    lean = [part.image for part in parts]
    folder = WORK / "preload"
    preload_files.write(folder / "columns", [preload.columns(part, config) for part in parts])
    prompt, new = [1, 7, 30, 12, 5], 3
    dma = host.run(built, config, prompt, new)
    pre = host.serve(lean, config, [host.Request(prompt, new)],
                     prepare=lambda package: preload.fill(package, parts))
    assert pre.tokens == dma.tokens
    loaded = simulate_package(config, built, dma.records, Job([(prompt, new)]), work=folder)
    result = simulate_package(config, lean, pre.records, Job([(prompt, new)]), work=folder,
                              preload=folder / "columns")
    assert_equal(loaded, dma)
    assert_equal(result, pre)


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_stories260k_on_1_2_3_and_4_chiplets(stories) -> None:
    """The same logits to the bit, the same tokens; each run equals its golden."""
    weights, words = stories
    prompt = words.encode(STORY)
    logits, tokens = set(), set()
    for n in (1, 2, 3, 4):
        config = configs.load("package4", n_chiplets=n)
        built = images(weights, config)
        golden = host.run(built, config, prompt, 4, want_logits=True)
        result = simulate_package(config, built, golden.records, Job([(prompt, 4)]),
                                  work=WORK / f"chiplets{n}")
        assert_equal(result, golden)
        logits.add(golden.logits.tobytes())
        tokens.add(tuple(result.tokens))
    assert len(logits) == len(tokens) == 1


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_200_tokens_of_stories260k(stories) -> None:
    """Greedy, on four chiplets."""
    weights, words = stories
    built = images(weights, four())
    prompt = words.encode(STORY)
    golden = host.run(built, four(), prompt, 200)
    result = simulate_package(four(), built, golden.records, Job([(prompt, 200)]),
                              work=WORK / "200")
    assert_equal(result, golden)
    assert len(result.tokens) == 200


TROUBLE = {
    "bit errors": {"error_threshold": link.error_threshold(1e-5, 64)},
    "a lane dies": {"lane_fault": 1, "lane_fault_lane": 5, "inject_index": 6},
    "both": {"error_threshold": link.error_threshold(1e-5, 64), "lane_fault": 3,
             "lane_fault_lane": 20, "inject_index": 3},
}


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_trouble_on_the_links_changes_only_counters(four_run) -> None:
    """Bit error rate 1e-5 on every link, a lane that stops or goes mad while tokens are decoded:
    every record and token as without, in other cycles; the same trouble, the same cycles."""
    quiet = run(four_run, "quiet")
    assert run(four_run, "quiet2").token_cycles == quiet.token_cycles
    when = (quiet.token_cycles[0] + quiet.token_cycles[1]) // 2
    for name, settings in TROUBLE.items():
        if "lane_fault" in settings:
            settings = {**settings, "lane_fault_cycle": when}
        runs = [run(four_run, f"trouble{i}", settings) for i in range(2)]
        assert sum(runs[0].link_replays) > 0, name
        assert runs[0].token_cycles == runs[1].token_cycles != quiet.token_cycles, name


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_smollm2_answers() -> None:
    """make sim as it is: all 30 layers on four chiplets, the question about France."""
    result = CliRunner().invoke(sim_command.main, [])
    assert result.exit_code == 0, result.output
    report = json.loads((sim_command.OUT / "report.json").read_text())
    assert report["mismatches"] == 0 and report["tokens"] == report["tokens_golden"]
    assert report["commands_checked"] == report["commands_expected"] > 100_000
    assert "Paris" in report["text"]
