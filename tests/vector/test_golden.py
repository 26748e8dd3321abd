# SPDX-License-Identifier: Apache-2.0
"""The `ve` golden against float64 numpy: every chain, with a bound on the error that follows from
one rounding per fp32 operation and the stated error of each function."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from models import fp32, vector_engine
from models.commands import Command
from models.transcendental_error import EXACT
from tb.vector import stimulus
from tb.vector.mirror import Mirror

HALF = 2.0**-24  # relative error of one rounding
TABLE = 1.2 * 2 * HALF  # of exp2, reciprocal, rsqrt: 1.2 ulp
BUILT = 2e-7  # of silu and gelu, over max(1, |x|)
FN = {vector_engine.FN_EXP2: "exp2", vector_engine.FN_SILU: "silu",
      vector_engine.FN_GELU: "gelu", vector_engine.FN_GELU_TANH: "gelu_tanh"}
BEATS = 1024


class Near:
    """Float64 values and how far the fp32 ones may lie from them."""

    def __init__(self, value: np.ndarray, error: np.ndarray | float = 0.0) -> None:
        self.value = np.asarray(value, np.float64)
        self.error = np.broadcast_to(error, self.value.shape)

    def rounded(self) -> Near:
        return Near(self.value, self.error * (1 + HALF) + HALF * np.abs(self.value))

    def __mul__(self, other: Near) -> Near:
        error = self.error * (np.abs(other.value) + other.error) + np.abs(self.value) * other.error
        return Near(self.value * other.value, error).rounded()

    def __add__(self, other: Near) -> Near:
        return Near(self.value + other.value, self.error + other.error).rounded()

    def apply(self, fn: int) -> Near:
        exact = EXACT[FN[fn]](self.value)
        if fn == vector_engine.FN_EXP2:
            return Near(exact, exact * (self.error * math.log(2) * 1.01 + TABLE))
        return Near(exact, 1.2 * self.error + BUILT * np.maximum(1, np.abs(self.value)))

    def sum(self, axis: int, block: int) -> Near:
        steps = self.value.shape[axis] / block + math.log2(block) + 1
        total = np.abs(self.value).sum(axis)
        return Near(self.value.sum(axis), self.error.sum(axis) * 1.01 + steps * HALF * total)


def rope(x: Near, b: Near) -> Near:
    def lanes(v: Near, first: int) -> Near:
        return Near(v.value[..., first::2], v.error[..., first::2])

    even, odd, cos, sin = lanes(x, 0), lanes(x, 1), lanes(b, 0), lanes(b, 1)
    minus = Near(-sin.value)
    y0, y1 = even * cos + odd * minus, odd * cos + even * sin
    stack = [np.stack([getattr(y0, k), getattr(y1, k)], -1).reshape(x.value.shape)
             for k in ("value", "error")]
    return Near(*stack)


def post(v: Near, kind: int, imm: float) -> Near:
    if kind == vector_engine.POST_MUL:
        return v * Near(np.float64(imm))
    if kind == vector_engine.POST_RSQRT:
        v = v + Near(np.float64(imm))
        y = 1 / np.sqrt(v.value)
        return Near(y, y * (v.error / v.value + TABLE))
    if kind == vector_engine.POST_RECIP:
        y = 1 / v.value
        return Near(y, np.abs(y) * (2 * v.error / np.abs(v.value) + TABLE))
    return v


@np.errstate(all="ignore")
def expected(c: Command, m: Mirror) -> tuple[Near, np.ndarray, Near | None]:
    """Elements [outer, inner, span], the same before fold, and the reduced values [outer, inner]
    of a command."""
    p = vector_engine.plan(c, m.block, BEATS)
    live = (np.arange(p.a.shape[-1] * m.lanes) < p.valid[:, None])[:, None, :]
    imm = float(np.uint32(c.imm).view(np.float32))

    def floats(address: np.ndarray) -> np.ndarray:
        return m.data[address].view(np.float32).reshape(*address.shape[:-1], -1)

    def mask(x: Near) -> Near:
        return Near(np.where(live, x.value, 0), np.where(live, x.error, 0))

    x = mask(Near(floats(p.a)))
    s = None if p.source is None else m.scalars[p.source][..., None]
    held = Near(m.held[: live.shape[-1]])
    if c.scale:
        x = mask([x * Near(s) if c.scale == 1 else x, x + Near(-s) if c.scale == 2 else x,
                  x + held if c.scale == 3 else x][c.scale - 1])
    reduced = None
    if c.reduce == vector_engine.REDUCE_SQUARES:
        reduced = mask(x * x).sum(-1, m.block)
    if c.fn == vector_engine.FN_EXP2:
        x = x * Near(np.float64(imm))
    if c.fn:
        x = mask(x.apply(c.fn))
    if c.bin:
        b = mask(Near(floats(p.b)[:, None]))
        if c.bin == vector_engine.BIN_GATE and c.scale == vector_engine.SCALE_MUL:
            b = b * Near(s)
        x = mask({1: x.__mul__, 2: x.__add__, 3: lambda b: rope(x, b), 4: x.__mul__,
                  5: lambda b: x * b + held}[c.bin](b))
    if c.reduce == vector_engine.REDUCE_SUM:
        reduced = x.sum(-1, m.block)
    elif c.reduce in (vector_engine.REDUCE_MAX, vector_engine.REDUCE_ARGMAX):
        top = np.where(live, x.value, -np.inf).max(-1)
        reduced = Near(top, x.error.max(-1))
    elif c.reduce == vector_engine.REDUCE_ROWS:
        total = np.abs(x.value).sum(0, keepdims=True)
        x = Near(x.value.sum(0, keepdims=True), len(p.a) * HALF * total)
    if c.reduce in vector_engine.TO_SCALARS:
        reduced = post(reduced, c.post, imm)
    before = x.value
    if c.fold:
        byte = m.data[p.b].reshape(len(p.b), 1, -1)[..., : live.shape[-1]]
        power = mask(Near(2.0 ** (byte.astype(np.float64) - 127) + 0 * x.value)).value
        x = Near(x.value * power, x.error * power)
    return x, before, reduced


def close(got: np.ndarray, want: Near) -> None:
    assert (np.abs(got - want.value) <= 1.01 * want.error + 2.0**-126).all()


@pytest.mark.parametrize("block", [16, 64])
def test_every_chain_against_float64(block: int, seed: int) -> None:
    source, numbers = random.Random(seed), np.random.default_rng(seed)
    m = Mirror(block, BEATS)
    m.scalars[:] = numbers.standard_normal(m.scalars.size)
    m.held[:] = numbers.standard_normal(m.held.size)
    for chain in stimulus.CHAINS:
        c = stimulus.command(chain, block, BEATS, source)
        c.values["imm"] = int(fp32.bits(np.float32(source.uniform(0.05, 0.2))))
        m.operands(c, "normal", "normal", numbers)
        if c.fold:  # without overflow
            b = vector_engine.plan(c, block, BEATS).b
            m.data[b] = np.clip(m.data[b], 97, 157)
        want, before, reduced = expected(c, m)
        e = vector_engine.execute(c, m.data, m.scalars, block, m.held)
        got = e.held if e.held is not None else e.data.view(np.float32)
        if c.out == vector_engine.OUT_FP32 or vector_engine.holds(c):
            close(got.reshape(want.value.shape).astype(np.float64), want)
        elif c.out == vector_engine.OUT_MX:
            mx_close(e, want, block)
        elif c.reduce == vector_engine.REDUCE_ARGMAX:
            words = e.data.view(np.uint32).reshape(*reduced.value.shape, -1)
            close(words.view(np.float32)[..., 0].astype(np.float64), reduced)
            index = (words[..., 1].astype(np.int64) - c.imm) % 2**32
            taken = np.take_along_axis(before, index[..., None], -1)[..., 0]
            assert (taken >= reduced.value - 2 * reduced.error).all()
        if e.scalar_value.size:
            known = reduced.error < 1e-3 * np.abs(reduced.value)  # else a pole is near
            got = e.scalar_value.reshape(known.shape).astype(np.float64)
            close(got[known], Near(reduced.value[known], reduced.error[known]))


def mx_close(e: vector_engine.Effect, want: Near, block: int) -> None:
    """Blocks within half a step, or one where the largest magnitude is cut to 127 steps."""
    size = -(-want.value.shape[-1] // block) * block
    pad = [(0, 0), (0, 0), (0, size - want.value.shape[-1])]
    value, error = (np.pad(v, pad).reshape(-1, block) for v in (want.value, want.error))
    step = 2.0 ** (e.exps[:, :1].astype(np.float64) - 133)
    q = e.data.view(np.int8).astype(np.float64)
    room = step * np.where(np.abs(q) == 127, 1, 0.5)
    assert (np.abs(q * step - value) <= room + 1.01 * error + 2.0**-126).all()
    top, far = np.abs(value).max(-1), 1.01 * error.max(-1)
    sure = far < 1e-3 * top
    low, high = (np.floor(np.log2(v[sure])) + 127 for v in (top - far, top + far))
    assert ((low <= e.exps[sure, 0]) & (e.exps[sure, 0] <= high)).all()
    assert (np.abs(q) <= 127).all() and (e.exps[:, 0] == e.exps[:, 1]).all()
