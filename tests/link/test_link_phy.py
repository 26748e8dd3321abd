# SPDX-License-Identifier: Apache-2.0
"""The lanes of a die-to-die link: training, alignment, repair, coming down and back."""

from __future__ import annotations

import itertools

import pytest

from tb.common.runner import simulate
from tests.link.test_link import run_module

FLIGHTS = [f"trains_after_reset/flight={flight}" for flight in (0, 4, 37)]
SKEWS = [f"skew/kind={kind}" for kind in ("bits", "words", "any", "one_late", "one_early")]
FAULTS = ("stuck0", "stuck1", "random")
AT_TRAINING = [
    f"dead_at_training/lane={lane}/kind={kind}"
    for lane, kind in itertools.product(("first", "mid", "last", "frame", "spare"), FAULTS)
]
IN_TRAFFIC = [
    f"dies_in_traffic/lane={lane}/kind={kind}"
    for lane, kind in itertools.product(("first", "mid", "frame"), FAULTS)
]
REPAIR = [
    *AT_TRAINING,
    *IN_TRAFFIC,
    *(f"dies_while_idle/lane={lane}" for lane in ("first", "frame")),
    "lane_too_late",
]
DOWN = [
    *(f"second_dead_lane/lane={lane}" for lane in ("mid", "frame", "spare")),
    *(f"cut_and_restored/cut={cut}" for cut in ("ab", "ba", "both")),
    "unalignable",
    *(f"one_end_reset/touched={touched}" for touched in (True, False)),
]
OPERATION = [
    *(f"retrain_in_traffic/by={by}" for by in ("a", "b", "both")),
    *(f"bursts/wide={wide}/length={length}" for wide in (0, 1) for length in (1, 7, 40)),
    *(f"weak_lane/ber={ber}" for ber in (0.001, 0.01, 0.1)),
    "raw_mode",
    *(f"storm/skewed={skewed}" for skewed in (False, True)),
]


def run(simulator: str, block: int, cases: list[str], beats: int) -> None:
    """Each case in the module that has it: those of DOWN and OPERATION are in phy_fault_cases."""
    later = [case for case in cases if case in DOWN + OPERATION]
    for module, chosen in (
        ("phy_cases", [case for case in cases if case not in later]),
        ("phy_fault_cases", later),
    ):
        if chosen:
            settings = {"LINK_BEATS": str(beats)}
            run_module(f"tb.link.{module}", simulator, block, chosen, env=settings)


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.sim("verilator")
@pytest.mark.parametrize(
    "cases",
    [FLIGHTS + SKEWS, REPAIR, DOWN, OPERATION],
    ids=["training", "repair", "down", "operation"],
)
def test_lanes(simulator: str, block: int, cases: list[str]) -> None:
    run(simulator, block, cases, beats=150)


ICARUS = [
    FLIGHTS[0],
    "skew/kind=any",
    "dead_at_training/lane=frame/kind=random",
    "dies_in_traffic/lane=mid/kind=stuck0",
    "second_dead_lane/lane=mid",
    "raw_mode",
    "one_end_reset/touched=True",
    "bursts/wide=0/length=7",
]


@pytest.mark.sim("icarus")
def test_lanes_icarus(simulator: str) -> None:
    run(simulator, 16, ICARUS, beats=40)


@pytest.mark.regress
@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.sim("verilator")
def test_storm_long(simulator: str, block: int) -> None:
    run(simulator, block, OPERATION, beats=5000)


@pytest.mark.regress
@pytest.mark.sim("icarus")
def test_lanes_icarus_all(simulator: str) -> None:
    run(simulator, 16, FLIGHTS + SKEWS + REPAIR + DOWN + OPERATION, beats=60)


PHASES = [f"mesochronous/phase={phase}" for phase in (0, 1, 700, 2500, 5000, 7500, 9300, 9999)]


def test_elastic_buffer(simulator: str) -> None:
    """Two clocks of the same frequency, at several phases."""
    simulate(
        "link",
        top="link_elastic",
        test_module="tb.link.elastic_cases",
        parameters={"LANES": 2},
        testcase=PHASES,
        sim=simulator,
    )
