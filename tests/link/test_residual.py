# SPDX-License-Identifier: Apache-2.0
"""Errors that the CRC does not see: flits corrupted directly before link_crc, with 32 bits and with
fewer, against theory."""

from __future__ import annotations

import math

import pytest

from scripts.residual_link import CRC_BITS, FLITS, measure, theory
from tb.common.runner import missing_simulator

SIGMAS = 5.0


@pytest.mark.parametrize("bits", CRC_BITS)
def test_unseen_errors(seed: int, bits: int) -> None:
    """Nothing unseen of what must be seen; of the rest a share as the theory says, within five
    standard deviations."""
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)
    for row in measure(bits, seed, FLITS):
        share = theory(bits, row["pattern"], row["phits"])
        expected = share * row["flits"]
        spread = SIGMAS * math.sqrt(expected) + (2 if share else 0)
        assert abs(row["unseen"] - expected) <= spread, f"CRC of {bits} bits: {row}, {expected:.1f}"
