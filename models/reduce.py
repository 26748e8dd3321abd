# SPDX-License-Identifier: Apache-2.0
"""Reductions over the last axis in the one fixed order that every engine uses."""

from __future__ import annotations

import numpy as np

from models import fp32


def sum_(x, block: int = 64) -> np.ndarray:
    """float32 [..., K] -> [...]: `block` partial sums from +0, then a pairwise tree.

    Element i is added to partial sum i mod block in ascending i; then partial l takes partial
    l + block/2, l + block/4, ..., l + 1. Zero padding changes nothing. Block is a power of two.
    """
    x = fp32.flush(x)
    pad = -x.shape[-1] % block
    if pad:
        x = np.concatenate([x, np.zeros((*x.shape[:-1], pad), np.float32)], axis=-1)
    partial = np.zeros((*x.shape[:-1], block), np.float32)
    for start in range(0, x.shape[-1], block):
        partial = fp32.add(partial, x[..., start : start + block])
    half = block // 2
    while half:
        partial = fp32.add(partial[..., :half], partial[..., half:])
        half //= 2
    return partial[..., 0]


def max_(x) -> np.ndarray:
    """float32 [..., K] -> [...]: exact in any order; a NaN anywhere gives NaN."""
    return fp32.flush(np.max(fp32.flush(x), axis=-1))


def argmax(x) -> np.ndarray:
    """float32 [..., K] -> int64 [...]: lowest index of the largest value; the first NaN wins."""
    return np.argmax(fp32.flush(x), axis=-1)
