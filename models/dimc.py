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

import dataclasses
import functools

import numpy as np

from models import fp32, mx


@dataclasses.dataclass(frozen=True)
class Operand:
    """An MX matrix: q int8 [..., rows, K'], e uint8 [..., rows, K'/block]."""

    q: np.ndarray
    e: np.ndarray
    bits: int = 8
    block: int = 64

    def __post_init__(self) -> None:
        if self.q.shape[-1] % self.block:
            raise ValueError(f"contraction {self.q.shape[-1]} is no multiple of {self.block}")
        if self.e.shape != (*self.q.shape[:-1], self.q.shape[-1] // self.block):
            raise ValueError(f"exponents {self.e.shape} do not fit {self.q.shape}")

    @classmethod
    def quantized(cls, x, bits: int = 8, block: int = 64) -> Operand:
        """From float32 [..., rows, K]."""
        return cls(*mx.quantize(x, bits, block), bits, block)

    @functools.cached_property
    def step(self) -> np.ndarray:
        """int32, log2 of the value of q = 1: E - (bits - 2)."""
        return self.e.astype(np.int32) - mx.UNIT - (self.bits - 2)

    @functools.cached_property
    def scaled(self) -> np.ndarray:
        """float32 [..., rows, K'], the values."""
        return mx.dequantize(self.q, self.e, self.bits, self.block)

    @functools.cached_property
    def step_range(self) -> tuple[int, int]:
        """Smallest and largest step of the blocks that are not zero. (Quantising gives byte 0 to
        zero blocks only; a command may find any byte.)"""
        live = self.e != 0
        if not live.all():
            live |= self.q.reshape(*self.e.shape, self.block).any(axis=-1)
        live = self.step[live]
        return (int(live.min()), int(live.max())) if live.size else (0, 0)


def start_is_plain(acc: np.ndarray) -> bool:
    """True where start values are 0 or between 2^-103 and 2^100: multiples of 2^-126, so that no
    sum with such multiples is subnormal, and far from infinity."""
    size = np.abs(acc)
    return bool(((size == 0) | ((size >= 2.0**-103) & (size <= 2.0**100))).all())


def _always_normal(x: Operand, w: Operand) -> bool:
    """True where no scaled operand, contribution or sum can leave the normal fp32 range."""
    if (x.e == mx.NONFINITE).any() or (w.e == mx.NONFINITE).any():
        return False
    (xlo, xhi), (wlo, whi) = x.step_range, w.step_range
    top = x.bits + w.bits + 20  # |d| < 2^(bx - 1 + bw - 1 + 6), and 2^16 blocks in one sum
    return min(xlo, wlo, xlo + wlo) >= -126 and max(xhi, whi, xhi + whi) + top < 127


def product(x: Operand, w: Operand, acc=None) -> np.ndarray:
    """x [..., T, K'] with w [..., N, K'] -> float32 [..., T, N], accumulated onto `acc` if given.

    Where everything stays in the normal range, one float32 matrix product of the values per block
    gives the same bits: its terms are integers below 2^14 times one power of two per (row, column),
    so their sum is exact in any order, and nothing can be flushed. Raises ValueError on operands
    that do not agree.
    """
    if x.q.shape[-1] != w.q.shape[-1] or x.block != w.block:
        raise ValueError(f"contractions {x.q.shape}, {w.q.shape} do not agree")
    fast = (acc is None or start_is_plain(acc)) and _always_normal(x, w)
    xv, wv = (x.scaled, w.scaled) if fast else (fp32.from_int(x.q), fp32.from_int(w.q))
    out = fp32.ZERO if acc is None else fp32.flush(acc)
    for b in range(x.q.shape[-1] // x.block):
        part = slice(b * x.block, (b + 1) * x.block)
        d = np.matmul(xv[..., part], np.swapaxes(wv[..., part], -1, -2))
        if fast:
            out = out + d
            continue
        c = fp32.ldexp(d, x.step[..., :, None, b] + w.step[..., None, :, b])
        bad = (x.e[..., :, None, b] == mx.NONFINITE) | (w.e[..., None, :, b] == mx.NONFINITE)
        out = fp32.add(out, np.where(bad, fp32.NAN, c))
    return out


def matmul(qx, ex, qw, ew, *, block: int, x_bits: int = 8, w_bits: int = 8, acc=None) -> np.ndarray:
    """qx [..., T, K'], ex [..., T, K'/block], qw [..., N, K'], ew [..., N, K'/block]
    -> float32 [..., T, N]; see `product`."""
    x = Operand(np.asarray(qx), np.asarray(ex), x_bits, block)
    w = Operand(np.asarray(qw), np.asarray(ew), w_bits, block)
    return product(x, w, acc)
