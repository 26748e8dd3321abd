# SPDX-License-Identifier: Apache-2.0
"""Phases of a run, what each needs at least, and where its cycles go."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from models.checkpoint import BertConfig, LlamaConfig
from models.compiler import Plan
from models.compiler.shard import up
from scripts.activity import (
    DMA,
    IDLE,
    MACRO0,
    MOVE,
    SEND,
    VE,
    VECTOR_CYCLES,
    WAITS,
    Table,
    Trace,
)

PLACES = ("computing", "macros", "vector", "move", "gather", "memory", "firmware", "dispatch")
"""Where a cycle of a chiplet goes; the first that applies:

computing: macros compute, a cycle of one of M macros counts 1/M; macros: the rest of the cycles in
which a macro has a command (others have none, first and last beats); vector, move: that engine has
one; gather: SEND has one, or a command waits for a packet; memory: DMA has one; firmware: nothing
is queued; dispatch: commands are on their way or wait for each other.
"""


@dataclasses.dataclass(frozen=True)
class Phase:
    """Cycles begin to end - 1. kind: load, prefill, decode, head. parts: (tokens of the sequence
    before, tokens taken in) per sequence. lists: numbers of the command lists that end in it."""

    name: str
    kind: str
    begin: int
    end: int
    parts: Sequence[tuple[int, int]]
    lists: range

    @property
    def cycles(self) -> int:
        return self.end - self.begin

    @property
    def tokens(self) -> int:
        return sum(count for _, count in self.parts)


def list_ends(table: Table, trace: Trace) -> list[int]:
    """Cycle in which each list has come to its end on all chiplets: nothing is queued any more."""
    ends = []
    for number in range(len(table.kinds)):
        latest = 0
        for c, flags in enumerate(trace.flags):
            mine = table.end[(table.chiplet == c) & (table.run == number)]
            idle = flags[(flags[:, 1] & IDLE > 0), 0]
            at = np.searchsorted(idle, mine.max()) if len(mine) else len(idle)
            if at == len(idle):
                return ends
            latest = max(latest, int(idle[at]))
        ends.append(latest)
    return ends


def turns(prompts: Sequence[int],
          answers: Sequence[int] | None) -> Iterator[tuple[str, str, list[tuple[int, int]]]]:
    """Name, kind and parts of the phases of a batch, in order: prompts one after the other, each
    with the head of its first token, then rounds of a token for each sequence that has one left.

    prompts, answers: tokens of each sequence; answers is None of an encoder, whose sequence is one
    phase with its head list.
    """
    if answers is None:
        yield "sequence", "prefill", [(0, prompts[0])]
        return
    alone = len(prompts) == 1
    whose = ["" if alone else f"sequence {s + 1}: " for s in range(len(prompts))]
    for s, prompt in enumerate(prompts):
        yield f"{whose[s]}prefill", "prefill", [(0, prompt)]
        yield f"{whose[s]}head 1", "head", []
    for r in range(1, max(answers)):
        live = [s for s, answer in enumerate(answers) if answer > r]
        yield f"token {r + 1}", "decode", [(prompts[s] + r - 1, 1) for s in live]
        for s in live:
            yield f"{whose[s]}head {r + 1}", "head", []


def phases(table: Table, trace: Trace, request: int, prompts: Sequence[int],
           answers: Sequence[int] | None) -> list[Phase]:
    """Of a run with one request in cycle `request`, as far as it came; prompts, answers: as of
    `turns`."""
    out = [Phase("load", "load", 0, request, [], range(0))]
    first_list, expected = 0, turns(prompts, answers)
    together = (["step"],) if answers else (["step"], ["head"])
    for number, end in enumerate(list_ends(table, trace)):
        if table.kinds[number] == "load":
            first_list = number + 1
            continue
        if table.kinds[number] == "step" and table.kinds[number + 1 : number + 2] in together:
            continue  # a prompt that takes several lists, an encoder's head
        name, kind, parts = next(expected)
        out.append(Phase(name, kind, out[-1].end, end, parts, range(first_list, number + 1)))
        first_list = number + 1
    return out


# What a phase needs


def useful_macs(model: LlamaConfig | BertConfig, first: int, tokens: int, heads: int) -> int:
    """Multiply-accumulates that `tokens` tokens from position `first` need, and `heads` rows of
    logits: weights by valid rows and columns, and attention over the tokens that a token sees."""
    attention, kv = model.n_heads * model.head_dim, model.n_kv_heads * model.head_dim
    layer = model.dim * (2 * attention + 2 * kv + (3 if model.family.gated else 2) * model.ffn_dim)
    seen = (sum(first + i + 1 for i in range(tokens)) if model.family.causal else tokens * tokens)
    return (model.n_layers * (tokens * layer + 2 * attention * seen)
            + (heads * model.dim * model.vocab if model.family.causal else 0))


def phase_macs(plan: Plan, phase: Phase) -> int:
    """Useful multiply-accumulates of a phase."""
    return (sum(useful_macs(plan.model, *part, 0) for part in phase.parts)
            + useful_macs(plan.model, 0, 0, phase.kind == "head"))


def macro_bound_cycles(plan: Plan, phase: Phase) -> int:
    """Sum over the products with weights of tokens x contraction blocks x column tiles per macro of
    the package, rounded up, x cycles of a vector (docs/architecture.md)."""
    m, macros = plan.model, plan.n * plan.config.n_macros

    def product(depth: int, cols: int) -> int:
        return VECTOR_CYCLES * up(depth, plan.block) * up(up(cols, plan.block), macros)

    if phase.kind == "head":
        return product(m.dim, m.vocab)
    return phase.tokens * m.n_layers * (
        product(m.dim, (m.n_heads + 2 * m.n_kv_heads) * plan.head_pad)
        + product(plan.attention_width, m.dim)
        + product(m.dim, (2 if m.family.gated else 1) * m.ffn_dim)
        + product(m.ffn_dim, m.dim))


def peak(plan: Plan) -> float:
    """Multiply-accumulates of all macros in a cycle."""
    return plan.n * plan.config.n_macros * plan.block**2 / VECTOR_CYCLES


# Where the cycles go


def covered(start: np.ndarray, end: np.ndarray, cycles: int) -> np.ndarray:
    """bool [cycles]: whether a cycle lies in any [start, end)."""
    edge = np.zeros(cycles + 1, np.int32)
    np.add.at(edge, np.clip(start, 0, cycles), 1)
    np.add.at(edge, np.clip(end, 0, cycles), -1)
    return np.cumsum(edge[:-1]) > 0


def flagged(flags: np.ndarray, flag: int, cycles: int) -> np.ndarray:
    """bool [cycles]: whether a flag of a trace is up."""
    up_ = flags[:, 1] & flag > 0
    ends = np.append(flags[1:, 0], cycles)
    return covered(flags[up_, 0], ends[up_], cycles)


def places(table: Table, trace: Trace, chiplet: int, cycles: int) -> np.ndarray:
    """uint8 [cycles]: index into PLACES, with all cycles of macros in "macros"."""
    mine = table.chiplet == chiplet

    def engine(chosen: np.ndarray) -> np.ndarray:
        return covered(table.start[mine & chosen], table.end[mine & chosen], cycles)

    conditions = {
        "macros": engine(table.queue >= MACRO0), "vector": engine(table.queue == VE),
        "move": engine(table.queue == MOVE),
        "gather": engine(table.queue == SEND) | flagged(trace.flags[chiplet], WAITS, cycles),
        "memory": engine(table.queue == DMA),
        "firmware": flagged(trace.flags[chiplet], IDLE, cycles),
    }
    out = np.full(cycles, PLACES.index("dispatch"), np.uint8)
    for name, holds in reversed(conditions.items()):
        out[holds] = PLACES.index(name)
    return out


def underway(table: Table, trace: Trace, chiplet: int, cycles: int) -> np.ndarray:
    """bool [cycles]: whether a packet to the chiplet has been begun by its sender and is not
    complete. Packets of a peer arrive in the order of its sends."""
    out = np.zeros(cycles, bool)
    for (to, peer), arrived in trace.packets.items():
        if to != chiplet:
            continue
        sent = (table.chiplet == peer) & (table.queue == SEND) & (table.peers >> chiplet & 1 > 0)
        start = table.start[sent][: len(arrived)]
        out |= covered(start, arrived[: len(start)], cycles)
    return out


def spent(phase: Phase, table: Table, where: list[np.ndarray], macros: int) -> dict[str, float]:
    """Cycles of a phase by place, mean over chiplets; they add up to the phase's cycles.
    where: `places` of each chiplet."""
    count = np.mean([np.bincount(w[phase.begin : phase.end], minlength=len(PLACES))
                     for w in where], axis=0)
    out = dict(zip(PLACES, count.tolist()))
    mine = (table.queue >= MACRO0) & np.isin(table.run, phase.lists)
    out["computing"] = float(table.work[mine].sum()) / len(where) / macros
    out["macros"] -= out["computing"]
    return out


def by_layer(table: Table, phase: Phase, n_layers: int) -> np.ndarray:
    """Cycles of each layer in a phase [n_layers]: from its first command to the next layer's first
    one, on any chiplet; the last one's to its last command's end."""
    out = np.zeros(n_layers)
    for number in phase.lists:
        mine = (table.run == number) & (table.layer >= 0)
        if not mine.any():
            continue
        first = np.full(n_layers + 1, table.end[mine].max())
        np.minimum.at(first, table.layer[mine], table.start[mine])
        out += np.diff(first)
    return out
