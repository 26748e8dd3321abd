# SPDX-License-Identifier: Apache-2.0
"""The lanes under a running model: nothing that happens to them changes a result."""

from __future__ import annotations

import pytest

from tb.package.session import Job, simulate_package
from tests.package.conftest import short_run, stories, tracer  # noqa: F401 (fixtures)
from tests.package.support import WORK


@pytest.mark.regress
@pytest.mark.parametrize(
    "settings",
    [
        {"skew": 24},
        {"lane_fault": 1, "lane_fault_lane": 5, "lane_fault_cycle": 30_000, "inject_index": 1},
        {"lane_fault": 3, "lane_fault_lane": 32, "lane_fault_cycle": 30_000, "inject_index": 2},
        {"burst_threshold": 2**32 // 2000, "burst_length": 8},
    ],
    ids=["skew", "stuck_lane", "random_frame_lane", "bursts"],
)
def test_model_runs_over_bad_lanes(settings, request, short_run, tracer) -> None:  # noqa: F811
    """Tokens and every signature as without trouble."""
    built, golden, prompt, new = short_run
    result = simulate_package(
        tracer, built, golden.records, Job([(prompt, new)], settings), work=WORK / request.node.name
    )
    assert result.errors == [] and result.mismatches == 0 and result.tokens == golden.tokens
