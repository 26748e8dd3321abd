# SPDX-License-Identifier: Apache-2.0
"""models/link.py against published values and its own definitions."""

from __future__ import annotations

import pytest

from models import link


def test_crc32c_check_value() -> None:
    # The check value of CRC-32C is 0xE3069283, which includes the final inversion.
    assert link.crc32c(b"123456789") == 0xE3069283 ^ 0xFFFFFFFF


@pytest.mark.parametrize(("block", "phits", "share"), [(64, 17, 66 / 68), (16, 20, 0.9)])
def test_full_flit(block: int, phits: int, share: float) -> None:
    assert link.flit_phits(8, block) == phits
    assert link.payload_efficiency(8, block) == pytest.approx(share)


def test_go_back_n_bound() -> None:
    assert link.go_back_n_bound(0.0, 3, 64) == link.payload_efficiency(8, 64)
    # By renewal: a good flit costs 1, a bad one N and starts again.
    p, n = link.flit_error_rate(1e-5, 8, 64), 3.0
    mean_cost = 1.0 + n * p / (1.0 - p)
    assert link.go_back_n_bound(1e-5, n, 64) == pytest.approx(66 / 68 / mean_cost)


def test_frame_codes_keep_distance_four() -> None:
    codes = [link.IDLE, link.BODY, link.CTRL, link.CONT, *link.HEAD, *link.SOLO]
    pairs = [(a, b) for a in codes for b in codes if a < b]
    assert min((a ^ b).bit_count() for a, b in pairs) == 4


def test_malformed_flit_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have 2 phits"):
        link.parse_flit([link.HEAD[0], link.CTRL], [0, 0], 64)
    with pytest.raises(ValueError, match="frame codes"):
        link.parse_flit([link.BODY], [0], 64)
    with pytest.raises(ValueError, match="counts 3 beats"):
        link.parse_flit([link.SOLO[0]], [3 << 132], 64)
