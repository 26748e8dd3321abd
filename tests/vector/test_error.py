# SPDX-License-Identifier: Apache-2.0
"""Error of the vector operations against float64 (python -m models.vector_error shows it)."""

from __future__ import annotations

import pytest

from models.vector_error import cases, measure

ULP = {"LayerNorm, mean 10": 16}
"""Largest error in ulp of the row's largest element, if not 4; x - mean cancels four bits there."""


@pytest.mark.parametrize("case", list(cases(300)), ids=lambda case: case[0])
def test_error_against_float64(case) -> None:
    name, _, run, exact = case
    assert measure(run(), exact)[0] <= ULP.get(name, 4)
