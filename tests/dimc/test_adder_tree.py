# SPDX-License-Identifier: Apache-2.0
"""Every adder_tree equals `+`: all inputs at small sizes, random and extreme ones at full size."""

from __future__ import annotations

import pytest

from tb.common.runner import simulate
from tests.dimc.test_macro import sources


def run(simulator: str, checks: int, **parameters: int) -> None:
    simulate(
        "dimc",
        top="adder_tree_tb",
        test_module="tb.dimc.adder_tree_cases",
        parameters=parameters,
        sources=sources(),
        env={"CHECKS": str(checks)},
        sim=simulator,
    )


@pytest.mark.parametrize("signed", [0, 1])
@pytest.mark.parametrize(("inputs", "width", "sum_width"), [(1, 3, 4), (3, 3, 5), (5, 2, 4)])
def test_all_inputs(simulator: str, inputs: int, width: int, sum_width: int, signed: int) -> None:
    checks = 1 << (inputs * width + sum_width)
    sizes = {"INPUTS": inputs, "WIDTH": width, "SUM_WIDTH": sum_width}
    run(simulator, checks, **sizes, SIGNED=signed, EXHAUSTIVE=1)


@pytest.mark.parametrize("signed", [0, 1])
def test_64_inputs(simulator: str, signed: int) -> None:
    run(simulator, 1000, WIDTH=8, SUM_WIDTH=16, SIGNED=signed, VECTORS=1000)


@pytest.mark.parametrize("signed", [0, 1])
def test_wide_sum(simulator: str, signed: int) -> None:
    """More bits than any number of a simulator has."""
    run(simulator, 100, INPUTS=3, WIDTH=8, SUM_WIDTH=80, SIGNED=signed, VECTORS=100)


def test_wrong_sum_is_caught(simulator: str) -> None:
    with pytest.raises(AssertionError, match="4 wrong sums"):
        run(simulator, 1000, SUM_WIDTH=16, BROKEN=1, VECTORS=1000)


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("INPUTS", 0, "INPUTS_must_be_at_least_1"),
        ("INPUTS", -1, "INPUTS_must_be_at_least_1"),
        ("WIDTH", 0, "WIDTH_must_be_at_least_1"),
        ("SUM_WIDTH", 7, "SUM_WIDTH_must_be_at_least_WIDTH"),
        ("SIGNED", 2, "SIGNED_CARRY_SAVE_REGISTER_must_be_0_or_1"),
        ("CARRY_SAVE", -1, "SIGNED_CARRY_SAVE_REGISTER_must_be_0_or_1"),
        ("REGISTER", 2, "SIGNED_CARRY_SAVE_REGISTER_must_be_0_or_1"),
    ],
)
def test_illegal_parameter_stops_elaboration(
    simulator: str, name: str, value: int, rule: str
) -> None:
    sizes = {"INPUTS": 4, "WIDTH": 8, "SUM_WIDTH": 10, name: value}
    with pytest.raises(AssertionError, match=f"adder_tree_{rule}"):
        simulate(
            "dimc",
            top="adder_tree",
            test_module="tb.dimc.adder_tree_cases",
            parameters=sizes,
            sim=simulator,
        )
