# SPDX-License-Identifier: Apache-2.0
"""Random legal commands of every opcode, with what each reads and writes.

Fields are drawn over their ranges where they have no effect (strides of one row, streams that
are not read) and as far as stash, sets and memory reach where they have. What docs/chiplet.md
forbids is left out: a command that overwrites what it reads, rows of an accumulating `mac` or an MX
store that overlap, a `mac` that reads results of an earlier one (`Commands.mac_reads_results`),
values that nothing has written.
"""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

import numpy as np

from models import vector_engine
from models.commands import Command, IllegalCommand, formats
from models.compiler.program import DMA, MACRO0, MOVE, SEND, VE, Part
from models.config import Config
from models.errors import AddressError

CORE_BEATS = 16  # of the stash: one per bank, the core's own
EXACT_RUNS = 4   # more separate runs of beats count as everything from the first to the last


@dataclasses.dataclass(frozen=True)
class Layout:
    """Memory beats below `lists` are data: MX groups, then fp32 values, then what is stored."""

    group: int
    lists: int = 2304

    @property
    def fp32(self) -> int:
        return 900 // (self.group + 1) * (self.group + 1)

    @property
    def stores(self) -> int:
        return 1800


def memory_image(layout: Layout, block: int, beats: int, rng: np.random.Generator) -> np.ndarray:
    """uint8 [beats, block]: exponents and values such that most results are finite."""
    data = rng.integers(0, 256, (beats, block), np.uint8)
    at = np.arange(layout.group, layout.fp32, layout.group + 1)
    data[at] = rng.integers(118, 132, (at.size, block), np.uint8)
    odd = at[rng.random(at.size) < 0.1]
    data[odd] = rng.choice(np.array([0, 1, 60, 200, 254, 255], np.uint8), (odd.size, block))
    values = rng.normal(size=(layout.lists - layout.fp32, block // 4)).astype(np.float32)
    values *= np.exp2(rng.integers(-6, 7, values.shape)).astype(np.float32)
    special = rng.random(values.shape) < 0.01
    values[special] = rng.choice(np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-40, 3e38, 1e-38],
                                          np.float32), special.sum())
    data[layout.fp32 : layout.lists] = values.view(np.uint8)
    return data


@dataclasses.dataclass
class Draw:
    """A legal command; parts of stash ("stash") and weight sets ("sets<macro>") that it uses.
    `remote`: of a send, what it writes at the receiver."""

    command: Command
    reads: list[Part] = dataclasses.field(default_factory=list)
    writes: list[Part] = dataclasses.field(default_factory=list)
    remote: list[Part] = dataclasses.field(default_factory=list)


def runs(first: np.ndarray, length: int) -> list[Part]:
    """Stash beats first[i] to first[i] + length - 1."""
    start = np.unique(first)
    if start.size > EXACT_RUNS:
        return [Part("stash", int(start[0]), int(start[-1]) + length)]
    out: list[Part] = []
    for at in start.tolist():
        if out and at <= out[-1].last:
            out[-1] = Part("stash", out[-1].first, at + length)
        else:
            out.append(Part("stash", at, at + length))
    return out


def grid(base: int, *steps: tuple[int, int]) -> np.ndarray:
    out = np.array([base])
    for count, stride in steps:
        out = (out[:, None] + np.arange(count) * stride).reshape(-1)
    return out


def overlap(a: list[Part], b: list[Part]) -> bool:
    return any(p.first < q.last and q.first < p.last for p in a for q in b)


class Commands:
    """Draws the commands of one chiplet."""

    tries = 200
    long_rows = 0.03  # chance of a `mac` over many blocks
    accumulates = 0.3

    def __init__(self, config: Config, r: random.Random, layout: Layout, core_beat: int) -> None:
        self.config, self.r, self.layout = config, r, layout
        self.block, self.lanes = config.block, config.lanes
        self.core = Part("stash", core_beat, core_beat + CORE_BEATS)
        self.scalars = np.zeros(vector_engine.SCALARS, bool)  # written so far
        self.results: dict[int, list[Part]] = {}  # of macs in flight, by queue
        self.makers: dict[str, Callable[[], Draw | None]] = {
            "mac": self._mac, "ve": self._ve, "load": self._load, "store": self._store,
            "weights": self._weights, "column": lambda: self._move("column"),
            "row": lambda: self._move("row"), "send": self._send,
        }

    def draw(self, name: str) -> Draw:
        for _ in range(self.tries):
            if drawn := self.makers[name]():
                values = drawn.command.values
                values["notify"] = int(self.r.random() < 0.1)
                # Without a count the first of a range has no meaning.
                values["wait_first"], values["signal_first"] = self.any(5), self.any(4)
                return drawn
        raise AssertionError(f"no legal {name} in {self.tries} tries")

    def mac_reads_results(self, drawn: Draw) -> bool:
        """Whether this `mac` may read ahead what an earlier one of its queue has still to write: it
        needs a `sync` in front. Takes note of its own results."""
        queue = drawn.command.queue
        before = self.results.get(queue, [])
        activations = [p for p in drawn.reads if p.name == "stash"]
        if drawn.command.accumulate:
            activations = activations[: -len(drawn.writes)]
        hit = overlap(activations, before)
        self.results[queue] = [*([] if hit else before), *drawn.writes]
        return hit

    # Pieces

    def any(self, width: int) -> int:
        return self.r.getrandbits(width)

    def count(self, width: int, usual: tuple[int, ...]) -> int:
        """A number of rows, tiles or steps, in a field of `width` bits."""
        return self.r.choice(usual)

    def stride(self, count: int, width: int, low: int, high: int) -> int:
        """Of `count` steps; one step has no stride, so any value will do."""
        return self.any(width) if count == 1 else self.r.randint(low, high)

    def place(self, extent: int) -> int | None:
        """First beat of `extent` beats of stash beside the core's; at times at its very ends."""
        beats = self.config.stash_beats
        if extent > beats:
            return None
        kind = self.r.random()
        at = 0 if kind < 0.05 else beats - extent if kind < 0.1 else \
            self.r.randint(0, beats - extent)
        return None if at < self.core.last and self.core.first < at + extent else at

    def sets(self, macro: int, values: np.ndarray) -> Part:
        """From the lowest to the highest of these sets: a mac locks those in between as well."""
        return Part(f"sets{macro}", int(values.min()), int(values.max()) + 1)

    def usable(self, *parts: Part) -> bool:
        beats = self.config.stash_beats
        return all(0 <= p.first and p.last <= beats for p in parts) and not overlap(
            list(parts), [self.core])

    # Commands

    def _mac(self) -> Draw | None:
        r, config = self.r, self.config
        macro, int4 = r.randrange(config.n_macros), int(r.random() < 0.3)
        tile, tiles = self.block << int4, self.count(8, (1, 1, 2, 3))
        blocks = r.randint(6, 80) if r.random() >= 1 - self.long_rows else \
            r.choice((1, 1, 2, 3, 5))
        outer, inner = self.count(12, (1, 1, 2, 4)), self.count(8, (1, 1, 2, 3))
        if blocks > 5:
            outer = inner = 1
        cols = r.randint((tiles - 1) * tile + 1, tiles * tile)
        beats = -(-cols // self.lanes)
        v = {
            "cols": cols, "depth": r.randint((blocks - 1) * self.block + 1, blocks * self.block),
            "outer": outer, "inner": inner, "int4": int4,
            "accumulate": int(r.random() < self.accumulates),
            "set": r.randrange(config.sets), "tile_stride": self.stride(tiles, 12, 0, blocks + 3),
            "src_outer": self.stride(outer, 14, 0, 20), "src_inner": self.stride(inner, 8, 0, 9),
            "dst_inner": self.stride(inner, 12, 0, beats + 3),
        }
        v["dst_outer"] = self.stride(outer, 14, 0, inner * (v["dst_inner"] + 3))
        set_ = grid(v["set"], (tiles, v["tile_stride"]), (blocks, 1))
        rows = grid(0, (outer, v["dst_outer"]), (inner, v["dst_inner"]))
        if v["accumulate"] and np.diff(np.sort(rows), append=1 << 20).min() < beats:
            return None
        source = grid(0, (outer, v["src_outer"]), (inner, v["src_inner"]))
        src, dst = self.place(int(source.max()) + blocks), self.place(int(rows.max()) + beats)
        if src is None or dst is None or set_.max() >= config.sets:
            return None
        v["src"], v["dst"] = src, dst
        reads, writes = runs(source + src, blocks), runs(rows + dst, beats)
        if overlap(reads, writes):
            return None
        more = writes if v["accumulate"] else []
        return Draw(Command("mac", MACRO0 + macro, v),
                    [self.sets(macro, set_), *reads, *more], writes)

    def _ve(self) -> Draw | None:
        r = self.r
        reduce = r.choice((0, 0, 1, 2, 3, 4))
        bin_ = r.choice((0, 0, 1, 2, 3, 4))
        outer, inner = r.choice((1, 1, 2, 3, 5)), r.choice((1, 1, 2, 3))
        length = r.choice((1, self.lanes, self.block, r.randint(1, 3 * self.block)))
        v = {
            "scale": r.choice((0, 0, 1, 2)), "bin": bin_, "fn": r.choice((0, 0, 0, 1, 2)),
            "reduce": reduce, "post": self.any(2),
            "out": 3 if reduce == 4 else r.choice((0, 1, 1, 2)),
            "fold": int(bin_ == 0 and r.random() < 0.25), "s_row": self.any(1),
            "causal": int(r.random() < 0.2), "outer": outer, "inner": inner, "len": length,
            "a_outer": self.stride(outer, 12, 0, 30), "b_outer": self.stride(outer, 12, 0, 30),
            "d_outer": self.stride(outer, 12, 0, 60), "a_inner": self.stride(inner, 10, 0, 12),
            "d_inner": self.stride(inner, 10, 0, 20), "a": self.any(16), "b": self.any(16),
            "d": self.any(16), "s_src": self.scalar(outer * inner),
            "s_dst": self.scalar(outer * inner),
            "imm": int(np.float32(r.gauss(0, 2)).view(np.uint32)) if r.random() < 0.95
            else self.any(32),
        }
        span = length + (outer - 1) * v["causal"]
        for name, stream, size, used in (
            ("a", 1, 4, True), ("b", 0, 1 if v["fold"] else 4, bin_ or v["fold"]),
            ("d", 1, 1 if v["out"] == 2 else 4, v["out"]),
        ):
            reach = -(-span * size // self.block) + (outer - 1) * v[f"{name}_outer"]
            reach += (inner - 1) * v[f"{name}_inner"] if stream else 0
            if used:
                at = self.place(reach)
                if at is None:
                    return None
                v[name] = at
        if v["out"] == 1 and r.random() < 0.15:  # in place
            v.update(d=v["a"], d_outer=v["a_outer"], d_inner=v["a_inner"])
        c = Command("ve", VE, v)
        try:
            plan = vector_engine.plan(c, self.block, self.config.stash_beats)
        except (IllegalCommand, AddressError):
            return None
        a = runs(plan.a[..., 0].reshape(-1), plan.a.shape[-1])
        b = [] if plan.b is None else runs(plan.b[..., 0].reshape(-1), plan.b.shape[-1])
        d = [] if plan.d is None else runs(plan.d[..., 0].reshape(-1), plan.d.shape[-1])
        if not self.usable(*a, *b, *d) or overlap(b, d):
            return None
        rows = np.sort(plan.a[..., 0].reshape(-1))
        in_place = v["out"] == 1 and v["d"] == v["a"] and v["d_outer"] == v["a_outer"] and \
            v["d_inner"] == v["a_inner"] and np.diff(rows, append=1 << 20).min() >= plan.a.shape[-1]
        if overlap(a, d) and not in_place:
            return None
        if plan.source is not None and not self.scalars[plan.source].all():
            return None
        if plan.target is not None:
            self.scalars[plan.target] = True
        return Draw(c, [*a, *b], d)

    def scalar(self, count: int) -> int:
        """Mostly one from which `count` are written."""
        written = np.flatnonzero(self.scalars)
        if written.size and self.r.random() < 0.9:
            return self.r.choice(written.tolist()) & 1023
        return self.r.choice((0, vector_engine.SCALARS - min(count, 512), self.any(10)))

    def _rows(self) -> tuple[dict[str, int], int]:
        """Shape of a load or store, and the memory beats of a row."""
        r, group = self.r, self.layout.group
        mx = self.any(1)
        count = self.count(16, (1, 2, group, r.randint(1, 5 * group)))
        return {"rows": self.count(12, (1, 1, 2, 5)), "count": count, "mx": mx}, \
            count + (-(-count // group) if mx else 0)

    def _load(self) -> Draw | None:
        r, lists = self.r, self.layout.lists
        v, length = self._rows()
        v["stash_stride"] = self.stride(v["rows"], 12, 0, 2 * v["count"])
        v["mem_stride"] = self.stride(v["rows"], 20, 0, 2 * length)
        reach = length + (v["rows"] - 1) * v["mem_stride"]
        start = grid(0, (v["rows"], v["stash_stride"]))
        at = self.place(int(start.max()) + v["count"])
        if at is None or reach > lists:
            return None
        v["stash"], v["mem"] = at, r.randint(0, lists - reach)
        if v["mx"] and r.random() < 0.8:  # where groups are
            period = self.layout.group + 1
            v["mem"] = r.randrange(0, self.layout.fp32, period)
        elif r.random() < 0.6:
            v["mem"] = r.randint(self.layout.fp32, lists - 1)
        if v["mem"] + reach > lists:
            return None
        return Draw(Command("load", DMA, v), [], runs(start + at, v["count"]))

    def _store(self) -> Draw | None:
        v, length = self._rows()
        v["stash_stride"] = self.stride(v["rows"], 12, 0, 2 * v["count"])
        v["mem_stride"] = self.stride(v["rows"], 20, length if v["mx"] else 0, 2 * length)
        reach = length + (v["rows"] - 1) * v["mem_stride"]
        start = grid(0, (v["rows"], v["stash_stride"]))
        at = self.place(int(start.max()) + v["count"])
        if at is None or reach > self.layout.lists - self.layout.stores:
            return None
        v["stash"] = at
        v["mem"] = self.r.randint(self.layout.stores, self.layout.lists - reach)
        return Draw(Command("store", DMA, v), runs(start + at, v["count"]), [])

    def _weights(self) -> Draw | None:
        r, config, period = self.r, self.config, self.layout.group + 1
        macro, index = r.randrange(config.n_macros), r.randrange(self.block)
        count = self.count(20, (1, self.block, r.randint(1, 3 * self.block)))
        more = (index + count - 1) // self.block
        mem = r.randrange(0, self.layout.fp32, period)
        if more >= config.sets or mem + count * 2 > self.layout.lists:
            return None
        set_ = r.randrange(config.sets - more)
        sets = np.array([set_, set_ + more])
        v = {"mem": mem, "set": set_, "count": count, "index": index, "macro": macro}
        return Draw(Command("weights", DMA, v), [], [self.sets(macro, sets)])

    def _move(self, name: str) -> Draw | None:
        r, config = self.r, self.config
        rows = self.count(12, (1, 1, 2, 5, self.block + 3))
        tiles = self.count(6, (1, 1, 2, 3))
        macro = r.randrange(config.n_macros)
        far = r.random() < 0.3
        v = {
            "rows": rows, "tiles": tiles, "macro": macro,
            "pos": r.randrange((1 << 20) - rows) if far and name == "column"
            else r.randrange(6 * self.block),
            "block_stride": 0 if far else self.stride(2, 12, 0, 4),
            "tile_stride": self.stride(tiles, 12, 0, 4),
            "src_outer": self.stride(rows, 12, 0, 9), "src_inner": self.stride(tiles, 8, 0, 9),
            "set": r.randrange(config.sets), "ev": self.any(16), "ev_stride": self.any(10),
        }
        block = (v["pos"] + np.arange(rows)) // self.block
        sets = v["set"] + block[:, None] * v["block_stride"]
        sets = sets + np.arange(tiles) * v["tile_stride"]
        source = grid(0, (rows, v["src_outer"]), (tiles, v["src_inner"]))
        src = self.place(int(source.max()) + 1)
        if src is None or sets.max() >= config.sets:
            return None
        v["src"] = src
        reads = runs(source + src, 1)
        writes = [self.sets(macro, sets)]
        if name == "row":
            v["ev_stride"] = self.stride(tiles, 10, 0, 9)
            vectors = block[:, None] + np.arange(tiles) * v["ev_stride"]
            ev = self.place(int(vectors.max() - vectors.min()) + 1)
            if ev is None or ev < vectors.min():
                return None
            v["ev"] = ev - int(vectors.min())
            vectors = runs((vectors + v["ev"]).reshape(-1), 1)
            if overlap(reads, vectors):
                return None
            writes += vectors
        return Draw(Command(name, MOVE, v), reads, writes)

    def _send(self) -> Draw | None:
        r = self.r
        rows, count = self.count(12, (1, 1, 3, 6)), self.count(12, (0, 1, 2, 7, 30))
        v = {
            "rows": rows, "count": count, "remote_first": self.any(4),
            "src_stride": self.stride(rows, 12, 0, 40), "dst_stride": self.stride(rows, 12, 0, 40),
        }
        if count == 0:
            v.update(src=self.any(16), dst=self.any(16), rows=r.randint(1, 4095))
            return Draw(Command("send", SEND, v))
        source, target = grid(0, (rows, v["src_stride"])), grid(0, (rows, v["dst_stride"]))
        src, dst = self.place(int(source.max()) + count), self.place(int(target.max()) + count)
        if src is None or dst is None:
            return None
        v["src"], v["dst"] = src, dst
        return Draw(Command("send", SEND, v), runs(source + src, count), [],
                    runs(target + dst, count))

    # Base registers

    def relocated(self, c: Command, base: list[int]) -> Command:
        """`c` with some or all of its relocatable fields relative to base registers."""
        fields = [f for f in formats()[c.name].fields.values() if f.base_lsb is not None]
        chance = self.r.choice((0, 0, 0.3, 1))
        chosen = [f for f in fields if self.r.random() < chance]
        values, bases = dict(c.values), {}
        for f in chosen:
            bases[f.name] = number = self.r.randrange(1, 16)
            values[f.name] = (values.get(f.name, 0) - base[number]) % (1 << f.width)
        return Command(c.name, c.queue, values, bases)
