# SPDX-License-Identifier: Apache-2.0
"""Golden of the vector engine: one relocated `ve` command on a stash and a scalar file.

The chain of a row is that of docs/architecture.md, in this order:
    x = A        flushed; elements at or beyond valid(o) are +0 from here on
    scale        x = mul(x, S) | sub(x, S)
    fn           exp2(mul(x, imm)) | silu(x)
    bin          mul(x, B) | add(x, B) | rope | mul(x, mul(B, S))
    reduce       sum of x | sum of mul(A, A) | max | argmax, over the valid elements
    post         applied to the reduced value, stored in the scalar file
    fold         ldexp(x, byte - 127), byte 255 gives NaN
    out          fp32 | MXINT8 | one beat {value, index + imm}; elements beyond valid(o) are +0
rope, with cos = B[2i] and sin = B[2i+1]:
    y[2i]   = sub(mul(x[2i], cos), mul(x[2i+1], sin))
    y[2i+1] = add(mul(x[2i+1], cos), mul(x[2i], sin))

All operands are read before anything is written, so D may equal A (or B) beat for beat; a command
whose destination overlaps operands in any other way has no defined result in hardware.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from models import fp32, mx, reduce, transcendental
from models.commands import Command, IllegalCommand
from models.errors import AddressError

SCALARS = 1024
"""Entries of the scalar file."""

SCALE_NONE, SCALE_MUL, SCALE_SUB = 0, 1, 2
BIN_NONE, BIN_MUL, BIN_ADD, BIN_ROPE, BIN_GATE = 0, 1, 2, 3, 4
FN_NONE, FN_EXP2, FN_SILU = 0, 1, 2
REDUCE_NONE, REDUCE_SUM, REDUCE_SQUARES, REDUCE_MAX, REDUCE_ARGMAX = 0, 1, 2, 3, 4
POST_NONE, POST_RSQRT, POST_RECIP, POST_MUL = 0, 1, 2, 3
OUT_NONE, OUT_FP32, OUT_MX, OUT_ARGMAX = 0, 1, 2, 3


@dataclasses.dataclass(frozen=True)
class Plan:
    """Addresses of a checked command, all int64; absent streams have no beats.

    a [outer, inner, beats], b [outer, beats], d [outer, inner, beats]: stash beats.
    source [outer, inner], target [outer, inner]: scalar entries (source None without scale).
    valid [outer]: valid elements of each row; span: elements that every row covers.
    """

    a: np.ndarray
    b: np.ndarray | None
    d: np.ndarray | None
    source: np.ndarray | None
    target: np.ndarray | None
    valid: np.ndarray
    span: int


@dataclasses.dataclass(frozen=True)
class Effect:
    """What the command writes: n stash beats and m scalars, in row order.

    address int64 [n], data uint8 [n, block], exps uint8 [n, 2], scalar_index int64 [m],
    scalar_value float32 [m].
    """

    address: np.ndarray
    data: np.ndarray
    exps: np.ndarray
    scalar_index: np.ndarray
    scalar_value: np.ndarray


def _reads_own_scalars(c: Command) -> bool:
    """Whether a row may read a scalar that an earlier row wrote."""
    if not c.scale or c.reduce not in (REDUCE_SUM, REDUCE_SQUARES, REDUCE_MAX):
        return False
    rows = c.outer * c.inner
    apart = c.s_src >= c.s_dst + rows or c.s_dst >= c.s_src + (rows if c.s_row else c.outer)
    return not apart and not (c.s_src >= c.s_dst and (c.s_row or c.inner == 1))


def check_legal(c: Command) -> None:
    """Raise IllegalCommand where the fields of `c` name no defined operation."""
    rules = {
        "outer, inner and len must be at least 1": c.outer and c.inner and c.len,
        "scale 3 is reserved": c.scale <= SCALE_SUB,
        "fn 3 to 7 are reserved": c.fn <= FN_SILU,
        "bin 5 to 7 are reserved": c.bin <= BIN_GATE,
        "reduce 5 to 7 are reserved": c.reduce <= REDUCE_ARGMAX,
        "fold and bin both need stream B": not (c.fold and c.bin),
        "argmax reduces to the argmax beat and nothing else":
            (c.reduce == REDUCE_ARGMAX) == (c.out == OUT_ARGMAX),
        "a row reads a scalar that an earlier row writes": not _reads_own_scalars(c),
    }
    for rule, holds in rules.items():
        if not holds:
            raise IllegalCommand(f"ve: {rule}")


def _beats(elements: int, per_beat: int) -> int:
    return -(-elements // per_beat)


def plan(c: Command, block: int, stash_beats: int) -> Plan:
    """Check the command as the hardware does and lay out its addresses.

    Raises IllegalCommand, AddressError.
    """
    check_legal(c)
    lanes = block // 4
    o, i = np.arange(c.outer)[:, None], np.arange(c.inner)[None, :]
    row = o * c.inner + i
    valid = c.len + (o[:, 0] if c.causal else 0 * o[:, 0])
    span = int(valid[-1])

    def stream(name: str, base: int, outer: int, inner: int, beats: int) -> np.ndarray:
        last = base + (c.outer - 1) * outer + (c.inner - 1) * inner + beats - 1
        if last >= stash_beats:
            raise AddressError(f"ve: {name} reaches stash beat {last} of {stash_beats}")
        return (base + o * outer + i * inner)[..., None] + np.arange(beats)

    def scalars(name: str, base: int, by_row: bool) -> np.ndarray:
        last = base + (c.outer * c.inner if by_row else c.outer) - 1
        if last >= SCALARS:
            raise AddressError(f"ve: {name} reaches scalar {last} of {SCALARS}")
        return base + (row if by_row else o + 0 * i)

    a = stream("a", c.a, c.a_outer, c.a_inner, _beats(span, lanes))
    b = d = source = target = None
    if c.bin or c.fold:
        b = stream("b", c.b, c.b_outer, 0, _beats(span, block if c.fold else lanes))[:, 0]
    if c.out:
        per_row = {OUT_FP32: _beats(span, lanes), OUT_MX: _beats(span, block), OUT_ARGMAX: 1}[c.out]
        d = stream("d", c.d, c.d_outer, c.d_inner, per_row)
    if c.scale:
        source = scalars("s_src", c.s_src, bool(c.s_row))
    if c.reduce in (REDUCE_SUM, REDUCE_SQUARES, REDUCE_MAX):
        target = scalars("s_dst", c.s_dst, True)
    return Plan(a, b, d, source, target, valid, span)


def _rope(x: np.ndarray, b: np.ndarray) -> np.ndarray:
    even, odd, cos, sin = x[..., 0::2], x[..., 1::2], b[..., 0::2], b[..., 1::2]
    y = np.empty_like(x)
    y[..., 0::2] = fp32.sub(fp32.mul(even, cos), fp32.mul(odd, sin))
    y[..., 1::2] = fp32.add(fp32.mul(odd, cos), fp32.mul(even, sin))
    return y


def _post(v: np.ndarray, post: int, imm: np.float32) -> np.ndarray:
    if post == POST_RSQRT:
        return transcendental.rsqrt(fp32.add(v, imm))
    if post == POST_RECIP:
        return transcendental.recip(v)
    return fp32.mul(v, imm) if post == POST_MUL else v


def execute(c: Command, data: np.ndarray, scalars: np.ndarray, block: int) -> Effect:
    """Effect of one relocated `ve` command; nothing passed in is changed.

    data uint8 [beats, block], scalars float32 [SCALARS]; the operands' exponents have no part in
    it. Raises IllegalCommand, AddressError (then nothing has happened).
    """
    p = plan(c, block, data.shape[0])
    lanes = block // 4
    imm = np.uint32(c.imm).view(np.float32)

    def floats(address: np.ndarray) -> np.ndarray:
        return data[address].view(np.float32).reshape(*address.shape[:-1], -1)

    width = p.a.shape[-1] * lanes
    live = (np.arange(width) < p.valid[:, None])[:, None, :]
    full = bool(live.all())

    def mask(x: np.ndarray, other=fp32.ZERO) -> np.ndarray:
        return x if full else np.where(live, x, other)

    a = mask(fp32.flush(floats(p.a)))
    x = a
    s = None if p.source is None else scalars[p.source][..., None]
    if c.scale == SCALE_MUL:
        x = fp32.mul(x, s)
    elif c.scale == SCALE_SUB:
        x = fp32.sub(x, s)
    if c.fn == FN_EXP2:
        x = transcendental.exp2(fp32.mul(x, imm))
    elif c.fn == FN_SILU:
        x = transcendental.silu(x)
    if c.bin:
        b = mask(floats(p.b)[:, None, :])
        if c.bin == BIN_MUL:
            x = fp32.mul(x, b)
        elif c.bin == BIN_ADD:
            x = fp32.add(x, b)
        elif c.bin == BIN_ROPE:
            x = _rope(mask(x), b)
        else:
            x = fp32.mul(x, fp32.mul(b, s) if c.scale == SCALE_MUL else b)
    x = mask(x)

    value = None
    if c.reduce == REDUCE_SUM:
        value = reduce.sum_(x, block)
    elif c.reduce == REDUCE_SQUARES:
        value = reduce.sum_(fp32.mul(a, a), block)
    elif c.reduce in (REDUCE_MAX, REDUCE_ARGMAX):
        candidates = mask(x, -fp32.INF)
        value, index = reduce.max_(candidates), reduce.argmax(candidates)

    if c.fold:
        byte = data[p.b].reshape(p.b.shape[0], 1, -1)[..., :width].astype(np.int32)
        x = mask(np.where(byte == mx.NONFINITE, fp32.NAN, fp32.ldexp(x, byte - mx.UNIT)))

    address, out, out_exps = np.zeros(0, np.int64), np.zeros((0, block), np.uint8), None
    if p.d is not None:
        address = p.d.reshape(-1)
        if c.out == OUT_MX:
            q, e = mx.quantize(x, 8, block)
            out = q.view(np.uint8).reshape(-1, block)
            out_exps = np.repeat(e.reshape(-1, 1), 2, axis=1)
        elif c.out == OUT_FP32:
            out = np.ascontiguousarray(x).view(np.uint8).reshape(-1, block)
        else:
            index = index.reshape(-1)
            beat = np.zeros((index.size, lanes), np.uint32)
            beat[:, 0] = fp32.bits(value).reshape(-1)
            beat[:, 1] = (index + c.imm) & 0xFFFFFFFF
            out = beat.view(np.uint8)
    if out_exps is None:
        out_exps = np.zeros((out.shape[0], 2), np.uint8)

    none = np.zeros(0, np.int64)
    if p.target is None:
        return Effect(address, out, out_exps, none, np.zeros(0, np.float32))
    return Effect(address, out, out_exps, p.target.reshape(-1),
                  _post(value, c.post, imm).reshape(-1).astype(np.float32))
