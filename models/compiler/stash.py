# SPDX-License-Identifier: Apache-2.0
"""Stash and scalar file of a plan: the buffers, where they are, and how many tokens they take.

A step list works on chunks of `chunk` tokens, several of them at different stages at a time. What
a chunk hands from stage to stage has COPIES buffers, which the chunks use in turn: while one reads
a copy the next one writes the other. x and the RoPE rows are there for every token of the list.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from models.compiler.program import Buffer
from models.compiler.shard import Range, up
from models.vector_engine import SCALARS

if TYPE_CHECKING:
    from models.compiler.plan import Plan

CHUNKS = (1, 2, 4, 8)
"""Tokens that a chunk may have."""
ENOUGH, PER_GROUP = 1500, 500
"""Macro cycles of a chunk in a layer from which on its commands' start-up no longer counts: so many
at least, and so many for each attention group of a chiplet, whose commands are its own."""
IN_FLIGHT = 4
"""Chunks that a list should have at least, rather than larger ones."""
COPIES = 2
"""Of what a chunk hands on. Enough for up to two stages, as of two chunks in the same step the one
that is ahead goes first; models/compiler/emit.py checks it."""


class StashError(ValueError):
    """Buffers that do not fit; says how much is needed."""


@dataclasses.dataclass(frozen=True)
class Layout:
    """Where everything is. chunk: tokens of a chunk; chunks: of the longest step list, a power of
    two. buffers: by name, with the rows of all copies. copies: of each buffer and group of scalars.
    scalars: first entry. scalar_rows: entries of a copy. scratch: stash free between lists."""

    chunk: int
    chunks: int
    buffers: dict[str, Buffer]
    copies: dict[str, int]
    scalars: dict[str, int]
    scalar_rows: dict[str, int]
    scratch: Range

    def copy(self, name: str, number: int) -> Buffer:
        """One copy of a buffer, as a buffer of its own."""
        whole, rows = self.buffers[name], self.chunk
        number %= self.copies[name]
        return Buffer(f"{name}.{number}", whole.beat + number * rows * whole.beats, rows,
                      whole.beats)


def choose(plan: Plan) -> Layout:
    """The layout that fits for lists of as many tokens as the plan takes: enough chunks in flight,
    then large ones, then many. Raises StashError."""
    enough = max(ENOUGH, PER_GROUP * max(map(len, plan.layers[0].groups)))
    large = [c for c in CHUNKS[2:] if c * plan.token_cycles >= enough]
    sizes = [(chunk, 1 << i) for chunk in CHUNKS for i in range(8)
             if plan.takes(chunk << i) and chunk <= min(large, default=CHUNKS[-1])]
    failed = None
    for chunk, chunks in sorted(sizes, key=lambda s: (-min(s[1], IN_FLIGHT), -s[0], -s[1])):
        try:
            return lay_out(plan, chunk, chunks)
        except StashError as error:
            failed = error
    raise failed


def lay_out(plan: Plan, chunk: int, chunks: int) -> Layout:
    """Buffers in order of their lives: what outlives a list or is sent to by peers, then what one
    step list uses, whose place the head list takes. Raises StashError."""
    m, b, lanes = plan.model, plan.block, plan.lanes
    buffers: dict[str, Buffer] = {}
    copies: dict[str, int] = {}
    at = 0

    def add(name: str, rows: int, beats: int) -> None:
        nonlocal at
        buffers[name] = Buffer(name, at, rows, beats)
        at += rows * beats

    def per_chunk(name: str, beats: int, number: int = COPIES) -> None:
        copies[name] = min(number, max(chunks, plan.batch))
        add(name, copies[name] * chunk, beats)

    def per_token(name: str, beats: int) -> None:
        add(name, max(chunk * chunks, plan.batch), beats)

    def widest(slices: list[list[Range]], unit: int) -> int:
        return max(up(r.count, unit) for s in slices for r in s)

    add("gains", (2 * m.n_layers + 1) * plan.norm_rows, plan.x_beats)
    add("ev", 1, plan.ev_beats)
    if plan.head:
        add("slots", plan.batch, plan.n)
    per_token("x", plan.x_beats)
    at += 1  # behind an embedding row comes a beat that makes its signature
    per_chunk("attention", up(plan.attention_width, b))
    if plan.head_pad % b:
        per_chunk("attention_fp32", plan.attention_width // lanes)
    per_chunk("hidden", up(m.ffn_dim, b))
    free = at  # from here on nothing is sent to, and nothing outlives its list
    if plan.family.rope:
        per_token("positions", plan.position_beats)
    else:
        per_chunk("positions", plan.position_beats)
    if plan.family.layer_norm and not plan.family.post_norm:
        per_chunk("centred", plan.x_beats)
    columns = [h.count + 2 * kv.count for h, kv in zip(plan.heads, plan.kv_heads)]
    per_chunk("attention_xq", up(m.dim, b))
    per_chunk("qkv", max(columns) * plan.head_beats)
    per_chunk("qk", plan.head_tiles * max(
        h.count + kv.count for h, kv in zip(plan.heads, plan.kv_heads)),
        COPIES if plan.family.causal else chunks)  # all keys come before the first scores
    per_chunk("v", plan.head_tiles * max(kv.count for kv in plan.kv_heads))
    groups = [c for layer in plan.layers[:1] for c in layer.groups]
    for g in range(max(len(c) for c in groups)):
        heads = max(c[g].heads for c in groups if len(c) > g)
        per_chunk(f"scores{g}", heads * plan.score_beats)
        per_chunk(f"p{g}", heads * plan.head_tiles * plan.token_blocks)
        per_chunk(f"o{g}", heads * plan.head_beats)
    per_chunk("attention_y", widest([layer.wo_slices for layer in plan.layers], lanes))
    per_chunk("ffn_xq", up(m.dim, b))
    per_chunk("up", max(sum(plan.up_beats(piece[c]) for piece in layer.hidden)
                        for layer in plan.layers for c in range(plan.n)))
    per_chunk("ffn_y", widest([layer.down_slices for layer in plan.layers], lanes))
    end, at = at, free
    if plan.head:
        add("head_xq", 1, up(m.dim, b))
        add("logits", 1, widest([plan.vocab], lanes))
    else:
        add("pooled", 1, plan.x_beats)
        add("embedding", 1, plan.x_beats)
    end = max(end, at, free + 1)
    if end > plan.config.stash_beats:
        raise StashError(
            f"the stash needs {end} beats for chunks of {chunk} tokens and "
            f"{plan.max_positions} positions, configuration {plan.config.name} has "
            f"{plan.config.stash_beats}")

    heads = max(h.count for h in plan.heads)
    widest_group = max(g.heads for c in groups for g in c)
    scalars, rows, entries = {}, {"max": chunk * widest_group}, 0
    rows |= {"attention_r": chunk, "ffn_r": chunk, "sum": chunk * heads}
    if plan.family.layer_norm:
        rows["mean"] = chunk
    for name, size in rows.items():
        copies[name] = 1 if name == "max" else min(COPIES, max(chunks, plan.batch))
        scalars[name] = entries
        entries += copies[name] * size
    if entries > SCALARS:
        raise StashError(f"the scalar file needs {entries} entries of {SCALARS}")
    header = up(512, b)
    scratch = Range(free, min(plan.config.stash_beats - max(free, header), 1024))
    return Layout(chunk, chunks, buffers, copies, scalars, rows, scratch)
