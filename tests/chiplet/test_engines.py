# SPDX-License-Identifier: Apache-2.0
"""MOVE, SEND, receivers and mac sequencers with real macros, against models/chiplet.py."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import sources
from tb.common.runner import simulate

SIZES = {"small": {"BLOCK": 16, "SETS": 16}, "long": {"BLOCK": 16, "SETS": 160, "STASH_BEATS": 4096},
         "full": {"BLOCK": 64, "SETS": 16}}


@pytest.mark.parametrize("size", SIZES)
def test_engines(simulator: str, size: str) -> None:
    if simulator == "icarus" and size != "small":
        return
    simulate("chiplet", top="engines_tb", test_module="tb.chiplet.engines_cases",
             parameters=SIZES[size], sim=simulator, sources=sources("common", "chiplet", "dimc"),
             testcase="long_rows" if size == "long" else None,
             plusargs=["+commands=25"] if simulator == "icarus" else [])
