# SPDX-License-Identifier: Apache-2.0
"""Dispatcher, list fetcher and command front on both simulators."""

from __future__ import annotations

import pytest

from tb.chiplet.sources import sources
from tb.common.runner import simulate


@pytest.mark.parametrize("block", (16, 32, 64))
def test_dispatcher(simulator: str, block: int) -> None:
    """BLOCK is the width of memory: half a command, one, two in a beat."""
    simulate("chiplet", top="dispatcher_tb", test_module="tb.chiplet.dispatcher_cases",
             parameters={"BLOCK": block}, sim=simulator, sources=sources())
