# SPDX-License-Identifier: Apache-2.0
"""The timing diagrams of docs/common are what their directed tests show."""

from __future__ import annotations

import pytest

from scripts import timing


@pytest.mark.sim("icarus")
@pytest.mark.parametrize("run", timing.runs("common_units"))
def test_diagrams_are_current(simulator: str, run: str) -> None:
    assert timing.stale([run]) == []
