# SPDX-License-Identifier: Apache-2.0
"""Functional coverage of the vector engine: what random commands have to reach."""

from __future__ import annotations

from models import vector_engine
from models.commands import Command
from tb.common.coverage import Coverage
from tb.vector import stimulus

RESETS = (1, 2, 3, 4, 10, 30, 100, 300)
"""Cycles from the acceptance of a command to a reset."""


def chain_name(chain: dict[str, int]) -> str:
    return "".join(str(chain[name]) for name in stimulus.FIELDS)


def define(block: int) -> Coverage:
    """The store for one BLOCK; `sample` fills it."""
    lanes = block // 4
    cov = Coverage(f"vector_{block}")
    cov.point("chain", [chain_name(chain) for chain in stimulus.CHAINS])
    for name, codes in {**stimulus.FIELDS, "post": 4, "s_row": 2, "causal": 2}.items():
        cov.point(name, range(codes))
    cov.point("outer", {"one": [1], "many": range(2, 4096)})
    cov.point("inner", {"one": [1], "many": range(2, 256)})
    cov.point("tail", {"beat": range(1, lanes), "group": range(lanes, block, lanes), "none": [0],
                       "both": range(block)})
    ends = {"block": [0], "beats": range(lanes, block, lanes), "part": range(block)}
    cov.point("first_row", ends)
    cov.point("last_row", ends)
    cov.point("place", ("none", "apart", "over_a", "over_b", "behind"))
    cov.point("b_rows", ("none", "one", "many"))
    cov.point("values", stimulus.VALUES)
    cov.point("stalls", list(stimulus.STALLS))
    cov.point("rule", stimulus.RULES)
    cov.point("reset", RESETS)
    reserved = {(str(r), "3"): "reserved" for r in (1, 2, 3, 5)}
    reserved |= {("4", str(o)): "reserved" for o in range(3)}
    reserved |= {("5", "0"): "reserved", ("5", "2"): "reserved"}
    cov.cross("reduce_out", ["reduce", "out"], exclude=reserved)
    cov.cross("reduce_post", ["reduce", "post"])
    cov.cross("out_values", ["out", "values"])
    for name in ("scale", "fn", "bin", "fold", "reduce", "out"):
        cov.cross(f"{name}_tail", [name, "tail"])
        cov.cross(f"{name}_stalls", [name, "stalls"])
    same = {("0", first, last): "rows are alike" for first in ends for last in ends
            if first != last}
    cov.cross("rows", ["causal", "first_row", "last_row"], exclude=same)
    return cov


def sample(cov: Coverage, c: Command, kind: str, stalls: str) -> None:
    """Count a legal command on operands of a kind, under stalls of a kind."""
    block = int(cov.name.rpartition("_")[2])
    chain = {name: getattr(c, name) for name in stimulus.FIELDS}
    last = c.len + (c.outer - 1 if c.causal else 0)
    b_rows = "none" if not (c.bin or c.fold) else "many" if c.b_outer and c.outer > 1 else "one"
    cov.sample(
        chain=chain_name(chain), **chain, post=c.post, s_row=c.s_row, causal=c.causal,
        outer=c.outer, inner=c.inner, tail=c.len % block, first_row=c.len % block,
        last_row=last % block, place=place(c), b_rows=b_rows, values=kind, stalls=stalls)


def place(c: Command) -> str:
    """How the destination lies to the operands."""
    if not c.out or vector_engine.holds(c):
        return "none"
    if c.d == c.a:
        return "over_a" if c.out == vector_engine.OUT_FP32 else "behind"
    return "over_b" if c.d == c.b and c.bin else "apart"
