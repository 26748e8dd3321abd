# SPDX-License-Identifier: Apache-2.0
"""fp32, DIMC dot product and reductions against slow exact arithmetic written independently."""

from __future__ import annotations

import struct
from fractions import Fraction

import numpy as np
import pytest

from models import dimc, fp32, reduce

SPECIAL = [
    0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007FFFFF, 0x807FFFFF, 0x00800000, 0x80800000,
    0x00800001, 0x3F800000, 0xBF800000, 0x3F7FFFFF, 0x7F7FFFFF, 0xFF7FFFFF, 0x7F800000, 0xFF800000,
    0x7FC00000, 0xFFC00000, 0x7F800001, 0xFFFFFFFF, 0x34000000, 0x4B800000,
]  # fmt: skip
CANONICAL_NAN, INF = 0x7FC00000, 0x7F800000


def decode(u: int) -> Fraction | str:
    """Value of a pattern with subnormals as zero; 'nan', '+inf', '-inf'."""
    sign, field, mantissa = u >> 31, u >> 23 & 255, u & 0x7FFFFF
    if field == 255:
        return "nan" if mantissa else ("-inf" if sign else "+inf")
    if field == 0:
        return Fraction(0)
    return (-1) ** sign * Fraction(2**23 + mantissa) * Fraction(2) ** (field - 150)


def floor_log2(v: Fraction) -> int:
    """Largest n with 2^n <= |v|."""
    n = abs(v.numerator).bit_length() - v.denominator.bit_length()
    return n if Fraction(2) ** n <= abs(v) else n - 1


def encode(v: Fraction) -> int:
    """Round to nearest even on the IEEE grid (2^-149 at the bottom), then flush."""
    if v == 0:
        return 0
    quantum = Fraction(2) ** (max(floor_log2(v), -126) - 23)
    v = round(v / quantum) * quantum
    if abs(v) < Fraction(2) ** -126:
        return 0
    if abs(v) >= Fraction(2) ** 128:
        return INF | (v < 0) << 31
    return struct.unpack("<I", struct.pack("<f", float(v)))[0]


def exact_add(a: int, b: int) -> int:
    x, y = decode(a), decode(b)
    infinities = {v for v in (x, y) if isinstance(v, str)}
    if "nan" in infinities or len(infinities) == 2:
        return CANONICAL_NAN
    if infinities:
        return INF if "+inf" in infinities else INF | 1 << 31
    return encode(x + y)


def exact_mul(a: int, b: int) -> int:
    x, y = decode(a), decode(b)
    if "nan" in (x, y):
        return CANONICAL_NAN
    if isinstance(x, str) or isinstance(y, str):
        return CANONICAL_NAN if 0 in (x, y) else INF | ((a ^ b) >> 31) << 31
    return encode(x * y)


def exact_ldexp(a: int, n: int) -> int:
    """The value scaled exactly: never rounded, +0 below the normal range."""
    v = decode(a)
    if v == "nan":
        return CANONICAL_NAN
    if isinstance(v, str):
        return a
    v = v * Fraction(2) ** n
    return encode(v) if abs(v) >= Fraction(2) ** -126 else 0


def window_pairs(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Pairs whose product (first half) or sum or difference (second half) lies around 2^-126.

    The fields of a product add up to 127 and its significands to a product within a few units of
    2^47, so that about half of those just below 2^-126 round up to it.
    """
    ma = rng.integers(2**23 + 1, 2**24, count)
    mb = (2**47 - 1) // ma + rng.integers(-2, 2, count)
    fa = rng.integers(1, 127, count)
    product = np.stack([ma & 0x7FFFFF | fa << 23, mb & 0x7FFFFF | (127 - fa) << 23])
    near = rng.integers(0x00800000, 0x01800000, (2, count))
    u = np.concatenate([product, near], axis=1)
    return tuple((u | rng.integers(0, 2, u.shape) << 31).astype(np.uint32))


def pairs(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    special = np.array(SPECIAL, dtype=np.uint32)
    any_ = rng.integers(0, 2**32, (2, 3000), dtype=np.uint32)
    close = (any_[0] ^ np.uint32(1 << 31)) + rng.integers(0, 3, 3000, dtype=np.uint32)
    wa, wb = window_pairs(rng, 3000)
    a = np.concatenate([np.repeat(special, len(special)), any_[0], any_[0], wa])
    b = np.concatenate([np.tile(special, len(special)), any_[1], close, wb])
    return a, b


@pytest.mark.parametrize("name", ["add", "sub", "mul"])
def test_fp32_is_exact_arithmetic_rounded_once(name: str, seed: int) -> None:
    a, b = pairs(seed)
    got = fp32.bits(getattr(fp32, name)(fp32.from_bits(a), fp32.from_bits(b)))
    negate = (lambda u: u ^ 1 << 31) if name == "sub" else (lambda u: u)
    exact = exact_mul if name == "mul" else exact_add
    want = [exact(int(x), negate(int(y))) for x, y in zip(a, b)]
    wrong = np.flatnonzero(got != np.array(want, dtype=np.uint32))
    assert not wrong.size, [(hex(a[i]), hex(b[i]), hex(got[i]), hex(want[i])) for i in wrong[:3]]


def test_the_pairs_reach_both_sides_of_the_flush_window(seed: int) -> None:
    """Products below 2^-126 that round up to it and stay, and products that are flushed."""
    stay = flushed = 0
    for x, y in zip(*(v.tolist() for v in window_pairs(np.random.default_rng(seed), 3000))):
        exact = abs(decode(x) * decode(y))
        if Fraction(2) ** -127 < exact < Fraction(2) ** -126:
            stay += encode(exact) != 0
            flushed += encode(exact) == 0
    assert stay > 300 and flushed > 300, (stay, flushed)
    below = fp32.mul(fp32.from_bits([0x3F7FFFFF, 0x3F7FFFFE]), fp32.from_bits([0x00800000] * 2))
    assert fp32.bits(below).tolist() == [0x00800000, 0]


@pytest.mark.parametrize("shift", [-300, -254, -126, -1, 0, 1, 100, 253, 300])
def test_ldexp_is_exact(shift: int, seed: int) -> None:
    a, _ = pairs(seed)
    got = fp32.bits(fp32.ldexp(fp32.from_bits(a), shift))
    assert got.tolist() == [exact_ldexp(int(x), shift) for x in a]


def test_flush_max_and_compare() -> None:
    x = fp32.from_bits(SPECIAL)
    flushed = fp32.bits(fp32.flush(x))
    assert not ((flushed & 0x7F800000) == 0)[flushed != 0].any()
    assert set(flushed[fp32.is_nan(x)].tolist()) == {CANONICAL_NAN}
    assert fp32.bits(fp32.maximum(fp32.NAN, fp32.ONE)) == CANONICAL_NAN
    assert fp32.bits(fp32.maximum(-fp32.ONE, fp32.from_bits(0x80000000))) == 0
    assert not fp32.less(fp32.from_bits(0x80000001), fp32.from_bits(1))
    assert fp32.bits(fp32.from_int(2**24 + 1)) == 0x4B800000


def exact_dimc(qx, ex, qw, ew, block: int, x_bits: int, w_bits: int, acc: int) -> int:
    for k in range(len(ex)):
        d = sum(int(qx[i]) * int(qw[i]) for i in range(k * block, (k + 1) * block))
        if 255 in (ex[k], ew[k]):
            term = CANONICAL_NAN
        elif d == 0:
            term = 0
        else:
            shift = int(ex[k]) - 127 - (x_bits - 2) + int(ew[k]) - 127 - (w_bits - 2)
            term = exact_ldexp(encode(Fraction(d)), shift)
        acc = exact_add(acc, term)
    return acc


@pytest.mark.parametrize("exponents", ["usual", "tiny", "huge", "any", "some_0"])
@pytest.mark.parametrize(("block", "x_bits", "w_bits"), [(64, 8, 8), (16, 8, 8), (64, 8, 4)])
def test_dimc(exponents: str, block: int, x_bits: int, w_bits: int, seed: int) -> None:
    """Ordinary exponents take the fast route, others the general one; with and without acc. Blocks
    with byte 0 need not be zero: commands can meet any byte."""
    rng = np.random.default_rng(seed)
    ranges = {"usual": (100, 150), "tiny": (0, 90), "huge": (180, 255), "any": (0, 256),
              "some_0": (110, 150)}
    low, high = ranges[exponents]
    blocks, t, n = 5, 6, 7
    top_x, top_w = 2 ** (x_bits - 1) - 1, 2 ** (w_bits - 1) - 1
    qx = rng.integers(-top_x, top_x + 1, (t, blocks * block)).astype(np.int8)
    qw = rng.integers(-top_w, top_w + 1, (n, blocks * block)).astype(np.int8)
    qx[0], qw[0] = top_x, -top_w  # the largest |d|
    qw[1, :block] = 0
    ex = rng.integers(low, high, (t, blocks)).astype(np.uint8)
    ew = rng.integers(low, high, (n, blocks)).astype(np.uint8)
    if exponents == "some_0":
        ex[0], ex[1:, 0] = 0, 0
    acc = rng.standard_normal((t, n)).astype(np.float32)
    for start in (None, acc):
        got = fp32.bits(
            dimc.matmul(qx, ex, qw, ew, block=block, x_bits=x_bits, w_bits=w_bits, acc=start)
        )
        for i in range(t):
            for j in range(n):
                first = 0 if start is None else int(fp32.bits(start)[i, j])
                want = exact_dimc(qx[i], ex[i], qw[j], ew[j], block, x_bits, w_bits, first)
                assert got[i, j] == want, (i, j, hex(got[i, j]), hex(want))


def test_dimc_rejects_shapes_that_do_not_agree() -> None:
    q, e = np.zeros((1, 64), np.int8), np.zeros((1, 1), np.uint8)
    with pytest.raises(ValueError, match="multiple"):
        dimc.matmul(q, e, q, e, block=48)
    with pytest.raises(ValueError, match="fit"):
        dimc.matmul(q, e, q, np.zeros((1, 2), np.uint8), block=64)
    with pytest.raises(ValueError, match="agree"):
        dimc.matmul(q, e, np.zeros((1, 128), np.int8), np.zeros((1, 2), np.uint8), block=64)


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("length", [1, 15, 16, 64, 200])
def test_sum_has_one_order(block: int, length: int, seed: int) -> None:
    x = np.random.default_rng(seed).standard_normal((3, length)).astype(np.float32)
    for row, got in zip(x, reduce.sum_(x, block)):
        partial = [0] * block
        for i, value in enumerate(fp32.bits(row).tolist()):
            partial[i % block] = exact_add(partial[i % block], value)
        while len(partial) > 1:
            half = len(partial) // 2
            partial = [exact_add(partial[i], partial[i + half]) for i in range(half)]
        assert int(fp32.bits(got)) == partial[0]
    padded = np.concatenate([x, np.zeros((3, 77), np.float32)], axis=1)
    assert (fp32.bits(reduce.sum_(padded, block)) == fp32.bits(reduce.sum_(x, block))).all()


def test_max_and_argmax() -> None:
    x = np.array([[1, 3, 3, -2], [-1, -np.inf, -1, -1]], np.float32)
    assert reduce.max_(x).tolist() == [3, -1]
    assert reduce.argmax(x).tolist() == [1, 0]
    x[0, 0] = np.nan
    assert fp32.bits(reduce.max_(x))[0] == CANONICAL_NAN
    assert reduce.argmax(fp32.from_bits([[0x80000000, 0, 1]])).tolist() == [0]
