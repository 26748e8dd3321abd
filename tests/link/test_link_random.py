# SPDX-License-Identifier: Apache-2.0
"""The link's pyuvm environment: random trouble with functional coverage."""

from __future__ import annotations

import pytest

from tb.common.coverage import load, unmet
from tb.common.runner import flag
from tests.link.test_link import run_module

PARAMETERS = {"REPLAY_BEATS": 32, "REPLAY_FLITS": 16, "RX_BEATS": 16, "RX_FLITS": 8,
              "MGMT_DEPTH": 4, "TIMEOUT": 256, "MAX_TIMEOUTS": 3, "MAX_REPLAYS": 8, "REFRESH": 128,
              "SILENCE": 2048, "DETECT_LIMIT": 1500}  # fmt: skip
ROOM = {"LINK_BEATS_ROOM": "16", "LINK_MESSAGES_ROOM": "4"}


def run(simulator: str, block: int, case: str, **env: str):
    return run_module(
        "tb.link.link_random", simulator, block, [case], parameters=dict(PARAMETERS), env=ROOM | env
    )


def test_random_trouble(simulator: str) -> None:
    if simulator == "icarus":
        run(simulator, 16, "FewTroubles")
    else:
        results = run(simulator, 16, "RandomTrouble")
        if not flag("COVER"):  # make cover looks at the goals itself
            assert unmet(load(results.parent / "coverage.link_random.json")) == []


@pytest.mark.regress
@pytest.mark.sim("verilator")
@pytest.mark.parametrize("block", [16, 32, 64])
def test_random_trouble_long(simulator: str, block: int) -> None:
    run(simulator, block, "RandomTrouble", LINK_ROUNDS="12")
