# SPDX-License-Identifier: Apache-2.0
"""What the engines of a package did when, and for what: the lines of tb/package/activity_trace.v
joined with the commands that the golden executed.

    table = activity.join(activity.read(path, config), golden.records, plan)

The golden's records carry the commands, in order within each queue; the trace has their cycles in
the same order. What a command is for is seen from where it writes.
"""

from __future__ import annotations

import collections
import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.commands import Command, queue_number
from models.compiler import Plan
from models.compiler.plan import Linear
from models.compiler.shard import up
from models.config import Config
from models.csim import Record

VE, DMA, MOVE, SEND, MACRO0 = (queue_number(q) for q in ("ve", "dma", "move", "send", "macro0"))
WAITS, IDLE, AWAKE = 1, 2, 4  # flags of a trace
VECTOR_CYCLES = 8             # of a macro: one activation vector with all columns

PARTS = ("projections", "attention", "feed-forward", "norms and sums", "head", "other")
"""What operations belong to."""

# (command, buffer that it writes) -> (name, part)
OPERATIONS = {
    ("mac", "qkv"): ("q, k, v", "projections"),
    ("mac", "attention_y"): ("output projection", "projections"),
    ("mac", "scores"): ("q x K", "attention"),
    ("mac", "o"): ("weights x V", "attention"),
    ("mac", "up"): ("up, with gate", "feed-forward"),
    ("mac", "ffn_y"): ("down", "feed-forward"),
    ("mac", "logits"): ("logits", "head"),
    ("ve", "attention_xq"): ("norm before attention", "norms and sums"),
    ("ve", "ffn_xq"): ("norm before feed-forward", "norms and sums"),
    ("ve", "x"): ("residual sum", "norms and sums"),
    ("ve", "qk"): ("rotate q and k", "attention"),
    ("ve", "v"): ("quantise v", "attention"),
    ("ve", "p"): ("softmax", "attention"),
    ("ve", ""): ("softmax: maximum", "attention"),
    ("ve", "attention"): ("quantise heads", "attention"),
    ("ve", "attention_fp32"): ("normalise heads", "attention"),
    ("ve", "hidden"): ("activation function", "feed-forward"),
    ("ve", "head_xq"): ("final norm", "head"),
    ("ve", "centred"): ("centre a row", "norms and sums"),
    ("ve", "pooled"): ("mean of the tokens", "head"),
    ("ve", "embedding"): ("embedding's length", "head"),
    ("ve", "slots"): ("best logit", "head"),
    ("send", "x"): ("gather x", "norms and sums"),
    ("send", "attention"): ("gather heads", "attention"),
    ("send", "attention_fp32"): ("gather heads", "attention"),
    ("send", "hidden"): ("gather hidden layer", "feed-forward"),
    ("send", "slots"): ("gather best logits", "head"),
    ("send", ""): ("signal", "other"),
    ("column", ""): ("append to K cache", "attention"),
    ("row", ""): ("append to V cache", "attention"),
    ("load", ""): ("check of the image", "other"),
    ("load", "x"): ("embedding", "other"),
    ("load", "positions"): ("table of positions", "other"),
    ("weights", ""): ("weights", "other"),
}
HEAD_BUFFERS = ("head_xq", "logits", "pooled", "embedding")


@dataclasses.dataclass(frozen=True)
class Trace:
    """Arrays of int64. spans: by (chiplet, queue), [n, 2] with the cycles in which the engine took
    and finished each command; packets: by (chiplet, peer), cycles of arrival; flags: per chiplet
    [n, 2] of cycle and flags from then on; samples: per chiplet [n, 4] of cycle, beats read,
    written, replays."""

    spans: dict[tuple[int, int], np.ndarray]
    packets: dict[tuple[int, int], np.ndarray]
    flags: list[np.ndarray]
    samples: list[np.ndarray]


@dataclasses.dataclass(frozen=True)
class Table:
    """Commands that ran, in arrays of equal length, by chiplet and queue, in order.

    start, end: cycles [start, end). run: number of the command list, or of the list that the
    firmware's load came before. layer: -1 where there is none. operation: index into `names` and
    `parts`. work: cycles in which a macro computes; beats sent. peers: mask of receivers.
    kinds: of each list, "load", "step" or "head".
    """

    chiplet: np.ndarray
    queue: np.ndarray
    start: np.ndarray
    end: np.ndarray
    run: np.ndarray
    layer: np.ndarray
    operation: np.ndarray
    work: np.ndarray
    peers: np.ndarray
    names: list[str]
    parts: list[str]
    kinds: list[str]


def read(path: Path, config: Config) -> Trace:
    """The lines of a trace. A last line that is incomplete is left out."""
    spans, packets = collections.defaultdict(list), collections.defaultdict(list)
    flags, samples = ([[] for _ in range(config.n_chiplets)] for _ in range(2))
    with open(path) as file:
        for line in file:
            if not line.endswith("\n"):
                break
            kind, cycle, chiplet, *values = line.split()
            if kind == "c":
                spans[int(chiplet), int(values[0])].append((int(values[1]), int(cycle)))
            elif kind == "p":
                packets[int(chiplet), int(values[0])].append(int(cycle))
            elif kind == "s":
                flags[int(chiplet)].append((int(cycle), int(values[0])))
            else:
                samples[int(chiplet)].append((int(cycle), *map(int, values)))
    return Trace({k: np.array(v) for k, v in spans.items()},
                 {k: np.array(v) for k, v in packets.items()},
                 [np.array(v).reshape(-1, 2) for v in flags],
                 [np.array(v).reshape(-1, 4) for v in samples])


class _Namer:
    """Operations and layers of commands."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.config = plan, plan.config
        self.index: dict[tuple[str, str], int] = {}
        self.buffers: dict[bool, list[str]] = {}
        for head in (False, True):
            names = [""] * plan.config.stash_beats
            first = [b for b in plan.buffers.values() if b.name not in HEAD_BUFFERS]
            last = [b for b in plan.buffers.values() if b.name in HEAD_BUFFERS]
            for b in first + (last if head else []):
                size = b.rows * b.beats
                names[b.beat : b.beat + size] = [re.sub(r"^(scores|p|o)\d+$", r"\1", b.name)] * size
            self.buffers[head] = names
        shape = (plan.n, plan.config.n_macros, plan.config.sets)
        self.layer_of_set = np.full(shape, -1, np.int16)
        for i, layer in enumerate(plan.layers):
            held = [getattr(layer, field.name) for field in dataclasses.fields(layer)]
            for linear in (x for xs in held for x in (xs if isinstance(xs, list) else [xs])):
                for c, shards in enumerate(linear.shards if isinstance(linear, Linear) else []):
                    for s in shards:
                        size = up(s.cols, plan.block) * up(linear.depth, plan.block)
                        self.layer_of_set[c, s.macro, s.set : s.set + size] = i
            size = plan.head_tiles * plan.cache_blocks
            for c, groups in enumerate(layer.groups):
                for g in groups:
                    for first in (g.k_set, g.v_set):
                        self.layer_of_set[c, g.macro, first : first + size] = i

    def operation(self, command: Command, kind: str) -> int:
        """Index of what the command is for, in a list of this kind."""
        if command.name == "load" and kind == "load":
            return self.index.setdefault(("load", ""), len(self.index))
        field = {"mac": "dst", "send": "dst", "load": "stash", "ve": "d"}.get(command.name)
        if field is None or (command.name == "send" and not command.count) or (
                command.name == "ve" and not command.out):
            key = (command.name, "")
        else:
            key = (command.name, self.buffers[kind == "head"][getattr(command, field)])
        return self.index.setdefault(key, len(self.index))

    def layer(self, chiplet: int, command: Command) -> int:
        """Of a command that names weight sets; else -1."""
        if command.name == "mac":
            return int(self.layer_of_set[chiplet, command.queue - MACRO0, command.set])
        if command.name in ("column", "row"):
            return int(self.layer_of_set[chiplet, command.macro, command.set])
        return -1

    def names(self) -> tuple[list[str], list[str]]:
        """Names and parts of the operations seen."""
        found = [OPERATIONS.get(key, (" ".join(key).strip(), "other")) for key in self.index]
        return [name for name, _ in found], [part for _, part in found]


def work(command: Command, block: int) -> int:
    """Cycles in which the command's macro computes, or beats that it sends."""
    if command.name == "mac":
        tiles = up(command.cols, 2 * block if command.int4 else block)
        return VECTOR_CYCLES * command.outer * command.inner * tiles * up(command.depth, block)
    return command.rows * command.count if command.name == "send" else 0


def _runs(records: Sequence[Record]) -> list[list[Command]]:
    """Local commands of a chiplet, cut behind the end of each list."""
    out: list[list[Command]] = [[]]
    for record in records:
        command = record.command
        if command is None:
            continue
        if command.name != "sync":
            out[-1].append(command)
        elif command.notify:
            out.append([])
    return out if out[-1] else out[:-1]


def _kinds(runs: Sequence[Sequence[Sequence[Command]]], namer: _Namer) -> list[str]:
    """Of the lists that every chiplet has run: by the weight sets that are used on any."""
    kinds = []
    for run in zip(*runs):
        layers = [namer.layer(c, command) for c, commands in enumerate(run) for command in commands
                  if command.name == "mac"]
        kinds.append("load" if not layers else "step" if max(layers) >= 0 else "head")
    return kinds


def _layers_by_order(commands: Sequence[Command], operations: Sequence[int], layers: list[int],
                     namer: _Namer) -> None:
    """Fill in layers of vector commands and sends. An operation goes through layers and chunks in
    order, equally often in each (models/compiler/pipeline.py); x is written twice in a layer, in
    order for each chunk. Where the numbers do not come out, layers stay -1."""
    on_x = {n for (_, buffer), n in namer.index.items() if buffer == "x"}
    keys = []
    for operation, c in zip(operations, commands):
        if c.name == "ve" or (c.name == "send" and c.count):
            address = c.a if c.name == "ve" else c.src
            keys.append((operation, address if operation in on_x else 0))
        else:
            keys.append(None)
    count = collections.Counter(keys)
    seen: collections.Counter = collections.Counter()
    for i, key in enumerate(keys):
        each, rest = divmod(count[key], namer.plan.model.n_layers)
        if key and layers[i] < 0 and each and not rest:
            layers[i] = seen[key] // each
        seen[key] += 1


def join(trace: Trace, records: Sequence[Sequence[Record]], plan: Plan) -> Table:
    """The commands that the trace saw, as the golden's records (per chiplet) describe them."""
    namer = _Namer(plan)
    runs = [_runs(posted) for posted in records]
    kinds = _kinds(runs, namer)
    columns: list[np.ndarray] = []
    for c, mine in enumerate(runs):
        queues = collections.defaultdict(list)
        for number, commands in enumerate(mine):
            kind = kinds[number] if number < len(kinds) else ""
            operations = [namer.operation(command, kind) for command in commands]
            layers = [namer.layer(c, command) for command in commands]
            if kind == "step":
                _layers_by_order(commands, operations, layers, namer)
            for command, operation, layer in zip(commands, operations, layers):
                queues[command.queue].append((
                    c, command.queue, number, layer, operation, work(command, plan.block),
                    command.peers if command.name == "send" else 0))
        for queue, rows in sorted(queues.items()):
            spans = trace.spans.get((c, queue), np.zeros((0, 2), np.int64))[: len(rows)]
            columns.append(np.concatenate([np.array(rows[: len(spans)]).reshape(-1, 7), spans], 1))
    chiplet, queue, run, layer, operation, done, peers, start, end = (
        np.concatenate([np.zeros((0, 9), np.int64), *columns]).T)
    names, parts = namer.names()
    return Table(chiplet, queue, start, end, run, layer, operation, done, peers, names, parts,
                 kinds)
