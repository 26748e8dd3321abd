# SPDX-License-Identifier: Apache-2.0
"""An encoder as passes of the vector engine: `ve` commands and exact products, against the bits of
models/bert.py, which knows nothing of commands."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models import bert, fp32, mx, vector_engine
from models.checkpoint import BertConfig, random_biased
from models.commands import Command
from models.dimc import Operand, product
from models.vector_engine import (
    BIN_ADD,
    BIN_AFFINE,
    FN_EXP2,
    FN_GELU,
    OUT_FP32,
    OUT_HOLD,
    OUT_MX,
    POST_MUL,
    POST_RECIP,
    POST_RSQRT,
    REDUCE_MAX,
    REDUCE_ROWS,
    REDUCE_SQUARES,
    REDUCE_SUM,
    SCALE_MUL,
    SCALE_SUB,
)

SHAPES = {
    16: (BertConfig(48, 2, 4, 100, 40, 64, 1e-12), 21),
    64: (BertConfig(96, 1, 3, 200, 40, 128, 1e-12), 70),
}
MEAN, R, TOP, SUMS = 0, 128, 256, 512
"""Entries of the scalar file."""


def bits(value) -> int:
    return int(np.float32(value).view(np.uint32))


@dataclasses.dataclass(frozen=True)
class Tensor:
    """Rows of n elements in the stash, `stride` beats apart."""

    beat: int
    rows: int
    n: int
    stride: int


class Machine:
    """Stash, scalar file and held row, garbage at first, and what runs on them."""

    def __init__(self, block: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.block, self.lanes, self.next = block, block // 4, 0
        self.data = rng.integers(0, 256, (40_000, block), np.uint8)
        self.exps = rng.integers(0, 256, (40_000, 2), np.uint8)
        self.scalars = rng.standard_normal(vector_engine.SCALARS).astype(np.float32)
        self.held = rng.standard_normal(vector_engine.HELD_BEATS * self.lanes).astype(np.float32)

    def tensor(self, rows: int, n: int, per_beat: int) -> Tensor:
        stride = -(-n // per_beat)
        t = Tensor(self.next, rows, n, stride)
        self.next += rows * stride
        return t

    def fp32(self, rows: int, n: int) -> Tensor:
        return self.tensor(rows, n, self.lanes)

    def mx(self, rows: int, n: int) -> Tensor:
        return self.tensor(rows, n, self.block)

    def put(self, values: np.ndarray) -> Tensor:
        """fp32 rows [rows, n] into the stash, as a product would come."""
        t = self.fp32(*values.shape)
        flat = np.zeros((t.rows, t.stride * self.lanes), np.float32)
        flat[:, : t.n] = values
        self.data[t.beat : self.next] = flat.view(np.uint8).reshape(-1, self.block)
        return t

    def get(self, t: Tensor) -> np.ndarray:
        return self.data[t.beat : t.beat + t.rows * t.stride].view(np.float32).reshape(
            t.rows, -1)[:, : t.n]

    def operand(self, t: Tensor) -> Operand:
        beats = slice(t.beat, t.beat + t.rows * t.stride)
        return Operand(self.data[beats].view(np.int8).reshape(t.rows, -1),
                       self.exps[beats, 0].reshape(t.rows, -1), 8, self.block)

    def ve(self, a: Tensor, **fields: int) -> None:
        c = Command("ve", 0, {"a": a.beat, "a_outer": a.stride, "outer": a.rows, "inner": 1,
                              "len": a.n, **fields})
        c.encode()
        e = vector_engine.execute(c, self.data, self.scalars, self.block, self.held)
        self.data[e.address], self.exps[e.address] = e.data, e.exps
        self.scalars[e.scalar_index] = e.scalar_value
        if e.held is not None:
            self.held[: e.held.size] = e.held

    # Passes

    def hold(self, row: np.ndarray) -> None:
        self.ve(self.put(row[None]), out=OUT_HOLD)

    def to(self, d: Tensor, kind: int = OUT_FP32) -> dict[str, int]:
        return {"d": d.beat, "d_outer": d.stride, "out": kind}

    def quantised(self, x: Tensor) -> Tensor:
        q = self.mx(x.rows, x.n)
        self.ve(x, **self.to(q, OUT_MX))
        return q

    def layer_norm(self, x: Tensor, gain: np.ndarray, beta: np.ndarray, eps) -> None:
        """In place; the pass that wrote x left the means."""
        self.ve(x, scale=SCALE_SUB, s_src=MEAN, reduce=REDUCE_SQUARES, post=POST_RSQRT, s_dst=R,
                imm=bits(eps), **self.to(x))
        self.hold(beta)
        self.ve(x, scale=SCALE_MUL, s_src=R, bin=BIN_AFFINE, b=self.put(gain[None]).beat,
                **self.to(x))

    def mean(self, x: Tensor) -> dict[str, int]:
        return {"reduce": REDUCE_SUM, "post": POST_MUL, "imm": bits(1 / x.n), "s_dst": MEAN}

    def linear(self, x: Tensor, model: bert.Model, i: int, name: str) -> Tensor:
        """b + W x, as the macros give it."""
        return self.put(product(self.operand(x), model.products[i][name], model.biases[i][name]))

    def add(self, x: Tensor, y: Tensor) -> None:
        """x += y, and the means of the rows."""
        self.ve(y, bin=BIN_ADD, b=x.beat, b_outer=x.stride, **self.to(x), **self.mean(x))


def heads(m: Machine, y: Tensor, first: int, count: int, hd: int) -> Tensor:
    """Heads first to first + count - 1 of y as MX rows [heads * tokens]."""
    q = m.mx(count * y.rows, hd)
    step = hd // m.lanes
    part = dataclasses.replace(y, beat=y.beat + first * step)
    m.ve(part, outer=count, inner=y.rows, len=hd, a_outer=step, a_inner=y.stride, d=q.beat,
         d_outer=y.rows, d_inner=1, out=OUT_MX)
    return q


def attention(m: Machine, model: bert.Model, i: int, x: Tensor) -> Tensor:
    c, tokens, hd = model.config, x.rows, model.config.head_dim
    y = m.linear(m.quantised(x), model, i, "qkv")
    q, k, v = (heads(m, y, j * c.n_heads, c.n_heads, hd) for j in range(3))

    def of(t: Tensor, head: int) -> Operand:
        return m.operand(Tensor(t.beat + head * tokens, tokens, hd, 1))

    s = m.put(np.concatenate([product(of(q, h), of(k, h)) for h in range(c.n_heads)]))
    p, ev = m.mx(s.rows, tokens), m.tensor(c.n_heads, tokens, m.block)
    for h in range(c.n_heads):
        m.data[ev.beat + h * ev.stride : ev.beat + (h + 1) * ev.stride].reshape(-1)[:tokens] = (
            of(v, h).e[:, 0])
    by_head = {"outer": c.n_heads, "inner": tokens, "a_outer": tokens * s.stride,
               "a_inner": s.stride}
    m.ve(s, **by_head, reduce=REDUCE_MAX, s_dst=TOP)
    m.ve(s, **by_head, scale=SCALE_SUB, s_src=TOP, s_row=1, fn=FN_EXP2, imm=bits(model.c_attn),
         reduce=REDUCE_SUM, post=POST_RECIP, s_dst=SUMS, fold=1, b=ev.beat, b_outer=ev.stride,
         d=p.beat, d_outer=tokens * p.stride, d_inner=p.stride, out=OUT_MX)
    results = []
    for h in range(c.n_heads):
        rows = m.operand(Tensor(p.beat + h * tokens * p.stride, tokens, p.n, p.stride))
        columns = np.zeros((hd, rows.q.shape[-1]), np.int8)
        columns[:, :tokens] = of(v, h).q[:, :hd].T
        unit = np.full((hd, rows.e.shape[-1]), mx.UNIT, np.uint8)
        results.append(product(rows, Operand(columns, unit, 8, m.block)))
    o, wide = m.put(np.concatenate(results)), m.fp32(tokens, c.n_heads * model.head_pad)
    m.ve(o, outer=c.n_heads, inner=tokens, a_outer=tokens * o.stride, a_inner=o.stride,
         scale=SCALE_MUL, s_src=SUMS, s_row=1, d=wide.beat, d_outer=o.stride,
         d_inner=wide.stride, out=OUT_FP32)
    return m.linear(m.quantised(wide), model, i, "wo")


def ffn(m: Machine, model: bert.Model, i: int, x: Tensor) -> Tensor:
    h = m.linear(m.quantised(x), model, i, "up")
    act = m.mx(h.rows, h.n)
    m.ve(h, fn=FN_GELU, **m.to(act, OUT_MX))
    return m.linear(act, model, i, "down")


def pool(m: Machine, x: Tensor) -> Tensor:
    u = m.fp32(1, x.n)
    m.ve(x, reduce=REDUCE_ROWS, **m.to(u))
    m.ve(u, reduce=REDUCE_SQUARES, post=POST_RSQRT, imm=bits(1e-24), s_dst=R)
    m.ve(u, scale=SCALE_MUL, s_src=R, **m.to(u))
    return u


@pytest.mark.parametrize("block", SHAPES)
def test_encoder_as_passes(block: int, seed: int) -> None:
    config, count = SHAPES[block]
    weights = random_biased(config, seed)
    seen = {}
    model = bert.Model(weights, block, trace=lambda name, i, t: seen.update({(name, i): t}))
    tokens = np.random.default_rng(seed).integers(0, config.vocab, count)
    want = model.embed(tokens[None])[0]

    m = Machine(block, seed)

    def expect(name: str, layer: int, t: Tensor) -> None:
        wanted = seen[name, layer][0].reshape(t.rows, t.n)
        assert np.array_equal(fp32.bits(m.get(t)), fp32.bits(wanted)), (name, layer)

    x, y = m.put(model.embedding[tokens]), m.put(model.positions[:count])
    m.ve(x, bin=BIN_ADD, b=y.beat, b_outer=y.stride, **m.to(x), **m.mean(x))
    m.layer_norm(x, *model.norms[0], model.epsilon)
    expect("x", -1, x)
    for i in range(config.n_layers):
        for number, name, part in ((1, "x_attn", attention), (2, "x_ffn", ffn)):
            m.add(x, part(m, model, i, x))
            m.layer_norm(x, *model.norms[2 * i + number], model.epsilon)
            expect(name, i, x)
    u = pool(m, x)
    assert np.array_equal(fp32.bits(m.get(u)[0]), fp32.bits(want))
    assert 0.999 < np.linalg.norm(want.astype(np.float64)) < 1.001
