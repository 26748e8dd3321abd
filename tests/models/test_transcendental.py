# SPDX-License-Identifier: Apache-2.0
"""Error bounds, special inputs and table contents of the transcendental functions."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from models import fp32
from models import transcendental as fn
from models.transcendental_error import cases, measure

ULP = {"exp2": 1.1, "recip": 1.2, "rsqrt": 1.1}
SCALED = 2e-7
"""Bound on error / max(1, |x|) of everything built from the primitives: 3.4 units of 2^-24."""


PINNED = {
    "exp2": 0x4D54ECDC,
    "recip": 0x1D6B8DFC,
    "rsqrt": 0x50248BED,
    "tail": 0x553AC29B,
}


@pytest.mark.parametrize("case", list(cases(200_000)), ids=lambda case: f"{case[0]} {case[1]}")
def test_error_against_float64(case) -> None:
    m = measure(*case)
    if m.name in ULP:
        assert m.ulp <= ULP[m.name]
    else:
        assert m.scaled <= SCALED


NAN, INF = np.nan, np.inf


@pytest.mark.parametrize(
    ("name", "x", "want"),
    [
        ("exp2", [0, 1, -1, 127, -126], [1, 2, 0.5, 2.0**127, 2.0**-126]),
        ("exp2", [128, INF, -126.01, -INF, -1e38, NAN], [INF, INF, 0, 0, 0, NAN]),
        ("recip", [1, -2, 4, 0, -0.0, INF, -INF, NAN], [1, -0.5, 0.25, INF, INF, 0, 0, NAN]),
        ("recip", [2.0**126, 2.0**127, 2.0**-126, 1e-40], [2.0**-126, 0, 2.0**126, INF]),
        ("rsqrt", [1, 4, 2.0**-126, 2.0**126], [1, 0.5, 2.0**63, 2.0**-63]),
        ("rsqrt", [0, -0.0, -1, INF, -INF, NAN, -1e-40], [INF, INF, NAN, 0, NAN, NAN, INF]),
        ("tail", [0, 8, 1e30, INF, NAN, -1], [0.5, 0, 0, 0, NAN, None]),
        ("sigmoid", [0, 200, -200, INF, -INF, NAN], [0.5, 1, 0, 1, 0, NAN]),
        ("silu", [0, 100, -200, INF, NAN], [0, 100, 0, INF, NAN]),
        ("gelu", [0, 100, -100, INF, NAN], [0, 100, 0, INF, NAN]),
        ("gelu_tanh", [0, 100, -100, NAN], [0, 100, 0, NAN]),
        ("tanh", [0, 100, -100, NAN], [0, 1, -1, NAN]),
        ("erf", [0, 100, -100, NAN], [0, 1, -1, NAN]),
    ],
)
def test_special_inputs(name: str, x: list, want: list) -> None:
    got = getattr(fn, name)(np.array(x, np.float32))
    assert got.dtype == np.float32
    for value, expected in zip(got, want):
        if expected is not None:
            assert fp32.bits(value) == fp32.bits(fp32.flush(expected))


def test_results_are_flushed_everywhere(seed: int) -> None:
    x = fp32.from_bits(np.random.default_rng(seed).integers(0, 2**32, 200_000, dtype=np.uint32))
    for name in ("exp2", "recip", "rsqrt", "tail", "silu", "gelu", "gelu_tanh", "tanh", "erf"):
        y = getattr(fn, name)(x)
        assert (fp32.bits(y) == fp32.bits(fp32.flush(y))).all(), name


def test_exp2_is_monotonic_enough_for_softmax() -> None:
    """Never above 1 for x <= 0, so that no softmax weight exceeds the one of the maximum."""
    x = -np.linspace(0, 2, 1_000_001).astype(np.float32)
    assert fn.exp2(x).max() == 1 and fn.exp2(np.float32(0)) == 1


def test_table_contents_are_pinned() -> None:
    """The Verilog tables are generated; a change of libm or formula must not pass unseen."""
    crc = {name: zlib.crc32(t.astype("<u4").tobytes()) for name, t in fn.tables().items()}
    assert crc == PINNED
