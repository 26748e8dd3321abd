# SPDX-License-Identifier: Apache-2.0
"""Memory contents of a compiled model: quantised shards, tables, embedding, load list."""

from __future__ import annotations

import dataclasses

import numpy as np

from models import fp32, mx, vector
from models.checkpoint import Weights
from models.commands import Command
from models.compiler.plan import RESIDENT, Addresses, Linear, Plan
from models.compiler.program import DMA, Program
from models.compiler.shard import up
from models.image import mx_beats
from models.signature import array_signature, seal

Matrix = tuple[np.ndarray, np.ndarray]  # q int8 [columns, depth'], e uint8 [columns, blocks]


@dataclasses.dataclass(frozen=True)
class Tensor:
    """One `weights` command: tiles of a shard, in order of tile, block, column.

    q int8 [beats, block], e uint8 [beats]. layer: -1 outside the layers.
    """

    macro: int
    set: int
    q: np.ndarray
    e: np.ndarray
    layer: int = -1

    def signature(self) -> int:
        pair = np.repeat(self.e[:, None], 2, axis=1)
        return array_signature(np.arange(len(self.q)), self.q.view(np.uint8), pair)


def _quantized(w: np.ndarray, block: int) -> Matrix:
    return mx.quantize(w, 8, block)


def _columns(matrix: Matrix, rows: np.ndarray) -> Matrix:
    """Chosen rows of the weight as columns; -1 gives zeros with exponent byte 0."""
    q, e = matrix[0][rows], matrix[1][rows]
    q[rows < 0], e[rows < 0] = 0, 0
    return q, e


def tensors(linear: Linear, matrix: Matrix, chiplet: int, block: int) -> list[Tensor]:
    """The shards of a matrix on a chiplet; tiles are filled up with zero columns."""
    q, e = _columns(matrix, linear.columns[chiplet])
    blocks = up(linear.depth, block)
    out = []
    for s in linear.shards[chiplet]:
        tiles = up(s.cols, block)
        tq = np.zeros((tiles * block, blocks * block), np.int8)
        te = np.zeros((tiles * block, blocks), np.uint8)
        tq[: s.cols], te[: s.cols] = (a[s.column : s.column + s.cols] for a in (q, e))
        tq = tq.reshape(tiles, block, blocks, block).swapaxes(1, 2).reshape(-1, block)
        te = te.reshape(tiles, block, blocks).swapaxes(1, 2).reshape(-1)
        out.append(Tensor(s.macro, s.set, np.ascontiguousarray(tq), np.ascontiguousarray(te)))
    return out


def all_tensors(plan: Plan, weights: Weights) -> list[list[Tensor]]:
    """Every weight of the model, per chiplet, in the order of the load list."""
    b, m = plan.block, plan.model
    out: list[list[Tensor]] = [[] for _ in range(plan.n)]

    def place(number: int, w: np.ndarray, *linears: Linear) -> None:
        matrix = _quantized(w, b)
        for linear in linears:
            for c in range(plan.n):
                out[c] += [dataclasses.replace(t, layer=number)
                           for t in tensors(linear, matrix, c, b)]

    for i, (layer, w) in enumerate(zip(plan.layers, weights.layers)):
        matrices = w.matrices()
        place(i, matrices["qkv"], layer.qkv)
        wo = np.zeros((m.dim, m.n_heads, plan.head_pad), np.float32)
        wo[..., : m.head_dim] = matrices["wo"].reshape(m.dim, m.n_heads, m.head_dim)
        place(i, wo.reshape(m.dim, -1), layer.wo)
        place(i, matrices["up"], *layer.up)
        place(i, matrices["down"], layer.down)
    if plan.head:
        place(-1, weights.w_out, plan.head)
    if plan.stream:  # those that have to be there for the first list come last
        out = [sorted(mine, key=lambda t: t.layer < RESIDENT) for mine in out]
    return out


def _rows(values: np.ndarray, beats: int, block: int) -> np.ndarray:
    """float32 [rows, n] -> uint8 [rows * beats, block], each row zero-padded to `beats`."""
    out = np.zeros((values.shape[0], beats * block // 4), np.float32)
    out[:, : values.shape[1]] = values
    return out.view(np.uint8).reshape(-1, block)


def tables(plan: Plan, weights: Weights) -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Position rows (RoPE: cos in lane 2i, sin in lane 2i+1; else what is added to the embedding;
    beat 0 of all positions, then beat 1, ...), the norms' gains, each with its beta if it has one,
    and the biases of each chiplet."""
    m, count, b = plan.model, plan.capacity, plan.block
    if plan.family.rope:
        pairs = vector.rope_table(np.arange(count), m.head_dim, m.rope_theta)
        rows = np.stack(pairs, axis=-1).reshape(count, m.head_dim)
    else:
        rows = np.zeros((count, m.dim), np.float32)
        rows[: plan.max_positions] = weights.positions[: plan.max_positions]
    by_beat = _rows(rows, plan.position_beats, b).reshape(count, -1, b).swapaxes(0, 1)
    gains = []
    for gamma, beta in weights.norms:
        gains += [vector.norm_gain(gamma, m.dim)] + ([] if beta is None else [fp32.flush(beta)])
    return (by_beat.reshape(-1, b), _rows(np.stack(gains), plan.x_beats, b),
            _biases(plan, weights))


def _biases(plan: Plan, weights: Weights) -> list[np.ndarray]:
    """Per chiplet the rows from which the products start, zeros where columns are padding."""
    lanes = plan.lanes
    out = [np.zeros((plan.bias_beats, lanes), np.float32) for _ in range(plan.n)]
    for layer, w in zip(plan.layers, weights.layers):
        linears = {"qkv": [layer.qkv], "wo": [layer.wo], "up": layer.up, "down": [layer.down]}
        for name, bias in w.biases().items():
            for linear in linears[name]:
                for c, columns in enumerate(linear.columns):
                    row = np.where(columns < 0, fp32.ZERO, fp32.flush(bias)[columns])
                    out[c].reshape(-1)[linear.bias * lanes :][: len(row)] = row
    return [rows.view(np.uint8).reshape(-1, plan.block) for rows in out]


def embedding(plan: Plan, weights: Weights) -> np.ndarray:
    """Embedding rows in fp32, each with a beat behind it that makes the signature of its load the
    token's number."""
    rows = _rows(fp32.flush(weights.embedding), plan.x_beats, plan.block)
    rows = rows.reshape(-1, plan.x_beats, plan.block)
    offset, none = np.arange(plan.x_beats), np.zeros((plan.x_beats, 2), np.uint8)
    wanted = [token - array_signature(offset, row, none) for token, row in enumerate(rows)]
    seals = seal(plan.x_beats, np.array(wanted, np.int64) & 0xFFFFFFFF, plan.block)
    return np.concatenate([rows, seals[:, None]], axis=1).reshape(-1, plan.block)


def addresses(plan: Plan, held: list[list[Tensor]], weights_at: int) -> Addresses:
    """Where each tensor is in memory."""
    out = {}
    for c, mine in enumerate(held):
        at = weights_at
        for t in mine:
            out[c, t.layer, t.macro, t.set] = at, len(t.q)
            at += len(t.q) + up(len(t.q), plan.block // 2)
    return out


def load_lists(plan: Plan, held: list[list[Tensor]], gains: np.ndarray, gains_at: int,
               weights_at: int) -> tuple[list[bytes], list[np.ndarray], list[int]]:
    """Per chiplet: the load list, the weights section, and the sum of the list's signatures."""
    program = Program(plan.config)
    to = plan.buffers["gains"]
    sections, sums = [], []
    for c, mine in enumerate(held):
        program.add(c, DMA, Command("load", DMA, {
            "mem": gains_at, "stash": to.beat, "rows": 1, "count": len(gains)}))
        total = array_signature(np.arange(len(gains)), gains, np.zeros((len(gains), 2), np.uint8))
        section, at = [], weights_at
        for t in mine:
            program.add(c, DMA, Command("weights", DMA, {
                "mem": at, "set": t.set, "count": len(t.q), "macro": t.macro}))
            section.append(mx_beats(t.q, t.e, plan.block))
            at += len(section[-1])
            total += t.signature()
        sections.append(np.concatenate(section) if section
                        else np.zeros((0, plan.block), np.uint8))
        sums.append(total & 0xFFFFFFFF)
    return program.finish(), sections, sums
