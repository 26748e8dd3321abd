# SPDX-License-Identifier: Apache-2.0
"""Random `ve` commands and operands for the tests of the vector engine."""

from __future__ import annotations

import itertools
import random

import numpy as np

from models import fp32, vector_engine
from models.commands import Command, IllegalCommand, queue_number
from models.errors import AddressError

VALUES = ("normal", "wide", "integers", "grid", "short", "near", "infinite",
          "special")
"""Kinds of operand data, see `floats`."""

STALLS = {"none": (0, 0, 0), "some": (80, 80, 80), "a": (220, 0, 0), "b": (0, 220, 0),
          "d": (0, 0, 230), "all": (200, 200, 200)}
"""Of 256 cycles, in how many the ports A, B, D refuse."""

SPECIAL = np.array([
    0x00000000, 0x80000000, 0x00000001, 0x807FFFFF, 0x00800000, 0x80800000, 0x00800001, 0x7F7FFFFF,
    0xFF7FFFFF, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFC00000, 0x3F800000, 0xBF800000,
    0x3F7FFFFF, 0x3F800001, 0x42FC0000, 0xC2FC0000, 0xC2FC0001, 0x43000000, 0x42FFFFFF, 0x7E800000,
    0x3EFFFFFF, 0x4B800000, 0x34000000, 0xB8000000, 0x40FF8000, 0x40FF7FFF, 0xC0FF8000, 0xC0FF7FFF,
    0xFFC12345,
], np.uint32)
"""Zeros, subnormals, range ends, infinities, NaNs, and the limits of exp2, tail and rounding."""

FIELDS = {"scale": 4, "fn": 5, "bin": 6, "fold": 2, "reduce": 6, "out": 4}
"""Codes of the fields that make up the chain (post apart)."""


def legal(chain: dict[str, int]) -> bool:
    """Whether one short row may go through the chain."""
    try:
        vector_engine.check_legal(Command("ve", 0, {**ONE_ROW, **chain}), 16)
    except IllegalCommand:
        return False
    return True


ONE_ROW = {"outer": 1, "inner": 1, "len": 1}
CHAINS = [chain for codes in itertools.product(*map(range, FIELDS.values()))
          if legal(chain := dict(zip(FIELDS, codes)))]
"""Every legal combination of these."""


def floats(kind: str, count: int, rng: np.random.Generator) -> np.ndarray:
    """`count` float32 of one kind: what a model has, all exponents, small integers (many equal
    values and exact sums), a grid on which quantisation meets ties or nearly so, mantissas of few
    bits (products meet ties), values that differ in one bit or in some low bits, all negative or of
    both signs (maxima and differences of neighbours), ones of both signs, infinities or
    special values among ordinary ones."""
    if kind == "wide":
        return rng.integers(0, 2**32, count, dtype=np.uint32).view(np.float32)
    if kind == "integers":
        return rng.integers(-4, 5, count).astype(np.float32)
    if kind == "ones":
        return rng.choice(np.array([1, -1], np.float32), count)
    if kind == "grid":
        x = (rng.integers(-512, 513, count) / 2.0 ** rng.integers(0, 4)).astype(np.float32)
        moved = rng.integers(0, 13, count).astype(np.uint32)
        return np.where(rng.random(count) < 0.3, fp32.bits(x) ^ (np.uint32(1) << moved),
                        fp32.bits(x)).view(np.float32)
    if kind == "short":
        bits = rng.integers(0, 24, count)
        field = rng.integers(119, 135, count) << 23 | rng.integers(0, 2, count) << 31
        mantissa = (rng.integers(0, 2**23, count) | 1) >> bits << bits
        return (field | mantissa).astype(np.uint32).view(np.float32)
    if kind == "near":
        bases = np.array([1.7, 0.3, 2.9, 5.1], np.float32)
        x = fp32.bits(rng.choice(bases, count, p=(0.4, 0.4, 0.1, 0.1)))
        one = np.uint32(1) << rng.integers(0, 23, count).astype(np.uint32)
        below = rng.integers(0, 2**23, count, dtype=np.uint32) & (one - np.uint32(1))
        x = x ^ np.where(rng.random(count) < 0.5, one, below)
        negative = rng.integers(rng.integers(0, 2), 2, count)
        return (x ^ (negative.astype(np.uint32) << 31)).view(np.float32)
    x = (rng.standard_normal(count) * 4).astype(np.float32)
    if kind == "infinite":
        return np.where(rng.random(count) < 0.2, rng.choice([-np.inf, np.inf], count),
                        x).astype(np.float32)
    if kind == "special":
        chosen = rng.random(count) < 0.3
        x[chosen] = rng.choice(SPECIAL, int(chosen.sum())).view(np.float32)
    return x


def command(chain: dict[str, int], block: int, beats: int, source: random.Random) -> Command:
    """A legal command with this chain, other fields random, within a stash of `beats`: A in its
    first quarter, B in the second, D in the second half or in place of A or B."""
    lanes = block // 4
    probe = Command("ve", 0, {**ONE_ROW, **chain})
    holds, pools = vector_engine.holds(probe), probe.reduce == vector_engine.REDUCE_ROWS
    while True:
        values = dict(chain)
        values["post"] = source.randrange(4)
        values["causal"] = 0 if pools else source.randrange(2)
        values["outer"] = 1 if holds else source.choice([1, 1, 2, 3, 5, lanes + 1])
        values["inner"] = 1 if holds or pools else source.choice([1, 1, 2, 3])
        values["len"] = source.choice([
            source.randint(1, block), source.randint(1, 4 * block), lanes * source.randint(1, 9),
            block * source.randint(1, 3), 1,
            block * source.randint(1, 3) - (values["outer"] - 1) % block,  # ends on a whole block
        ])
        if values["bin"] == vector_engine.BIN_ROPE and source.random() < 0.8:
            values["len"] += values["len"] % 2
        values["imm"] = source.choice([
            int(fp32.bits(np.float32(source.gauss(0, 1)))), 0x3F800000, 0x3727C5AC, 0,
            source.getrandbits(32),
        ])
        values["s_row"] = source.randrange(2)
        values["s_src"], values["s_dst"] = source.randrange(1024), source.randrange(1024)
        for name, width in (("a_outer", 5), ("b_outer", 5), ("d_outer", 5), ("a_inner", 4),
                            ("d_inner", 4)):
            values[name] = source.getrandbits(source.choice((2, width)))
            if source.random() < 0.1:
                values[name] = 1 << source.randrange(10)
        quarter = beats // 4
        values["a"] = source.randrange(quarter)
        values["b"] = quarter + source.randrange(quarter)
        values["d"] = 2 * quarter + source.randrange(2 * quarter)
        span = values["len"] + (values["outer"] - 1 if values["causal"] else 0)
        in_place(values, -(-span // lanes), -(-span // block), source)
        c = Command("ve", queue_number("ve"), values)
        try:
            p = vector_engine.plan(c, block, beats)
        except (IllegalCommand, AddressError, ValueError):
            continue
        if p.a.max() < quarter and (p.b is None or p.b.max() < 2 * quarter):
            return c


def in_place(values: dict[str, int], beats: int, mx_beats: int, source: random.Random) -> None:
    """At times, put D where A or B is: rows of `beats` fp32 beats or `mx_beats` of MX."""
    kind, out, inner = source.randrange(6), values["out"], values["inner"]
    if kind == 0 and out and not (out == vector_engine.OUT_HOLD and not values["reduce"]):
        row = {vector_engine.OUT_FP32: beats, vector_engine.OUT_MX: mx_beats}.get(out, 1)
        values |= {"a_inner": beats, "a_outer": beats * inner, "d": values["a"],
                   "d_inner": row, "d_outer": row * inner}
    elif kind == 1 and out == vector_engine.OUT_FP32 and values["bin"]:
        values |= {"inner": 1, "b_outer": beats, "d": values["b"], "d_outer": beats}


def broken(c: Command, source: random.Random) -> dict[str, Command]:
    """By rule, the command changed so that it breaks that rule (and perhaps others)."""
    pool = {"reduce": 5, "out": 1, "inner": 1, "causal": 0, "scale": 0, "fn": 0, "bin": 0,
            "fold": 0}
    hold = {"reduce": 0, "out": 3, "outer": 1, "inner": 1, "scale": 0, "bin": 0}
    long = source.randint(16 * vector_engine.HELD_BEATS + 1, 0xFFFF)
    changes = {
        "outer": {"outer": 0}, "inner": {"inner": 0}, "len": {"len": 0},
        "bin": {"bin": source.randint(6, 7), "fold": 0}, "fn": {"fn": source.randint(5, 7)},
        "reduce": {"reduce": source.randint(6, 7)},
        "argmax_out": {"reduce": 4, "out": source.randint(0, 2)},
        "hold_reduce": {**hold, "reduce": source.randint(1, 3)},
        "hold_rows": {**hold, "outer": source.randint(2, 9)},
        "hold_inner": {**hold, "inner": source.randint(2, 9)},
        "hold_scale": {**hold, "scale": 3}, "hold_bin": {**hold, "bin": 5},
        "hold_long": {**hold, "len": long},
        "c_twice": {"scale": 3, "bin": 5, "fold": 0},
        "c_long_scale": {"scale": 3, "len": long, "bin": 0, "reduce": 0, "out": 0},
        "c_long_bin": {"scale": 0, "bin": 5, "fold": 0, "len": long, "reduce": 0, "out": 0},
        **{f"pool_{name}": {**pool, name: value} for name, value in {
            "out": source.choice((0, 2, 3)), "inner": 2, "causal": 1,
            "scale": source.randint(1, 3), "fn": source.randint(1, 4),
            "bin": source.randint(1, 5), "fold": 1}.items()},
        "fold_bin": {"fold": 1, "bin": source.randint(1, 5)},
        "scalars": {"scale": 1, "reduce": 1, "out": 0, "s_row": 1, "outer": 3, "inner": 2,
                    "s_src": 7, "s_dst": source.randint(8, 12)},
        "scalars_outer": {"scale": 1, "reduce": 1, "out": 0, "s_row": 0, "outer": 3, "inner": 2,
                          "s_src": 7, "s_dst": source.randint(2, 9)},
        "a_end": {"a": 0xFFFF},
        "b_end": {"b": 0xFFFF, "bin": 0, "fold": 1},
        "d_end": {"d": 0xFFFF, "out": 1, "reduce": 0},
        "s_src_end": {"s_src": 1023, "scale": 1, "outer": 2, "reduce": 0, "out": 1},
        "s_dst_end": {"s_dst": 1023, "scale": 0, "outer": 2, "reduce": 3, "out": 1},
        "a_stride": {"a_outer": 4095, "outer": 4095, "scale": 0, "reduce": 0, "out": 0},
        "d_stride": {"d_inner": 1023, "inner": 255, "out": 2, "reduce": 0, "scale": 0},
    }
    return {rule: Command("ve", c.queue, {**c.values, **v}) for rule, v in changes.items()}


RULES = tuple(broken(Command("ve", 0), random.Random(0)))
