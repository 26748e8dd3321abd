# SPDX-License-Identifier: Apache-2.0
"""MXINT8 / MXINT4 blocks: one shared power-of-two exponent and BLOCK signed integers.

The shared byte is the largest exponent field in the block (so E = byte - 127 = floor(log2 max|x|),
taken before rounding and never bumped); step = 2^(E - (bits - 2)); q = round_half_even(x / step)
clamped symmetrically. An all-zero block is q = 0 with byte 0; a block with a NaN or an infinity is
q = 0 with byte 255. At block 64 this is d-Matrix's BFP16_64 / BFP12_64.
"""

from __future__ import annotations

import numpy as np

from models import fp32

NONFINITE = 255
"""Exponent byte of a block that held a NaN or an infinity."""

UNIT = 127
"""Exponent byte of E = 0; the byte of every column of a V set."""


def _check(bits: int, block: int) -> None:
    if bits not in (4, 8):
        raise ValueError(f"bits must be 4 or 8, not {bits}")
    if block < 1:
        raise ValueError(f"block must be positive, not {block}")


def quantize(x, bits: int = 8, block: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """float32 [..., K] -> (q int8 [..., K'], e uint8 [..., K'/block]); K is zero-padded to K'.

    Blocks lie on the absolute index grid of the last axis. Raises ValueError on other bit widths.
    """
    _check(bits, block)
    x = fp32.flush(x)
    pad = -x.shape[-1] % block
    if pad:
        x = np.concatenate([x, np.zeros((*x.shape[:-1], pad), np.float32)], axis=-1)
    xb = x.reshape(*x.shape[:-1], -1, block)
    e = ((fp32.bits(xb) >> np.uint32(23)) & np.uint32(0xFF)).max(axis=-1).astype(np.uint8)
    shift = (bits - 2) - (e.astype(np.int32) - 127)
    xb = np.where((e == NONFINITE)[..., None], fp32.ZERO, xb)
    top = 2 ** (bits - 1) - 1
    q = np.clip(np.rint(fp32.ldexp(xb, shift[..., None])), -top, top).astype(np.int8)
    return q.reshape(x.shape), e


def dequantize(q, e, bits: int = 8, block: int = 64) -> np.ndarray:
    """(q [..., K'], e [..., K'/block]) -> float32 [..., K']; byte 255 gives NaN."""
    _check(bits, block)
    q = np.asarray(q)
    qb = fp32.from_int(q.reshape(*q.shape[:-1], -1, block))
    e = np.asarray(e)[..., None]
    x = fp32.ldexp(qb, e.astype(np.int32) - 127 - (bits - 2))
    return np.where(e == NONFINITE, fp32.NAN, x).reshape(q.shape)
