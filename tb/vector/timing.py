# SPDX-License-Identifier: Apache-2.0
"""Cycles of a `ve` command, as docs/vector.md states them."""

from __future__ import annotations

from models import vector_engine as ve
from models.commands import Command


def cycles(c: Command, block: int, fn_cycles: int = 4) -> int:
    """From acceptance to done, with a stash that never stalls and answers in one cycle."""
    lanes = block // 4
    levels = lanes.bit_length() - 1
    span = c.len + (c.outer - 1 if c.causal else 0)
    beats, rows = -(-span // lanes), c.outer * c.inner
    per_beat = fn_cycles if c.fn else 1
    fn = {ve.FN_NONE: 0, ve.FN_EXP2: 10 + fn_cycles, ve.FN_SILU: 21 + fn_cycles}[c.fn]
    tree = 4 + levels

    interval = beats * per_beat
    if c.reduce:
        interval = max(interval, tree)
    last = 6 + (rows - 1) * interval + (beats - 1) * per_beat  # start of the last beat
    ends = [last + 6 + fn + 2]
    if c.out == ve.OUT_FP32:
        ends.append(last + 6 + fn + 3)
    elif c.out == ve.OUT_MX:
        ends.append(last + 6 + fn + 4 + _quantiser(beats, rows, per_beat))
    if c.reduce:
        reduced = last + (2 if c.reduce == ve.REDUCE_SQUARES else 5 + fn) + tree
        by_table = c.post in (ve.POST_RSQRT, ve.POST_RECIP) and c.reduce != ve.REDUCE_ARGMAX
        ends.append(reduced + (11 if by_table else 3))
    return max(ends)


def _quantiser(beats: int, rows: int, per_beat: int) -> int:
    """Steps from the last beat to the last converted one: a group of four is converted, one beat
    per step, once it is complete and the group before it is done."""
    groups = ([4] * (beats // 4) + ([beats % 4] if beats % 4 else []))[-2:] * min(rows, 2)
    complete = done = 0
    for group in groups:
        complete += group * per_beat
        done = max(done, complete) + group
    return done - complete
