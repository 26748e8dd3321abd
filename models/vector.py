# SPDX-License-Identifier: Apache-2.0
"""The vector operations of a transformer layer, each in its one order of roundings.

Arrays are float32 with the elements of a row on the last axis; `block` fixes the order of sums.
"""

from __future__ import annotations

import math

import numpy as np

from models import fp32, mx, reduce
from models import transcendental as fn
from models.fp32 import add, mul, sub


def rope_table(positions, head_dim: int, theta: float) -> tuple[np.ndarray, np.ndarray]:
    """positions int [T] -> (cos, sin) float32 [T, head_dim/2], computed in float64."""
    frequency = theta ** (-np.arange(0, head_dim, 2, dtype=np.float64) / head_dim)
    angle = np.asarray(positions, dtype=np.float64)[:, None] * frequency
    return fp32.flush(np.cos(angle)), fp32.flush(np.sin(angle))


def rope(x, cos, sin) -> np.ndarray:
    """Rotate the pairs (2i, 2i+1) of x [..., n] by cos, sin [..., n/2]."""
    a, b = x[..., 0::2], x[..., 1::2]
    even = sub(mul(a, cos), mul(b, sin))
    odd = add(mul(a, sin), mul(b, cos))
    return np.stack([even, odd], axis=-1).reshape(x.shape)


def norm_gain(gamma, dim: int) -> np.ndarray:
    """gamma' = gamma * sqrt(dim), the constant that lets a norm use the plain sum of squares."""
    return fp32.flush((np.asarray(gamma, dtype=np.float64) * math.sqrt(dim)).astype(np.float32))


def norm_epsilon(eps: float, dim: int) -> np.float32:
    """eps * dim, to go with `norm_gain`."""
    return np.float32(eps * dim)


def rms_scale(x, epsilon, block: int) -> np.ndarray:
    """rsqrt(S(x * x) + epsilon) [..., 1]; x * gamma' * this is the RMSNorm of x."""
    return fn.rsqrt(add(reduce.sum_(mul(x, x), block), epsilon))[..., None]


def layer_norm(x, gain, beta, epsilon, block: int) -> np.ndarray:
    """d = x - S(x) * (1/dim);  (d * rsqrt(S(d * d) + epsilon)) * gain + beta."""
    mean = mul(reduce.sum_(x, block), np.float32(1 / x.shape[-1]))[..., None]
    centred = sub(x, mean)
    return add(mul(mul(centred, rms_scale(centred, epsilon, block)), gain), beta)


L2_EPSILON = np.float32(1e-24)


def l2_normalize(x, block: int) -> np.ndarray:
    """x * rsqrt(S(x * x) + 1e-24)."""
    return mul(x, rms_scale(x, L2_EPSILON, block))


def softmax_constant(head_dim: int) -> np.float32:
    """log2(e) / sqrt(head_dim): the scale of the scores and the change to base 2 as one factor."""
    return np.float32(math.log2(math.e) / math.sqrt(head_dim))


def softmax_max(scores, allowed) -> np.ndarray:
    """Maximum over the allowed lanes [..., 1]."""
    return reduce.max_(np.where(allowed, scores, -fp32.INF))[..., None]


def softmax_exp(scores, maximum, constant, allowed) -> np.ndarray:
    """exp2((s - m) * constant); lanes that are not allowed are selected to +0."""
    return np.where(allowed, fn.exp2(mul(sub(scores, maximum), constant)), fp32.ZERO)


def softmax_scale(e, block: int) -> np.ndarray:
    """recip(S(e)) [..., 1], with e on the axis of absolute tokens."""
    return fn.recip(reduce.sum_(e, block))[..., None]


def fold(e, exponent, allowed) -> np.ndarray:
    """p' = e * 2^(Ev - 127) with the exponent byte Ev of each token's V vector (uint8, broadcast).

    Byte 255 gives NaN; lanes that are not allowed are selected to +0 again.
    """
    exponent = np.asarray(exponent)
    p = fp32.ldexp(e, exponent.astype(np.int32) - mx.UNIT)
    p = np.where(exponent == mx.NONFINITE, fp32.NAN, p)
    return np.where(allowed, p, fp32.ZERO)


def silu_mul(gate, up) -> np.ndarray:
    """silu(gate) * up."""
    return mul(fn.silu(gate), up)
