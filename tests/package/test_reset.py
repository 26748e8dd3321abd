# SPDX-License-Identifier: Apache-2.0
"""Hardware reset and doorbell in the midst of everything: the boot behind them is as the first."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from models import config as configs
from models import host, link
from models.config import Config
from models.image import Image
from tb.package.host import NO_END_TOKEN
from tb.package.session import Job, simulate_package
from tests.package.support import WORK, assert_equal, images, tiny_weights

PROMPT, NEW = [1, 7, 30, 12, 5], 3
REQUEST = ["words", [len(PROMPT), NEW, NO_END_TOKEN, *PROMPT]]
SERVED = [["ring"], REQUEST, ["tokens", NEW], ["status", "done"]]
TROUBLE = {"latency": 20, "error_threshold": link.error_threshold(1e-5, 16), "read_latency": 90}
"""More is under way when a reset comes, some of it for the second time."""


def actions(seed: int, resets: int, cycles: int) -> list[list]:
    """A boot and a request `resets` times, each cut off within `cycles` by a ring or by the
    hardware reset of 1 to 40 cycles, half of them while words of the request are on their way; then
    one that is served."""
    rng = np.random.default_rng(seed)
    steps: list[list] = []
    for _ in range(resets):
        sent = 3 + len(PROMPT) if rng.integers(2) else int(rng.integers(3 + len(PROMPT)))
        steps += [["ring"], ["words", REQUEST[1][:sent]], ["wait", int(rng.integers(1, cycles))]]
        if rng.integers(2):
            steps.append(["reset", int(rng.integers(1, 41))])
    return steps + SERVED


@functools.cache
def served() -> tuple[Config, list[Image], host.Run]:
    """Two chiplets, their images, and the golden run of the request."""
    config = configs.load("nano")
    built = images(tiny_weights(), config)
    return config, built, host.run(built, config, PROMPT, NEW)


def run(steps: list[list], work: str, sim: str, trouble: bool) -> int:
    """The records of the last boot, and the tokens, equal the golden's. Returns its cycles."""
    config, built, golden = served()
    job = Job([], TROUBLE if trouble else {}, actions=steps)
    result = simulate_package(config, built, golden.records, job, work=WORK / work, sim=sim)
    assert_equal(result, golden)
    return result.total_cycles


@functools.cache
def undisturbed(sim: str, trouble: bool) -> int:
    """Cycles of a run without a reset in its midst."""
    return run(SERVED, f"reset-{sim}-{trouble}", sim, trouble)


def check(seed: int, resets: int, work: str, sim: str, trouble: bool = False) -> None:
    """Cut off `resets` times within the cycles that an undisturbed run takes."""
    run(actions(seed, resets, undisturbed(sim, trouble)), work, sim, trouble)


@pytest.mark.sim("verilator")
def test_reset_at_any_time(seed: int) -> None:
    check(seed, 12, "resets", "verilator")


@pytest.mark.regress
@pytest.mark.sim("verilator")
@pytest.mark.parametrize("case", range(8))
def test_reset_at_many_times(case: int, seed: int) -> None:
    """With slow memories and a link that sends again."""
    check(8 * seed + case, 60, f"resets-{case}", "verilator", trouble=True)


@pytest.mark.regress
@pytest.mark.sim("icarus")
def test_reset_leaves_no_x(seed: int) -> None:
    """The Icarus run sees what a reset leaves undefined."""
    check(seed, 2, "resets-icarus", "icarus")
