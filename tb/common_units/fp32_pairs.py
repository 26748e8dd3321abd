# SPDX-License-Identifier: Apache-2.0
"""Operand pairs for the fp32 functions and their expected results, from models/fp32.py alone."""

from __future__ import annotations

import numpy as np

from models import fp32

OPS = ("add", "sub", "mul", "ldexp", "from_int", "max", "flush")
"""Names in the order of fp32_probe's op codes."""

_FIELDS = (0, 1, 2, 3, 103, 104, 126, 127, 128, 150, 151, 152, 252, 253, 254, 255)
_FRACTIONS = (0, 1, 2, 0x3FFFFF, 0x400000, 0x400001, 0x7FFFFE, 0x7FFFFF)


def special_values() -> np.ndarray:
    """Zeros, subnormals, exponents at both ends of the range, infinities, NaNs; both signs."""
    words = [s << 31 | e << 23 | f for s in (0, 1) for e in _FIELDS for f in _FRACTIONS]
    return np.array(words, np.uint32)


def special_pairs() -> tuple[np.ndarray, np.ndarray]:
    """Every special value with every other."""
    values = special_values()
    a, b = np.meshgrid(values, values)
    return a.ravel(), b.ravel()


def _words(rng: np.random.Generator, n: int, low: int, high: int) -> np.ndarray:
    """Random signs and fractions with exponent fields from low to high."""
    fields = rng.integers(low, high + 1, n, dtype=np.uint32)
    return rng.integers(0, 2**32, n, dtype=np.uint32) & np.uint32(0x807FFFFF) | fields << 23


def random_pairs(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """A quarter each: any bits; exponents within 30 of each other (alignment and cancellation);
    products and sums around 2^-126; few fraction bits (rounding ties)."""
    quarter = n // 4
    any_a, any_b = rng.integers(0, 2**32, (2, n - 3 * quarter), dtype=np.uint32)

    near_a = _words(rng, quarter, 31, 223)
    distance = rng.integers(-30, 31, quarter)
    near_b = _words(rng, quarter, 0, 0) | (
        ((near_a >> 23 & 0xFF).astype(np.int64) + distance).astype(np.uint32) << 23
    )

    low_a = _words(rng, quarter, 1, 126)
    # Fields that add up to 124 .. 129 put the product within a few binades of 2^-126.
    field = 126 - (low_a >> 23 & 0xFF).astype(np.int64) + rng.integers(-2, 4, quarter)
    low_b = _words(rng, quarter, 0, 0) | field.clip(0, 254).astype(np.uint32) << 23
    sums = rng.random(quarter) < 0.5
    low_b = np.where(sums, _words(rng, quarter, 1, 3), low_b)
    low_a = np.where(sums, _words(rng, quarter, 1, 3), low_a)

    keep = (np.uint32(0xFFFFFFFF) << rng.integers(8, 23, (2, quarter), dtype=np.uint32)).astype(
        np.uint32
    )
    tie_a = _words(rng, quarter, 100, 150) & keep[0]
    tie_b = _words(rng, quarter, 100, 150) & keep[1]
    a = np.concatenate([any_a, near_a, low_a, tie_a])
    b = np.concatenate([any_b, near_b, low_b, tie_b])
    return a.astype(np.uint32), b.astype(np.uint32)


def rounding_edge_pairs(rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Factors whose product lies within a few units of 2^-149 of 2^-126, from below and above:
    a is random, b is the float nearest to 2^-126 / a, moved by up to 4 last places."""
    a = _words(rng, n, 2, 250)
    exact = 2.0**-126 / np.abs(fp32.from_bits(a)).astype(np.float64)
    with np.errstate(over="ignore"):
        b = fp32.bits(exact.astype(np.float32))
    return a, (b.astype(np.int64) + rng.integers(-4, 5, n)).clip(0, 2**32 - 1).astype(np.uint32)


def operands(op: str, a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bring b into the range that matters for `op`: shifts within +-300 for half of ldexp."""
    if op == "ldexp":
        small = (b >> 11 & 1).astype(bool)
        b = np.where(small, (b % 601).astype(np.int64) - 300, b).astype(np.int64)
        b = (b & 0xFFFFFFFF).astype(np.uint32)
    return a, b


def signed_field(words: np.ndarray, width: int) -> np.ndarray:
    """The low `width` bits of each word as a signed integer."""
    shift = 32 - width
    return (words << np.uint32(shift)).view(np.int32) >> shift


def expected(op: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Result words by models/fp32.py."""
    x, y = fp32.from_bits(a), fp32.from_bits(b)
    if op == "ldexp":
        result = fp32.ldexp(x, signed_field(b, 11))
    elif op == "from_int":
        result = fp32.from_int(signed_field(b, 22))
    elif op == "flush":
        result = fp32.flush(x)
    else:
        result = {"add": fp32.add, "sub": fp32.sub, "mul": fp32.mul, "max": fp32.maximum}[op](x, y)
    return fp32.bits(result)
