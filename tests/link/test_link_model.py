# SPDX-License-Identifier: Apache-2.0
"""models/link.py against published values and its own definitions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from models import link, link_phy


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


def test_training_sequence_round_trip() -> None:
    training = link_phy.Training(2, 1, 33, 5)
    assert link_phy.Training.parse(training.text()) == training
    with pytest.raises(ValueError, match="is not"):
        link_phy.Training.parse(training.text()[:-1] + bytes([training.text()[-1] ^ 1]))


def test_crc16_check_value() -> None:
    assert link_phy.crc16(b"123456789") == 0x29B1  # CRC-16/CCITT-FALSE


POLYNOMIAL = 1 << 23 | 1 << 5 | 1  # b[n+23] = b[n+5] ^ b[n]
PERIOD = 2**23 - 1


def times(a: int, b: int) -> int:
    """Product of polynomials over GF(2) modulo POLYNOMIAL."""
    out = 0
    while b:
        out ^= a if b & 1 else 0
        a <<= 1
        a ^= POLYNOMIAL if a >> 23 else 0
        b >>= 1
    return out


def power(a: int, n: int) -> int:
    out = 1
    while n:
        out = times(out, a) if n & 1 else out
        a, n = times(a, a), n >> 1
    return out


def logarithm(a: int) -> int:
    """n with x^n = a: baby steps, giant steps."""
    small = {}
    step = 1
    for i in range(2900):
        small[step] = i
        step = times(step, 2)
    back = power(power(2, 2900), PERIOD - 1)
    for j in range(2900):
        if a in small:
            return 2900 * j + small[a]
        a = times(a, back)
    raise AssertionError("no logarithm")


def test_scrambler_follows_its_recurrence() -> None:
    state, bits = link_phy.SEED, []
    for _ in range(50):
        bits += [state >> i & 1 for i in range(8)]
        state = link_phy.scramble_next(state)
    assert all(bits[n] == bits[n - 18] ^ bits[n - 23] for n in range(23, 400))
    state = link_phy.SEED
    for n in range(0, 300, 8):
        for lane in range(10):
            got = link_phy.scramble_byte(state, lane)
            later = 7 + lane % 8
            assert got == sum((bits[n + i] ^ bits[n + i + later]) << i for i in range(8))
        state = link_phy.scramble_next(state)


def test_scrambler_has_the_full_period_and_lanes_a_phase_of_their_own() -> None:
    """2^23 - 1 bits before the sequence repeats; the eight phases, exponents n of x^n = 1 + x^d for
    the sum of a sequence and itself d later, lie at least 1,000 bits apart."""
    assert PERIOD == 47 * 178481
    assert power(2, PERIOD) == 1
    assert power(2, 47) != 1 and power(2, 178481) != 1
    places = [logarithm(1 ^ 1 << d) for d in range(7, 15)]
    gaps = [abs(a - b) for i, a in enumerate(places) for b in places[:i]]
    assert min(min(gap, PERIOD - gap) for gap in gaps) > 1000


@pytest.mark.parametrize("block", [16, 64])
def test_sync_is_found_nowhere_else(block: int) -> None:
    """In no training sequence before data, on no lane, at no other bit offset."""
    count = link_phy.lanes(block)
    state, keys = link_phy.SEED, []
    for _ in range(link_phy.LENGTH):
        keys.append([link_phy.scramble_byte(state, lane) for lane in range(8)])
        state = link_phy.scramble_next(state)
    key = np.array(keys, dtype=np.uint32).T
    key[:, :2] = 0
    values = itertools.product(range(4), (0, 1), range(count), range(count))
    texts = np.array(
        [list(link_phy.Training(*value).text() + bytes(link_phy.SYNC)) for value in values],
        dtype=np.uint32,
    )
    sync = link_phy.SYNC[0] | link_phy.SYNC[1] << 8
    for lane in range(8):
        line = texts.copy()
        line[:, :16] ^= key[lane]
        for byte in range(16):
            window = line[:, byte] | line[:, byte + 1] << 8
            window |= line[:, byte + 2] << 16 if byte + 2 < 18 else 0
            for bit in range(8):
                hits = np.count_nonzero((window >> bit & 0xFFFF) == sync)
                assert hits == (len(texts) if byte == bit == 0 else 0)


@pytest.mark.parametrize("skip", [0, 3, 8, 9])
def test_lane_map_round_trip(skip: int) -> None:
    block = 16
    data = 0x0123456789ABCDEF
    word = link_phy.spread(0x5A, data, skip, block)
    assert word >> 8 * skip & 0xFF == 0
    assert link_phy.gather(word, skip, block) == (0x5A, data)


def test_reader_refuses_a_lane_that_differs() -> None:
    block = 16
    count = link_phy.lanes(block)
    reader = link_phy.LaneReader(block)
    lines = [link_phy.Training(0, 1, count - 1, count - 1).line(lane) for lane in range(count)]
    lines[4] = lines[4][:7] + bytes([lines[4][7] ^ 4]) + lines[4][8:]
    with pytest.raises(ValueError, match="lanes differ in byte 7"):
        for i in range(16):
            reader.feed(int.from_bytes(bytes(line[i] for line in lines), "little"))
