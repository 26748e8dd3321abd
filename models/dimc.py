# SPDX-License-Identifier: Apache-2.0
"""The DIMC dot product with block-scaled accumulation.

For each block of the contraction, in ascending order:
    d   = sum over the block of qx * qw                         exact integer, |d| < 2^20
    c   = ldexp(float32(d), Ex - (bx - 2) + Ew - (bw - 2))      d = 0 gives +0
    c   = NaN if the exponent byte of either operand is 255     (checked before the d = 0 rule)
    acc = acc + c                                               fp32 with flush, from +0 or `acc`
with E = exponent byte - 127.
"""

from __future__ import annotations

import numpy as np

from models import fp32, mx


def scaled(q, e, bits: int, block: int) -> np.ndarray:
    """MX operand -> float32 [rows, blocks, block] of q * 2^(E - (bits - 2)); see `matmul_scaled`."""
    q = np.asarray(q)
    return mx.dequantize(q, e, bits, block).reshape(q.shape[0], -1, block)


def _steps(e: np.ndarray, bits: int) -> tuple[int, int]:
    """Smallest and largest log2(step) over the blocks that are not byte 0 (which hold only zeros)."""
    live = np.asarray(e)[np.asarray(e) != 0].astype(np.int32)
    if live.size == 0:
        return 0, 0
    return int(live.min()) - 127 - (bits - 2), int(live.max()) - 127 - (bits - 2)


def in_range(ex, ew, x_bits: int = 8, w_bits: int = 8) -> bool:
    """True where no contribution can leave the normal fp32 range, so `matmul_scaled` is exact."""
    (xlo, xhi), (wlo, whi) = _steps(ex, x_bits), _steps(ew, w_bits)
    top = x_bits + w_bits + 20  # |d| < 2^(bx - 1 + bw - 1 + 6), and 2^16 blocks in one sum
    if mx.NONFINITE in (xhi + 127 + x_bits - 2, whi + 127 + w_bits - 2):
        return False
    return min(xlo, wlo, xlo + wlo) >= -126 and max(xhi, whi, xhi + whi) + top < 128


def matmul_scaled(xs: np.ndarray, ws: np.ndarray) -> np.ndarray:
    """The same result from operands of `scaled`, one float32 matrix product per block.

    Only valid where `in_range` holds: every product is then an integer below 2^14 times one power
    of two, so partial sums in any order are exact; sums of blocks are multiples of that power, so
    nothing can be flushed.
    """
    acc = np.zeros((xs.shape[0], ws.shape[0]), np.float32)
    for b in range(xs.shape[1]):
        acc += xs[:, b] @ ws[:, b].T
    return acc


def matmul(qx, ex, qw, ew, *, block: int, x_bits: int = 8, w_bits: int = 8, acc=None) -> np.ndarray:
    """qx [T,K'], ex [T,K'/block], qw [N,K'], ew [N,K'/block] -> float32 [T,N].

    `acc`, float32 [T,N], is the value accumulated onto; +0 without. Raises ValueError on shapes
    that do not agree.
    """
    qx, ex, qw, ew = (np.asarray(a) for a in (qx, ex, qw, ew))
    blocks = qx.shape[1] // block
    if qx.shape[1] != qw.shape[1] or qx.shape[1] % block:
        raise ValueError(f"contractions {qx.shape[1]} and {qw.shape[1]} do not fit block {block}")
    if ex.shape != (qx.shape[0], blocks) or ew.shape != (qw.shape[0], blocks):
        raise ValueError(f"exponents {ex.shape}, {ew.shape} do not fit {qx.shape}, {qw.shape}")
    if acc is None and in_range(ex, ew, x_bits, w_bits):
        return matmul_scaled(scaled(qx, ex, x_bits, block), scaled(qw, ew, w_bits, block))
    out = np.zeros((qx.shape[0], qw.shape[0]), np.float32) if acc is None else fp32.flush(acc)
    fx = qx.reshape(-1, blocks, block).astype(np.float32)
    fw = qw.reshape(-1, blocks, block).astype(np.float32)
    for b in range(blocks):
        bx, bw = ex[:, b, None].astype(np.int32), ew[None, :, b].astype(np.int32)
        c = fp32.ldexp(fx[:, b] @ fw[:, b].T, bx - 127 - (x_bits - 2) + bw - 127 - (w_bits - 2))
        c = np.where((bx == mx.NONFINITE) | (bw == mx.NONFINITE), fp32.NAN, c)
        out = fp32.add(out, c)
    return out
