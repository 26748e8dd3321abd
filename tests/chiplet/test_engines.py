# SPDX-License-Identifier: Apache-2.0
"""MOVE, SEND, receivers and mac sequencers with real macros, against models/chiplet.py."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import sources
from tb.common.runner import simulate


def run(simulator: str, parameters: dict[str, int], module: str = "engines_cases", **more) -> None:
    simulate("chiplet", top="engines_tb", test_module=f"tb.chiplet.{module}",
             parameters=parameters, sim=simulator, sources=sources("common", "chiplet", "dimc"),
             **more)


def test_engines(simulator: str) -> None:
    commands = {"verilator": 150, "icarus": 25}[simulator]
    run(simulator, {"BLOCK": 16, "SETS": 16}, plusargs=[f"+commands={commands}"])


@pytest.mark.sim("verilator")
def test_engines_full_width(simulator: str) -> None:
    run(simulator, {"BLOCK": 64, "SETS": 16})


@pytest.mark.sim("verilator")
def test_rows_longer_than_the_buffer(simulator: str) -> None:
    run(simulator, {"BLOCK": 16, "SETS": 160, "STASH_BEATS": 4096},
        "long_rows_cases")
