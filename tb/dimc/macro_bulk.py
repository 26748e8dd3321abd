# SPDX-License-Identifier: Apache-2.0
"""Random traffic of dimc_macro in bulk, for tb/dimc/dimc_bulk.cpp: numpy draws it in phases, and
models/dimc.py says what must come out.

In each phase the vectors use the sets of one half, which is locked; writes go to the other half,
and some to the locked one, where they are dropped. So the order of writes and vectors, which stalls
decide, does not matter within a phase.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from models import dimc, fp32
from tb.dimc.macro_model import MacroModel

LENGTHS = np.array([1, 1, 2, 3, 6])  # of tiles
HEADER = np.dtype(
    [
        ("counts", "<u4", 4),  # writes, vectors, preload beats, result beats
        ("status", "<u4", 2),  # vectors and dropped writes since the last clear
        ("lock", "<u2", 2),
        ("flags", "u1", 4),  # lock, infinity and NaN seen, clear afterwards
        ("stalls", "u1", 4),  # of wr, act, pre, res
    ]
)


def records(rows: int) -> dict[str, np.dtype]:
    """Layout of a beat of each port."""
    data = ("data", "u1", rows)
    flags = ("int4", "first", "preload", "last")
    return {
        "write": np.dtype(
            [data, ("strb", "<u8"), ("set", "<u2"), ("exps", "u1", 2), ("index", "u1")]
            + [("row", "u1"), ("unused", "u1", 2)]
        ),
        "vector": np.dtype(
            [data, ("set", "<u2"), ("exp", "u1"), ("rows", "u1"), ("cols", "u1")]
            + [(name, "u1") for name in flags]
            + [("tag", "u1"), ("unused", "u1", 6)]
        ),
        "preload": np.dtype([data]),
        "result": np.dtype(
            [("data", "<u4", rows // 4), ("index", "u1"), ("last", "u1"), ("tag", "u1")]
            + [("unused", "u1", 5)]
        ),
    }


@dataclass
class Tiles:
    """Tiles of a phase; arrays over tiles, `start` and `length` in vectors."""

    start: np.ndarray
    length: np.ndarray
    int4: np.ndarray
    cols: np.ndarray
    preload: np.ndarray  # bool
    values: np.ndarray  # float32 [tiles, 2*COLS]: where a tile starts, +0 without preload
    tag: np.ndarray


class Bulk:
    """Draws phases and keeps what has been written. `wide` is the part of exponent bytes that may
    be anything."""

    def __init__(self, rows: int, cols: int, sets: int, seed: int, wide: float = 0.05) -> None:
        self.wide = wide
        self.model = MacroModel(rows, cols, sets)
        self.rng = np.random.default_rng(seed)
        self.records = records(rows)
        self.half = sets // 2
        self.vectors = self.conflicts = 0  # since the last clear
        self.inf = self.nan = False

    # ---- values

    def bytes(self, count: int) -> np.ndarray:
        """uint8 [count, ROWS]; one beat in four has only corner values."""
        shape = (count, self.model.rows)
        corners = self.rng.choice(np.array([0, 1, 0x7F, 0x80, 0x81, 0xFF], np.uint8), shape)
        corner = self.rng.random((count, 1)) < 0.25
        return np.where(corner, corners, self.rng.integers(0, 256, shape, np.uint8))

    def exps(self, *shape: int) -> np.ndarray:
        """Exponent bytes: near 127, at times anything, rarely 255."""
        kind = self.rng.random(shape)
        wide = np.where(kind < 0.995, self.rng.integers(0, 256, shape), 255)
        return np.where(kind < 1 - self.wide, self.rng.integers(110, 141, shape), wide).astype(
            np.uint8
        )

    def ranges(self, most: np.ndarray) -> np.ndarray:
        """Valid rows or columns: one, all, or any number."""
        kind = self.rng.random(most.shape)
        return np.where(kind < 0.2, 1, np.where(kind < 0.5, most, self.rng.integers(1, most + 1)))

    # ---- writes

    def writes(self, sets: np.ndarray, locked: range) -> np.ndarray:
        """Beats that fill `sets`, by column or by row, and hit places in them and in locked sets;
        the last one is not dropped. The model takes what is not."""
        model, rng = self.model, self.rng
        parts = []
        for s in sets:
            row = int(rng.random() < 0.4)
            part = np.zeros(model.rows if row else model.cols, self.records["write"])
            part["set"], part["row"], part["index"] = s, row, np.arange(len(part))
            part["strb"] = np.uint64(2**model.rows - 1)
            parts.append(part)
        part = np.zeros(65, self.records["write"])
        part["set"] = rng.choice(np.concatenate([sets, sets[: len(locked)], locked]), 65)
        part["row"], part["index"] = rng.integers(0, 2, 65), rng.integers(0, model.cols, 65)
        part["strb"] = rng.integers(0, 2**model.rows, 65, np.uint64)
        part[-1] = 0  # the last one: all of column 0 of the first set
        part["set"][-1], part["strb"][-1] = sets[0], 2**model.rows - 1
        parts.append(part)
        beats = np.concatenate(parts)
        beats["data"] = self.bytes(len(beats))
        beats["exps"] = self.exps(len(beats), 2)
        self.take(beats, locked)
        return beats

    def take(self, beats: np.ndarray, locked: range) -> None:
        """What the macro stores of these writes."""
        for beat in beats:
            if int(beat["set"]) in locked:
                self.conflicts += 1
            else:
                self.model.take(
                    row=int(beat["row"]),
                    set=int(beat["set"]),
                    index=int(beat["index"]),
                    data=int.from_bytes(beat["data"].tobytes(), "little"),
                    exps=int(beat["exps"][0]) | int(beat["exps"][1]) << 8,
                    strb=int(beat["strb"]),
                )

    # ---- vectors

    def tiles(self, vectors: int) -> Tiles:
        rng, model = self.rng, self.model
        length = rng.choice(LENGTHS, vectors)
        length = length[: int(np.searchsorted(np.cumsum(length), vectors)) + 1]
        count = len(length)
        int4 = rng.integers(0, 2, count).astype(bool)
        preload = rng.random(count) < 0.3
        values = rng.normal(size=(count, 2 * model.cols)).astype(np.float32)
        odd = rng.random(values.shape) < 0.001
        values[odd] = rng.choice(np.array([np.nan, np.inf, 1e-40], np.float32), odd.sum())
        return Tiles(
            start=np.cumsum(length) - length,
            length=length,
            int4=int4,
            cols=self.ranges(np.where(int4, 2 * model.cols, model.cols)),
            preload=preload,
            values=np.where(preload[:, None], values, np.float32(0)),
            tag=rng.integers(0, 256, count, np.uint8),
        )

    def beats(self, tiles: Tiles, sets: range) -> np.ndarray:
        """Beats of the activation port."""
        tile = np.repeat(np.arange(len(tiles.length)), tiles.length)
        count = len(tile)
        beats = np.zeros(count, self.records["vector"])
        beats["data"], beats["exp"] = self.bytes(count), self.exps(count)
        drawn = self.rng.integers(sets.start, sets.stop, count)
        kept = np.where(self.rng.random(count) < 0.3, -1, np.arange(count))
        beats["set"] = drawn[np.maximum(np.maximum.accumulate(kept), 0)]
        beats["rows"] = self.ranges(np.full(count, self.model.rows))
        beats["cols"], beats["int4"] = tiles.cols[tile], tiles.int4[tile]
        beats["tag"], beats["preload"] = tiles.tag[tile], self.rng.integers(0, 2, count)
        beats["first"][tiles.start] = 1
        beats["preload"][tiles.start] = tiles.preload
        beats["last"][tiles.start + tiles.length - 1] = 1
        return beats

    def sums(self, tiles: Tiles, beats: np.ndarray, sets: range) -> np.ndarray:
        """float32 [tiles, 2*COLS] of models/dimc.py; also keeps the sticky status."""
        model = self.model
        acc = tiles.values.copy()
        for int4 in (False, True):
            cols, bits = (2 * model.cols, 4) if int4 else (model.cols, 8)
            stored = [model.weights(s, model.rows, cols, int4) for s in sets]
            weights = [dimc.Operand(q, e[:, None], bits, model.rows) for q, e in stored]
            for step in range(LENGTHS.max()):
                due = np.flatnonzero((tiles.int4 == int4) & (tiles.length > step))
                used = beats["set"][tiles.start[due] + step]
                for s, weight in zip(sets, weights, strict=True):
                    group = due[used == s]
                    if len(group):
                        beat = beats[tiles.start[group] + step]
                        acc[group, :cols] = self.product(beat, weight, acc[group, :cols])
                        self.look(acc[group], tiles.cols[group])
        return acc

    def cancel(self, tiles: Tiles, beats: np.ndarray, sets: range) -> None:
        """Makes half of the preloads of the size of what the tile's first vector adds: its negative
        but for some low bits, so that nearly everything cancels, or up to 2^5 smaller."""
        chosen = np.flatnonzero(tiles.preload & (self.rng.random(len(tiles.preload)) < 0.5))
        first = Tiles(**{name: part[chosen] for name, part in vars(tiles).items()})
        first.length, first.values = np.ones_like(chosen), np.zeros_like(first.values)
        seen = self.inf, self.nan
        words = fp32.bits(self.sums(first, beats, sets))
        self.inf, self.nan = seen
        noise = self.rng.integers(0, 1 << 24, words.shape) >> self.rng.integers(0, 25, words.shape)
        close = self.rng.integers(-(5 << 23), 0, words.shape)
        near = (self.rng.random(words.shape) < 0.5) * close
        words = (words ^ np.uint32(1 << 31) ^ noise.astype(np.uint32)) + near.astype(np.uint32)
        words ^= (self.rng.integers(0, 2, words.shape) << 31).astype(np.uint32) * (near != 0)
        tiles.values[chosen] = fp32.from_bits(words)

    def product(self, beats: np.ndarray, weights: dimc.Operand, acc: np.ndarray) -> np.ndarray:
        valid = np.arange(self.model.rows) < beats["rows"][:, None]
        x = np.where(valid, beats["data"].view(np.int8), np.int8(0))
        block = dimc.Operand(x, beats["exp"][:, None], 8, self.model.rows)
        return dimc.product(block, weights, acc)

    def look(self, acc: np.ndarray, cols: np.ndarray) -> None:
        """Sticky status of accumulators [tiles, 2*COLS], of which `cols` count."""
        seen = acc[np.arange(acc.shape[1]) < cols[:, None]]
        self.inf |= bool(np.isinf(seen).any())
        self.nan |= bool(np.isnan(seen).any())

    def lanes(self, tiles: Tiles, chosen: np.ndarray, values: np.ndarray, fill: int):
        """uint32 [beats, LANES], tile and index of the beats of the chosen tiles; lanes beyond a
        tile's columns hold `fill`."""
        lanes = self.model.lanes
        words = np.full((len(values), 8 * lanes), fill, np.uint32)
        width = values.shape[1]
        valid = np.arange(width) < tiles.cols[:, None]
        words[:, :width] = np.where(valid, fp32.bits(values), np.uint32(fill))
        counts = -(-tiles.cols[chosen] // lanes)
        tile = np.repeat(chosen, counts)
        index = np.arange(len(tile)) - np.repeat(np.cumsum(counts) - counts, counts)
        return words.reshape(len(values), 8, lanes)[tile, index], tile, index

    # ---- phases

    def first(self) -> bytes:
        """Fills all sets."""
        writes = self.writes(np.arange(self.model.sets), range(0))
        nothing = [np.zeros(0, self.records[name]) for name in ("vector", "preload", "result")]
        return self.chunk(range(0), writes, *nothing)

    def phase(self, busy: int, vectors: int, flip: bool = False) -> bytes:
        """Vectors on half `busy` of the sets, writes to the other. `flip` changes one bit of the
        last write on its way to the macro."""
        sets = range(busy * self.half, (busy + 1) * self.half)
        free = self.rng.choice(self.half, 3, replace=False) + (1 - busy) * self.half
        tiles = self.tiles(vectors)
        beats = self.beats(tiles, sets)
        self.cancel(tiles, beats, sets)
        sums = self.sums(tiles, beats, sets)
        writes = self.writes(free, sets)
        if flip:
            writes["data"][-1, 0] ^= 0x80
        return self.answered(sets, writes, tiles, beats, sums)

    def every_product(self, row: int) -> bytes:
        """Each activation meets each weight in `row`, in both formats: activations elsewhere are
        zero, weights there are random. Half of the sets must have at least 256 columns."""
        model, value = self.model, np.arange(256)
        writes = np.zeros(256, self.records["write"])
        writes["set"], writes["index"] = np.divmod(value, model.cols)
        writes["strb"] = np.uint64(2**model.rows - 1)
        writes["data"] = self.bytes(256)
        writes["data"][:, row] = value
        writes["exps"] = self.rng.integers(110, 141, (256, 2))
        self.take(writes, range(0))
        nothing = [np.zeros(0, self.records[name]) for name in ("vector", "preload", "result")]
        filled = self.chunk(range(0), writes, *nothing)

        sets = range(int(writes["set"][-1]) + 1)
        grid = np.meshgrid((0, 1), sets, value, indexing="ij")
        int4, set_, x = (axis.ravel() for axis in grid)
        count = len(x)
        tiles = Tiles(
            start=np.arange(count),
            length=np.ones(count, int),
            int4=int4.astype(bool),
            cols=model.cols * (1 + int4),
            preload=np.zeros(count, bool),
            values=np.zeros((count, 2 * model.cols), np.float32),
            tag=x.astype(np.uint8),
        )
        beats = np.zeros(count, self.records["vector"])
        beats["data"][:, row], beats["set"], beats["exp"] = x, set_, 127
        beats["rows"], beats["cols"], beats["int4"] = model.rows, tiles.cols, int4
        beats["tag"], beats["first"], beats["last"] = tiles.tag, 1, 1
        sums = self.sums(tiles, beats, sets)
        return filled + self.answered(sets, writes[:0], tiles, beats, sums)

    def answered(
        self, sets: range, writes: np.ndarray, tiles: Tiles, beats: np.ndarray, sums: np.ndarray
    ) -> bytes:
        """A phase in the harness's form, with the beats that must come out."""
        words, tile, index = self.lanes(tiles, np.arange(len(sums)), sums, 0)
        results = np.zeros(len(tile), self.records["result"])
        results["data"], results["index"], results["tag"] = words, index, tiles.tag[tile]
        results["last"] = np.append(tile[1:] != tile[:-1], True)
        starts, _, _ = self.lanes(tiles, np.flatnonzero(tiles.preload), tiles.values, 0xFFFFFFFF)
        preloads = np.zeros(len(starts), self.records["preload"])
        preloads["data"] = starts.astype("<u4").view(np.uint8)
        self.vectors += len(beats)
        return self.chunk(sets, writes, beats, preloads, results)

    def chunk(self, locked: range, *beats: np.ndarray) -> bytes:
        head = np.zeros(1, HEADER)
        clear = bool(self.rng.random() < 0.5)
        head["counts"] = [len(part) for part in beats]
        head["status"] = self.vectors, self.conflicts
        head["lock"] = locked.start, max(locked.stop - 1, 0)
        head["flags"] = bool(locked), self.inf, self.nan, clear
        head["stalls"] = self.rng.integers(0, 4, 4)
        if clear:
            self.vectors = self.conflicts = 0
            self.inf = self.nan = False
        return b"".join(part.tobytes() for part in (head, *beats))
