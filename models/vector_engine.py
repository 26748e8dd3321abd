# SPDX-License-Identifier: Apache-2.0
"""Golden of the vector engine: one relocated `ve` command on a stash, a scalar file and a held row.

The chain of a row is that of docs/vector.md, in this order:
    x = A        flushed; elements at or beyond valid(o) are +0 from here on
    scale        x = mul(x, S) | sub(x, S) | add(x, C)
    fn           exp2(mul(x, imm)) | silu(x) | gelu(x) | gelu_tanh(x)
    bin          mul(x, B) | add(x, B) | rope | mul(x, mul(B, S)) | add(mul(x, B), C)
    reduce       sum of x | sum of mul(x, x), x as scale leaves it | max | argmax, over the valid
                 elements | sum of the rows, element by element in ascending o, into one row
    post         applied to the reduced value, stored in the scalar file
    fold         ldexp(x, byte - 127), byte 255 gives NaN
    out          fp32 | MXINT8 | one beat {value, index + imm} | C; elements beyond valid(o) are +0
C is the held row: what the last command with out = OUT_HOLD left, the same for all rows.
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
HELD_BEATS = 64
"""Beats of the held row."""

SCALE_NONE, SCALE_MUL, SCALE_SUB, SCALE_ADD = 0, 1, 2, 3
BIN_NONE, BIN_MUL, BIN_ADD, BIN_ROPE, BIN_GATE, BIN_AFFINE = 0, 1, 2, 3, 4, 5
FN_NONE, FN_EXP2, FN_SILU, FN_GELU, FN_GELU_TANH = 0, 1, 2, 3, 4
REDUCE_NONE, REDUCE_SUM, REDUCE_SQUARES, REDUCE_MAX, REDUCE_ARGMAX, REDUCE_ROWS = 0, 1, 2, 3, 4, 5
POST_NONE, POST_RSQRT, POST_RECIP, POST_MUL = 0, 1, 2, 3
OUT_NONE, OUT_FP32, OUT_MX, OUT_ARGMAX = 0, 1, 2, 3
OUT_HOLD = OUT_ARGMAX
"""The same code: with argmax its beat is stored, without a reduction the row is held."""
TO_SCALARS = (REDUCE_SUM, REDUCE_SQUARES, REDUCE_MAX)
FUNCTIONS = {FN_SILU: transcendental.silu, FN_GELU: transcendental.gelu,
             FN_GELU_TANH: transcendental.gelu_tanh}


@dataclasses.dataclass(frozen=True)
class Plan:
    """Addresses of a checked command, all int64; absent streams have no beats.

    a [outer, inner, beats], b [outer, beats], d [outer, inner, beats] ([1, 1, beats] where rows
    are added up): stash beats.
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
    """What the command writes: n stash beats and m scalars, in row order, and the held row.

    address int64 [n], data uint8 [n, block], exps uint8 [n, 2], scalar_index int64 [m],
    scalar_value float32 [m]; held float32 [whole beats], the first elements of C, or None.
    """

    address: np.ndarray
    data: np.ndarray
    exps: np.ndarray
    scalar_index: np.ndarray
    scalar_value: np.ndarray
    held: np.ndarray | None = None


def holds(c: Command) -> bool:
    """Whether the row becomes C."""
    return c.out == OUT_HOLD and c.reduce != REDUCE_ARGMAX


def uses_held(c: Command) -> bool:
    """Whether C is an operand."""
    return c.scale == SCALE_ADD or c.bin == BIN_AFFINE


def span(c: Command) -> int:
    """Elements that every row of `c` covers."""
    return c.len + (c.outer - 1 if c.causal else 0)


def _reads_own_scalars(c: Command) -> bool:
    """Whether a row may read a scalar that an earlier row wrote."""
    if c.scale not in (SCALE_MUL, SCALE_SUB) or c.reduce not in TO_SCALARS:
        return False
    rows = c.outer * c.inner
    apart = c.s_src >= c.s_dst + rows or c.s_dst >= c.s_src + (rows if c.s_row else c.outer)
    return not apart and not (c.s_src >= c.s_dst and (c.s_row or c.inner == 1))


def check_legal(c: Command, block: int) -> None:
    """Raise IllegalCommand where the fields of `c` name no defined operation."""
    pools, one_row = c.reduce == REDUCE_ROWS, c.outer == c.inner == 1
    rules = {
        "outer, inner and len must be at least 1": c.outer and c.inner and c.len,
        "fn 5 to 7 are reserved": c.fn <= FN_GELU_TANH,
        "bin 6 and 7 are reserved": c.bin <= BIN_AFFINE,
        "reduce 6 and 7 are reserved": c.reduce <= REDUCE_ROWS,
        "fold and bin both need stream B": not (c.fold and c.bin),
        "argmax reduces to the argmax beat": c.reduce != REDUCE_ARGMAX or c.out == OUT_ARGMAX,
        "one row is held, and not reduced": not holds(c) or (one_row and not c.reduce),
        "C is held or used, and used once":
            holds(c) + (c.scale == SCALE_ADD) + (c.bin == BIN_AFFINE) <= 1,
        "C has HELD_BEATS beats":
            not (holds(c) or uses_held(c)) or _beats(span(c), block // 4) <= HELD_BEATS,
        "rows are added up as they are, to fp32": not pools or (
            c.out == OUT_FP32 and c.inner == 1
            and not (c.causal or c.scale or c.fn or c.bin or c.fold)),
        "a row reads a scalar that an earlier row writes": not _reads_own_scalars(c),
    }
    for rule, kept in rules.items():
        if not kept:
            raise IllegalCommand(f"ve: {rule}")


def _beats(elements: int, per_beat: int) -> int:
    return -(-elements // per_beat)


def plan(c: Command, block: int, stash_beats: int) -> Plan:
    """Check the command as the hardware does and lay out its addresses.

    Raises IllegalCommand, AddressError.
    """
    check_legal(c, block)
    lanes, width = block // 4, span(c)
    o, i = np.arange(c.outer)[:, None], np.arange(c.inner)[None, :]
    row = o * c.inner + i
    valid = c.len + (o[:, 0] if c.causal else 0 * o[:, 0])

    def stream(name: str, base: int, outer: int, inner: int, beats: int) -> np.ndarray:
        last = base + o.size * outer - outer + i.size * inner - inner + beats - 1
        if last >= stash_beats:
            raise AddressError(f"ve: {name} reaches stash beat {last} of {stash_beats}")
        return (base + o * outer + i * inner)[..., None] + np.arange(beats)

    def scalars(name: str, base: int, by_row: bool) -> np.ndarray:
        last = base + (c.outer * c.inner if by_row else c.outer) - 1
        if last >= SCALARS:
            raise AddressError(f"ve: {name} reaches scalar {last} of {SCALARS}")
        return base + (row if by_row else o + 0 * i)

    a = stream("a", c.a, c.a_outer, c.a_inner, _beats(width, lanes))
    b = d = source = target = None
    if c.bin or c.fold:
        b = stream("b", c.b, c.b_outer, 0, _beats(width, block if c.fold else lanes))[:, 0]
    if c.reduce == REDUCE_ROWS:
        o, i = o[:1], i[:, :1]
    if c.out and not holds(c):
        per_row = {OUT_FP32: _beats(width, lanes), OUT_MX: _beats(width, block), OUT_ARGMAX: 1}
        d = stream("d", c.d, c.d_outer, c.d_inner, per_row[c.out])
    if c.scale in (SCALE_MUL, SCALE_SUB):
        source = scalars("s_src", c.s_src, bool(c.s_row))
    if c.reduce in TO_SCALARS:
        target = scalars("s_dst", c.s_dst, True)
    return Plan(a, b, d, source, target, valid, width)


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


def _add_rows(x: np.ndarray) -> np.ndarray:
    """[outer, 1, n] -> [1, 1, n], in ascending order from +0."""
    total = np.zeros(x.shape[1:], np.float32)
    for row in x:
        total = fp32.add(total, row)
    return total[None]


def execute(c: Command, data: np.ndarray, scalars: np.ndarray, block: int,
            held: np.ndarray | None = None) -> Effect:
    """Effect of one relocated `ve` command; nothing passed in is changed.

    data uint8 [beats, block], scalars float32 [SCALARS], held float32 [HELD_BEATS * lanes] (for
    commands that use C); the operands' exponents have no part in it. Raises IllegalCommand,
    AddressError (then nothing has happened).
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

    x = mask(fp32.flush(floats(p.a)))
    constant = held[:width] if uses_held(c) else None
    s = None if p.source is None else scalars[p.source][..., None]
    if c.scale == SCALE_MUL:
        x = fp32.mul(x, s)
    elif c.scale == SCALE_SUB:
        x = fp32.sub(x, s)
    elif c.scale == SCALE_ADD:
        x = fp32.add(x, constant)
    squares = mask(fp32.mul(x, x)) if c.reduce == REDUCE_SQUARES else None
    if c.fn == FN_EXP2:
        x = transcendental.exp2(fp32.mul(x, imm))
    elif c.fn:
        x = FUNCTIONS[c.fn](x)
    if c.bin:
        b = mask(floats(p.b)[:, None, :])
        if c.bin == BIN_MUL:
            x = fp32.mul(x, b)
        elif c.bin == BIN_ADD:
            x = fp32.add(x, b)
        elif c.bin == BIN_ROPE:
            x = _rope(mask(x), b)
        elif c.bin == BIN_AFFINE:
            x = fp32.add(fp32.mul(x, b), constant)
        else:
            x = fp32.mul(x, fp32.mul(b, s) if c.scale == SCALE_MUL else b)
    x = mask(x)

    value = None
    if c.reduce == REDUCE_SUM:
        value = reduce.sum_(x, block)
    elif c.reduce == REDUCE_SQUARES:
        value = reduce.sum_(squares, block)
    elif c.reduce in (REDUCE_MAX, REDUCE_ARGMAX):
        candidates = mask(x, -fp32.INF)
        value, index = reduce.max_(candidates), reduce.argmax(candidates)
    elif c.reduce == REDUCE_ROWS:
        x = _add_rows(x)

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
        kept = x.reshape(-1) if holds(c) else None
        return Effect(address, out, out_exps, none, np.zeros(0, np.float32), kept)
    return Effect(address, out, out_exps, p.target.reshape(-1),
                  _post(value, c.post, imm).reshape(-1).astype(np.float32))
