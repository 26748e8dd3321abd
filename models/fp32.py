# SPDX-License-Identifier: Apache-2.0
"""fp32 with one zero and one NaN: numpy float32 arithmetic with three rules on top.

Inputs are flushed, the IEEE operation rounds to nearest even (a tiny result on the subnormal grid
of 2^-149, as numpy does), and the rounded result is flushed again: a magnitude below 2^-126, -0
included, becomes +0, so what rounds up to 2^-126 stays. Every NaN is 0x7FC00000. Infinities and
NaNs otherwise propagate as in IEEE 754.
"""

from __future__ import annotations

import numpy as np

MIN_NORMAL = np.float32(2.0**-126)
NAN = np.uint32(0x7FC00000).view(np.float32)
INF = np.float32(np.inf)
ZERO = np.float32(0)
ONE = np.float32(1)

_quiet = np.errstate(all="ignore")  # as a decorator: IEEE special cases are meant here


def from_bits(u) -> np.ndarray:
    """uint32 pattern -> float32, not flushed."""
    return np.asarray(u, dtype=np.uint32).view(np.float32)


def bits(x) -> np.ndarray:
    """float32 -> uint32 pattern, not flushed."""
    return np.asarray(x, dtype=np.float32).view(np.uint32)


@_quiet
def flush(x) -> np.ndarray:
    """Subnormals and -0 to +0, any NaN to the canonical one."""
    x = np.asarray(x, dtype=np.float32)
    u = x.view(np.uint32) * ~(np.abs(x) < MIN_NORMAL)
    nan = x != x
    if nan.any():
        u = np.where(nan, bits(NAN), u)
    return u.view(np.float32)


@_quiet
def add(a, b) -> np.ndarray:
    a, b = flush(a), flush(b)
    return flush(a + b)


@_quiet
def sub(a, b) -> np.ndarray:
    a, b = flush(a), flush(b)
    return flush(a - b)


@_quiet
def mul(a, b) -> np.ndarray:
    a, b = flush(a), flush(b)
    return flush(a * b)


@_quiet
def neg(x) -> np.ndarray:
    """Sign flip; zero stays +0 and NaN stays canonical."""
    return flush(-flush(x))


def ldexp(x, n) -> np.ndarray:
    """x * 2^n as an integer add on the exponent field; never rounds.

    Zero stays +0. A field that would fall to 0 or below gives +0, one that would reach 255 gives
    an infinity of the same sign. Infinity and NaN are unchanged.
    """
    u = bits(flush(x))
    field = ((u >> np.uint32(23)) & np.uint32(0xFF)).astype(np.int32)
    new = field + np.asarray(n, dtype=np.int32)
    finite = field < 255
    scaled = (u & np.uint32(0x807FFFFF)) | (np.minimum(new, 254).astype(np.uint32) << np.uint32(23))
    out = scaled * ((field > 0) & finite & (new > 0))
    overflow = (field > 0) & finite & (new >= 255)
    if overflow.any():
        out = np.where(overflow, (u & np.uint32(0x80000000)) | np.uint32(0x7F800000), out)
    if not finite.all():
        out = np.where(finite, out, u)
    return out.view(np.float32)


def from_int(i) -> np.ndarray:
    """Integer -> fp32, round to nearest even (exact for |i| <= 2^24)."""
    return np.asarray(i).astype(np.float32)


@_quiet
def maximum(a, b) -> np.ndarray:
    """The larger of two; a NaN on either side gives NaN."""
    return flush(np.maximum(flush(a), flush(b)))


@_quiet
def less(a, b) -> np.ndarray:
    """a < b after flush; false if either is NaN."""
    return flush(a) < flush(b)


def is_nan(x) -> np.ndarray:
    return np.isnan(np.asarray(x, dtype=np.float32))


def is_nonfinite(x) -> np.ndarray:
    """True where a value sets the sticky status bit of the engine that produced it."""
    return ~np.isfinite(np.asarray(x, dtype=np.float32))
