# SPDX-License-Identifier: Apache-2.0
"""exp2, reciprocal, rsqrt and the normal tail, and what is built from them, for fp32 lanes.

This text is the contract of the hardware unit. `add`, `sub`, `mul` are fp32.add, fp32.sub and
fp32.mul (one rounding and flush each, no fused multiply-add, no division); `C` is a table of
`tables()`, one row (c0, c1, c2) per index; everything else is integer work on the bit pattern.

All four primitives end in the same quadratic, four operations:

    y = add(mul(add(mul(c2, t), c1), t), c0)                                     (Q)

and differ in how index and residue t are found:

exp2(x), 7 fp operations
    x NaN -> NaN;  x >= 128 -> +inf;  x < -126 -> +0;  otherwise
    k   = add(x, EXP2_MAGIC)              EXP2_MAGIC = 1.5 * 2^17: rounds x to a multiple of 1/64
    t   = sub(x, sub(k, EXP2_MAGIC))      exact, |t| <= 1/128
    K   = int32(bits(k) - bits(EXP2_MAGIC)) = round(64 x);  index = K & 63;  n = K >> 6 (arithmetic)
    y   = (Q) with C = exp2[index];  result = ldexp(y, n)

recip(x), 5 fp operations
    NaN -> NaN;  0 -> +inf;  +-inf -> +0;  otherwise, with s, field, f the fields of x
    m    = {0, 127, f}                     1 <= m < 2
    left = {0, 127, f[22:16], 16'b0};  index = f[22:16]
    t    = sub(m, left)                    exact, 0 <= t < 1/128
    y    = (Q) with C = recip[index], 1/2 < y <= 1;  result = s, ldexp(y, 127 - field)

rsqrt(x), 5 fp operations
    NaN -> NaN;  0 -> +inf;  x < 0 -> NaN;  +inf -> +0;  otherwise
    m, left, t as in recip;  E = field - 127;  index = {E[0], f[22:16]}
    y    = (Q) with C = rsqrt[index], 1/2 < y <= 1;  result = ldexp(y, -(E >> 1)) (arithmetic)

tail(a), a >= 0 (the sign of the input is dropped), 7 fp operations: P(Z > a), Z standard normal
    NaN -> NaN;  a >= 255.5/32 -> +0;  otherwise
    k   = add(a, TAIL_MAGIC)              TAIL_MAGIC = 1.5 * 2^18: rounds a to a multiple of 1/32
    t   = sub(a, sub(k, TAIL_MAGIC))      exact, |t| <= 1/64
    index = bits(k) - bits(TAIL_MAGIC)    0 .. 255
    y   = (Q) with C = tail[index];  result = y

Built from them (|x| and sign flips are free):
    e = exp2(mul(|x|, -LOG2E));  rc = recip(add(1, e))
    sigmoid(x)   = x >= 0 ? rc : mul(e, rc)
    silu(x)      = mul(x, sigmoid(x))
    gelu(x)      = mul(x, x >= 0 ? sub(1, tail(|x|)) : tail(|x|))
    gelu_tanh(x) = mul(x, x >= 0 ? rc : mul(e, rc)), (1 + tanh u) / 2 = 1 / (1 + 2^(-2 u log2 e)):
        e = exp2(mul(|x|, add(GELU_LINEAR, mul(GELU_CUBIC, mul(x, x)))));  rc = recip(add(1, e))
    tanh(x)      = sign(x) * mul(sub(1, e2), recip(add(1, e2))), e2 = exp2(mul(|x|, -2 LOG2E))
    erf(x)       = sign(x) * sub(1, mul(2, tail(mul(|x|, SQRT2))))
"""

from __future__ import annotations

import functools
import math

import numpy as np

from models import fp32
from models.fp32 import add, from_bits, ldexp, mul, sub

LOG2E = np.float32(math.log2(math.e))
SQRT2 = np.float32(math.sqrt(2))
GELU_LINEAR = np.float32(-2 * math.sqrt(2 / math.pi) * math.log2(math.e))
GELU_CUBIC = np.float32(-2 * math.sqrt(2 / math.pi) * math.log2(math.e) * 0.044715)
EXP2_MAGIC = np.float32(1.5 * 2**17)
TAIL_MAGIC = np.float32(1.5 * 2**18)
TAIL_END = np.float32(255.5 / 32)


def _quadratic(f, origin: float, low: float, high: float) -> tuple[float, float, float]:
    """(c0, c1, c2) of the quadratic in t = x - origin through f at the three Chebyshev nodes of
    [low, high] (t coordinates), in float64."""
    mid, half = (low + high) / 2, (high - low) / 2
    s = half * math.sqrt(3) / 2
    below, centre, above = f(origin + mid - s), f(origin + mid), f(origin + mid + s)
    slope = (above - below) / (2 * s)
    c2 = (above + below - 2 * centre) / (2 * s * s)
    return centre - slope * mid + c2 * mid * mid, slope - 2 * c2 * mid, c2


def _normal_tail(a: float) -> float:
    return math.erfc(a / math.sqrt(2)) / 2


@functools.cache
def tables() -> dict[str, np.ndarray]:
    """Coefficient tables as fp32 bit patterns, uint32 [entries, 3], columns c0, c1, c2.

    Each row is `_quadratic` in float64, rounded to fp32 (ties to even).
    """
    step, h = 1 / 128, 1 / 64
    lefts = [1 + i * step for i in range(128)]
    rows = {
        "exp2": [_quadratic(lambda x: 2.0**x, i / 64, -h / 2, h / 2) for i in range(64)],
        "recip": [_quadratic(lambda x: 1 / x, left, 0, step) for left in lefts],
        "rsqrt": [
            _quadratic(lambda x, scale=scale: 1 / math.sqrt(scale * x), left, 0, step)
            for scale in (1, 2)
            for left in lefts
        ],
        "tail": [_quadratic(_normal_tail, i / 32, -h, h) for i in range(256)],
    }
    out = {name: fp32.bits(np.array(r).astype(np.float32)) for name, r in rows.items()}
    for table in out.values():
        table.setflags(write=False)
    return out


def _table(name: str, index: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Step (Q)."""
    row = from_bits(tables()[name])[index]
    return add(mul(add(mul(row[..., 2], t), row[..., 1]), t), row[..., 0])


def _grid(x: np.ndarray, magic: np.float32) -> tuple[np.ndarray, np.ndarray]:
    """Round to the grid of `magic` -> (grid index int32, exact residue)."""
    k = add(x, magic)
    index = (fp32.bits(k).astype(np.int64) - int(fp32.bits(magic))).astype(np.int32)
    return index, sub(x, sub(k, magic))


def exp2(x) -> np.ndarray:
    x = fp32.flush(x)
    regular = (x >= -126) & (x < 128)
    k, t = _grid(np.where(regular, x, fp32.ZERO), EXP2_MAGIC)
    y = ldexp(_table("exp2", k & 63, t), k >> 6)
    y = np.where(regular, y, np.where(x >= 128, fp32.INF, fp32.ZERO))
    return np.where(fp32.is_nan(x), fp32.NAN, y)


def _mantissa(x: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(unbiased exponent int32, top seven mantissa bits, exact residue t)."""
    u = fp32.bits(x)
    m = from_bits((u & np.uint32(0x7FFFFF)) | np.uint32(0x3F800000))
    left = from_bits((u & np.uint32(0x7F0000)) | np.uint32(0x3F800000))
    exponent = ((u >> np.uint32(23)) & np.uint32(0xFF)).astype(np.int32) - 127
    return exponent, ((u >> np.uint32(16)) & np.uint32(0x7F)).astype(np.int32), sub(m, left)


def recip(x) -> np.ndarray:
    x = fp32.flush(x)
    exponent, index, t = _mantissa(x)
    y = ldexp(_table("recip", index, t), -exponent)
    y = np.where(x < 0, fp32.neg(y), y)
    y = np.where(x == 0, fp32.INF, np.where(np.isinf(x), fp32.ZERO, y))
    return np.where(fp32.is_nan(x), fp32.NAN, y)


def rsqrt(x) -> np.ndarray:
    x = fp32.flush(x)
    exponent, index, t = _mantissa(x)
    y = ldexp(_table("rsqrt", ((exponent & 1) << 7) | index, t), -(exponent >> 1))
    y = np.where(x == 0, fp32.INF, np.where(np.isinf(x), fp32.ZERO, y))
    return np.where(fp32.is_nan(x) | (x < 0), fp32.NAN, y)


def tail(a) -> np.ndarray:
    a = np.abs(fp32.flush(a))
    regular = a < TAIL_END
    index, t = _grid(np.where(regular, a, fp32.ZERO), TAIL_MAGIC)
    y = np.where(regular, _table("tail", index, t), fp32.ZERO)
    return np.where(fp32.is_nan(a), fp32.NAN, y)


def _logistic_parts(x: np.ndarray, slope) -> tuple[np.ndarray, np.ndarray]:
    """e = exp2(|x| * slope) and recip(1 + e); slope < 0."""
    e = exp2(mul(np.abs(x), slope))
    return e, recip(add(fp32.ONE, e))


def _logistic(x: np.ndarray, slope) -> np.ndarray:
    """1 / (1 + 2^(x * slope))."""
    e, rc = _logistic_parts(x, slope)
    return np.where(x < 0, mul(e, rc), rc)


def sigmoid(x) -> np.ndarray:
    return _logistic(fp32.flush(x), -LOG2E)


def silu(x) -> np.ndarray:
    return mul(x, sigmoid(x))


def gelu(x) -> np.ndarray:
    """erf form: x * P(Z <= x)."""
    x = fp32.flush(x)
    upper = tail(x)
    return mul(x, np.where(x < 0, upper, sub(fp32.ONE, upper)))


def gelu_tanh(x) -> np.ndarray:
    """tanh form, the constants of its logistic function in base 2."""
    x = fp32.flush(x)
    return mul(x, _logistic(x, add(GELU_LINEAR, mul(GELU_CUBIC, mul(x, x)))))


def _odd(x: np.ndarray, magnitude: np.ndarray) -> np.ndarray:
    return np.where(x < 0, fp32.neg(magnitude), magnitude)


def tanh(x) -> np.ndarray:
    x = fp32.flush(x)
    e, rc = _logistic_parts(x, np.float32(-2) * LOG2E)
    return _odd(x, mul(sub(fp32.ONE, e), rc))


def erf(x) -> np.ndarray:
    x = fp32.flush(x)
    return _odd(x, sub(fp32.ONE, mul(np.float32(2), tail(mul(np.abs(x), SQRT2)))))


if __name__ == "__main__":
    from models.transcendental_error import report

    print(report())
