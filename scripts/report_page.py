# SPDX-License-Identifier: Apache-2.0
"""report.html from the values of report.json and the trace: one file that loads nothing else.

The page is scripts/report/page.html (jinja2) with its style and script beside it. Commands go in as
arrays, base64 of little-endian numbers, which timeline.js draws on a canvas.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
import numpy as np

from models.commands import queue_name
from models.compiler import Plan
from scripts import phases
from scripts.activity import AWAKE, IDLE, MACRO0, PARTS, Table
from scripts.phases import PLACES

if TYPE_CHECKING:
    from scripts.sim_report import Seen

FOLDER = Path(__file__).parent / "report"
LANES = {0: "vector", 1: "dma", 2: "move", 3: "send"}
ORDER = (2, 0, 3, 1)      # queues below the macros
MOST = 600_000            # commands on the page; more are drawn together
BUCKETS = 600             # of the overview
NO_LAYER = 255

PLACE_TEXTS = {
    "computing": "macros compute",
    "macros": "macros partly idle",
    "vector": "vector engine",
    "move": "K/V append",
    "gather": "exposed gather",
    "memory": "loads",
    "firmware": "firmware",
    "dispatch": "dispatch latency",
}


def pack(values: np.ndarray, kind: str) -> str:
    """Base64 of the values as numbers of a dtype such as "<u4"."""
    return base64.b64encode(np.ascontiguousarray(values.astype(kind)).tobytes()).decode()


def joined(start: np.ndarray, end: np.ndarray, *keys: np.ndarray, gap: int) -> np.ndarray:
    """Numbers of the intervals that begin a bar, where neighbours of equal keys that are at most
    `gap` apart share one."""
    new = np.ones(len(start), bool)
    new[1:] = start[1:] - end[:-1] > gap
    for key in keys:
        new[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(new)


def bars(start: np.ndarray, end: np.ndarray, operation: np.ndarray, layer: np.ndarray,
         gap: int) -> list[np.ndarray]:
    """Bars of a lane: an engine that takes a command early works on it from the end of the one
    before on."""
    start = np.maximum(start, np.concatenate([[0], end[:-1]]))[: len(end)]
    if gap < 0:
        return [start, end, operation, layer]
    first = joined(start, end, operation, layer, gap=gap)
    last = np.append(first[1:], len(start)) - 1
    return [start[first], end[last], operation[first], layer[first]]


def intervals(held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Begin and end of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], held.astype(np.int8), [0]])))
    return edges[::2], edges[1::2]


def timeline(seen: Seen, plan: Plan) -> dict:
    """What timeline.js draws. Operations behind the table's: firmware, waiting."""
    table, last = seen.table, seen.phases[-1].end
    firmware, waiting = len(table.names), len(table.names) + 1
    count, gap = len(table.start), -1
    while count > MOST:
        gap, count = max(2 * gap, 8), count // 2
    lanes, columns = [], []

    def add(chiplet: int, name: str, bars_: list[np.ndarray]) -> None:
        lanes.append({"chiplet": chiplet, "name": name, "bars": len(bars_[0])})
        columns.append(bars_)

    for c in range(plan.n):
        macros = [MACRO0 + m for m in range(plan.config.n_macros)]
        for queue in [*macros, *ORDER]:
            mine = (table.chiplet == c) & (table.queue == queue)
            add(c, LANES.get(queue) or queue_name(queue).replace("macro", "macro "), bars(
                table.start[mine], table.end[mine], table.operation[mine], table.layer[mine], gap))
        core = (phases.flagged(seen.trace.flags[c], IDLE, last)
                & phases.flagged(seen.trace.flags[c], AWAKE, last))
        waits = seen.where[c] == PLACES.index("gather")
        for name, operation, (start, end) in (("core", firmware, intervals(core)),
                                              ("waits", waiting, intervals(waits))):
            none = np.full(len(start), -1)
            add(c, name, bars(start, end, np.full(len(start), operation), none, gap))
    start, end, operation, layer = (np.concatenate(column) for column in zip(*columns))
    request = seen.phases[0].end
    return {
        "request": request, "last": last, "lanes": lanes,
        "operations": [*table.names, "firmware", "waits for a packet"],
        "part": [*(PARTS.index(p) for p in table.parts), PARTS.index("other"), len(PARTS)],
        "parts": [*PARTS, "waits for a packet"],
        "phases": [[p.name, p.begin, p.end, p.kind] for p in seen.phases],
        "layers": layer_bounds(seen),
        "start": pack(start, "<u4"), "length": pack(end - start, "<u4"),
        "operation": pack(operation, "u1"),
        "layer": pack(np.where(layer < 0, NO_LAYER, np.minimum(layer, NO_LAYER - 1)), "u1"),
        "overview": overview(seen, plan, request, last),
    }


def layer_bounds(seen: Seen) -> list[list[int]]:
    """[first cycle, layer] of each layer in each list, in order of time."""
    table, out = seen.table, []
    for number in range(len(table.kinds)):
        mine = (table.run == number) & (table.layer >= 0)
        for layer in np.unique(table.layer[mine]):
            out.append([int(table.start[mine & (table.layer == layer)].min()), int(layer)])
    return sorted(out)


def spread(start: np.ndarray, end: np.ndarray, amount: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Amounts between edges, each spread evenly over its interval; intervals do not overlap."""
    at = np.stack([start, np.maximum(end, start + 1)], 1).reshape(-1)
    total = np.stack([np.cumsum(amount) - amount, np.cumsum(amount)], 1).reshape(-1)
    return np.diff(np.interp(edges, at, total)) if len(at) else np.zeros(len(edges) - 1)


def overview(seen: Seen, plan: Plan, begin: int, end: int) -> dict:
    """Per bucket: share of the macros that compute, bytes per cycle from memory and over links."""
    table: Table = seen.table
    edges = np.linspace(begin, end, BUCKETS + 1)
    width = (end - begin) / BUCKETS
    macros, links = np.zeros(BUCKETS), np.zeros(BUCKETS)
    for c in range(plan.n):
        for m in range(plan.config.n_macros):
            mine = (table.chiplet == c) & (table.queue == MACRO0 + m)
            start, stop, _, _ = bars(table.start[mine], table.end[mine], table.run[mine],
                                     table.run[mine], -1)
            macros += spread(start, stop, table.work[mine], edges)
        sent = (table.chiplet == c) & (table.peers > 0)
        receivers = np.array([int(p).bit_count() for p in table.peers[sent]], np.int64)
        start, stop, _, _ = bars(table.start[sent], table.end[sent], table.run[sent],
                                 table.run[sent], -1)
        links += spread(start, stop, table.work[sent] * receivers, edges)
    memory = sum(np.diff(np.interp(edges, s[:, 0], s[:, 1] + s[:, 2])) for s in seen.trace.samples)
    scale = plan.block / width
    return {
        "macros": (macros / width / plan.n / plan.config.n_macros).round(4).tolist(),
        "memory": (memory * scale).round(3).tolist(), "links": (links * scale).round(3).tolist(),
    }


# The page


def grouped(values: dict) -> list[dict]:
    """Bars of "where the cycles go": one for each kind of phase, means where there are several."""
    out = []
    several = len(values["sequences"]) > 1
    decoded = "a token of each sequence" if several else "a decoded token"
    for kind, name in (("prefill", "prefill"), ("decode", decoded), ("head", "a head")):
        chosen = [p for p in values["phases"] if p["kind"] == kind]
        if chosen:
            n = len(chosen)
            out.append({
                "name": name, "count": n, "cycles": sum(p["cycles"] for p in chosen) / n,
                "bound": sum(p["macro_bound_cycles"] for p in chosen) / n,
                "under_way": sum(p["gather_under_way"] for p in chosen) / n,
                "where": {k: sum(p["where"][k] for p in chosen) / n for k in PLACES}})
    return out


def number(value: float) -> str:
    """For people: 1,234 or 12.3 or 0.123."""
    if abs(value) >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def size(value: float) -> str:
    """Bytes for people."""
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{number(value)} {unit}"
        value /= 1000
    return f"{number(value)} GB"


def render(values: dict, data: dict) -> str:
    """The page."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True,
        lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters |= {"number": number, "size": size}
    text = json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
    return environment.get_template("page.html").render(
        v=values, groups=grouped(values), places=PLACE_TEXTS, parts=data["parts"], data=text,
        served=[p for p in values["phases"] if p["kind"] != "load"])
