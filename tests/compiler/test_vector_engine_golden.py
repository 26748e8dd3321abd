# SPDX-License-Identifier: Apache-2.0
"""The `ve` golden against models/vector.py, which composes the same primitives independently."""

from __future__ import annotations

import numpy as np
import pytest

from models import fp32, mx, reduce, vector, vector_engine
from models.commands import Command, IllegalCommand
from models.errors import AddressError

BLOCKS = (16, 64)


class Bench:
    """A stash with fp32 rows written into it."""

    def __init__(self, block: int, seed: int) -> None:
        self.block, self.lanes = block, block // 4
        self.rng = np.random.default_rng(seed)
        # Garbage everywhere: what a command may not use must not show.
        self.data = self.rng.integers(0, 256, (2048, block), np.uint8)
        self.scalars = self.rng.standard_normal(1024).astype(np.float32)

    def put(self, beat: int, rows: np.ndarray, stride: int) -> None:
        for i, row in enumerate(rows):
            flat = self.data[beat + i * stride : beat + (i + 1) * stride].reshape(-1)
            flat.view(np.float32)[: len(row)] = row

    def run(self, **values: int) -> vector_engine.Effect:
        c = Command("ve", 0, {"outer": 1, "inner": 1, **values})
        return vector_engine.execute(c, self.data, self.scalars, self.block)

    def random(self, rows: int, n: int) -> np.ndarray:
        return (self.rng.standard_normal((rows, n)) * 3).astype(np.float32)


def floats(effect: vector_engine.Effect, rows: int, n: int) -> np.ndarray:
    """fp32 rows of an effect, after a check that the padding is +0."""
    got = np.ascontiguousarray(effect.data).view(np.float32).reshape(rows, -1)
    assert not fp32.bits(got[:, n:]).any()
    return got[:, :n]


def same(a, b) -> bool:
    return np.array_equal(fp32.bits(a), fp32.bits(b))


def bits(value) -> int:
    return int(np.float32(value).view(np.uint32))


@pytest.mark.parametrize("block", BLOCKS)
def test_norm(block: int, seed: int) -> None:
    b, n, rows = Bench(block, seed), 70, 5
    x, gain = b.random(rows, n), b.random(1, n)
    stride = -(-n // b.lanes)
    b.put(0, x, stride)
    b.put(900, gain, stride)
    e = b.run(a=0, b=900, d=1000, outer=rows, len=n, a_outer=stride, d_outer=9, bin=1, reduce=2,
              post=1, out=2, s_dst=40, imm=bits(1e-3))
    q, exps = mx.quantize(fp32.mul(x, gain), 8, block)
    assert np.array_equal(e.data.view(np.int8).reshape(rows, -1), q)
    assert np.array_equal(e.exps[:, 0].reshape(rows, -1), exps)
    assert np.array_equal(e.exps[:, 0], e.exps[:, 1])
    assert same(e.scalar_value, vector.rms_scale(x, np.float32(1e-3), block)[:, 0])
    assert e.scalar_index.tolist() == list(range(40, 45))
    beats = -(-n // block)
    assert e.address.tolist() == [1000 + 9 * o + k for o in range(rows) for k in range(beats)]


@pytest.mark.parametrize("block", BLOCKS)
def test_rope_of_heads(block: int, seed: int) -> None:
    b, hd, heads, rows = Bench(block, seed), 24, 3, 4
    hb = -(-hd // b.lanes)
    x = b.random(rows * heads, hd)
    cos, sin = vector.rope_table(np.arange(7, 7 + rows), hd, 1e4)
    b.put(0, x, hb)
    b.put(700, np.stack([cos, sin], -1).reshape(rows, hd), hb)
    e = b.run(a=0, b=700, d=1000, outer=rows, inner=heads, len=hd, a_outer=heads * hb, a_inner=hb,
              b_outer=hb, d_outer=heads * hb, d_inner=hb, scale=1, bin=3, out=1, s_src=3)
    scaled = fp32.mul(x.reshape(rows, heads, hd), b.scalars[3 : 3 + rows, None, None])
    want = vector.rope(scaled, cos[:, None], sin[:, None]).reshape(-1, hd)
    assert same(floats(e, rows * heads, hd), want)


@pytest.mark.parametrize("block", BLOCKS)
def test_causal_softmax_with_fold(block: int, seed: int) -> None:
    b, heads, rows, before = Bench(block, seed), 2, 5, 2 * block - 3
    span = before + rows
    sb = -(-span // b.lanes)
    s = b.random(rows * heads, span)
    ev = b.rng.integers(100, 140, span).astype(np.uint8)
    ev[before + 1] = 255
    b.put(0, s, sb)
    vector_beats = -(-span // block)
    b.data[600 : 600 + vector_beats].reshape(-1)[:span] = ev
    shape = dict(a=0, outer=rows, inner=heads, len=before + 1, causal=1, a_outer=heads * sb,
                 a_inner=sb, s_row=1)
    top = b.run(**shape, reduce=3, s_dst=100)
    allowed = np.arange(span) <= before + np.arange(rows)[:, None, None]
    s = s.reshape(rows, heads, span)
    m = vector.softmax_max(s, allowed)
    assert same(top.scalar_value.reshape(m.shape), m) and not len(top.address)
    b.scalars[top.scalar_index] = top.scalar_value
    e = b.run(**shape, scale=2, s_src=100, fn=1, imm=bits(0.3), reduce=1, post=2, s_dst=200,
              fold=1, b=600, d=1000, d_outer=heads * vector_beats, d_inner=vector_beats, out=2)
    weights = vector.softmax_exp(s, m, np.float32(0.3), allowed)
    assert same(e.scalar_value.reshape(m.shape), vector.softmax_scale(weights, block))
    q, exps = mx.quantize(vector.fold(weights, ev, allowed), 8, block)
    assert np.array_equal(e.data.view(np.int8), q.reshape(-1, block))
    assert np.array_equal(e.exps[:, 0], exps.reshape(-1))
    nan = exps.reshape(rows, heads, -1) == 255
    assert nan[1:].any() and not nan[0].any()  # a masked 255 harms nobody


@pytest.mark.parametrize("block", BLOCKS)
def test_gate(block: int, seed: int) -> None:
    b, n, rows = Bench(block, seed), 44, 3
    stride = -(-n // b.lanes)
    gate, up = b.random(rows, n), b.random(rows, n)
    b.put(0, gate, stride)
    b.put(300, up, stride)
    e = b.run(a=0, b=300, d=1000, outer=rows, len=n, a_outer=stride, b_outer=stride,
              d_outer=stride, scale=1, s_src=8, fn=2, bin=4, out=1)
    r = b.scalars[8 : 8 + rows, None]
    assert same(floats(e, rows, n), vector.silu_mul(fp32.mul(gate, r), fp32.mul(up, r)))


@pytest.mark.parametrize("block", BLOCKS)
def test_residual_in_place(block: int, seed: int) -> None:
    b, n, rows = Bench(block, seed), 37, 4
    stride = -(-n // b.lanes)
    x, y = b.random(rows, n), b.random(rows, n)
    b.put(0, x, stride)
    b.put(300, y, stride)
    e = b.run(a=0, b=300, d=0, outer=rows, len=n, a_outer=stride, b_outer=stride, d_outer=stride,
              bin=2, out=1)
    assert same(floats(e, rows, n), fp32.add(x, y))


@pytest.mark.parametrize("block", BLOCKS)
def test_argmax(block: int, seed: int) -> None:
    b, n, rows = Bench(block, seed), 50, 4
    stride = -(-n // b.lanes)
    x = b.random(rows, n)
    x[1, [20, 30]] = 50  # the lower index wins
    x[2] = -np.inf
    x[3, 17] = np.nan  # a NaN wins
    b.put(0, x, stride)
    e = b.run(a=0, d=500, outer=rows, len=n, a_outer=stride, d_outer=1, reduce=4, out=3, imm=1000)
    words = e.data.view(np.uint32)
    assert words[:, 1].tolist() == [1000 + int(np.argmax(x[0])), 1020, 1000, 1017]
    assert same(words[:, 0].view(np.float32), reduce.max_(x))
    assert not words[:, 2:].any()


def test_inputs_are_flushed(seed: int) -> None:
    b = Bench(16, seed)
    b.put(0, fp32.from_bits([[0x80000000, 0x00000001, 0xFFC12345, 0x3F800000]]), 1)
    e = b.run(a=0, d=1, len=4, out=1)
    assert e.data.view(np.uint32).tolist() == [[0, 0, 0x7FC00000, 0x3F800000]]


@pytest.mark.parametrize("fields", [
    dict(outer=0), dict(inner=0), dict(len=0), dict(fn=5), dict(bin=6), dict(reduce=6),
    dict(fold=1, bin=1), dict(reduce=4, out=1), dict(scale=3, bin=5), dict(scale=3, len=257),
    dict(bin=5, len=257), dict(out=3, len=257), dict(out=3, outer=2), dict(out=3, reduce=1),
    dict(out=3, scale=3), dict(reduce=5), dict(reduce=5, out=2), dict(reduce=5, out=1, inner=2),
    dict(reduce=5, out=1, causal=1), dict(reduce=5, out=1, scale=1), dict(reduce=5, out=1, fn=1),
])
def test_illegal(fields: dict, seed: int) -> None:
    with pytest.raises(IllegalCommand):
        Bench(16, seed).run(**{"len": 4, **fields})


@pytest.mark.parametrize("fields", [
    dict(a=2047, len=5), dict(b=2048, bin=1), dict(d=2047, out=1, len=5), dict(d=2048, out=2),
    dict(a=2, outer=3, a_outer=1023), dict(inner=2, a_inner=1023, a=1025),
    dict(scale=1, s_src=1023, outer=2), dict(reduce=1, s_dst=1023, inner=2),
    dict(causal=1, outer=4095, len=4100),
])
def test_beyond_the_end(fields: dict, seed: int) -> None:
    with pytest.raises(AddressError):
        Bench(16, seed).run(**{"len": 4, **fields})


def test_last_beats_are_usable(seed: int) -> None:
    b = Bench(16, seed)
    b.run(a=2047, b=2047, d=2047, len=4, bin=1, out=1, scale=1, s_src=1023)
