# SPDX-License-Identifier: Apache-2.0
"""What a macro must answer: a weight array in numpy, driven by the stimulus, and models/dimc.py."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from models import dimc, fp32


@dataclass
class Vector:
    """One activation block: q int8 [ROWS], its exponent byte, the set, valid rows."""

    q: np.ndarray
    exp: int
    set: int
    rows: int


@dataclass
class Tile:
    """Vectors from act_first to act_last; preload is float32 [cols] or None."""

    vectors: list[Vector]
    cols: int
    int4: bool
    tag: int
    preload: np.ndarray | None = None


@dataclass
class Status:
    """Sticky status and counters that the macro must show."""

    inf: bool = False
    nan: bool = False
    vectors: int = 0
    conflicts: int = 0


def pack(values: np.ndarray) -> int:
    """Array, element 0 in the lowest bits -> integer for a wide port."""
    return int.from_bytes(np.ascontiguousarray(values).tobytes(), "little")


@dataclass
class MacroModel:
    """Weights as written so far, which bytes those are, and the sets that hold any."""

    rows: int
    cols: int
    sets: int
    status: Status = field(default_factory=Status)

    def __post_init__(self) -> None:
        self.data = np.zeros((self.sets, self.cols, self.rows), np.uint8)
        self.known = np.zeros((self.sets, self.cols, self.rows), bool)
        self.exps = np.zeros((self.sets, self.cols, 2), np.uint8)
        self.written: set[int] = set()

    @property
    def lanes(self) -> int:
        return self.rows // 4

    def write_column(self, set_: int, column: int, data, exps, strb) -> None:
        """data uint8 [ROWS], exps (low, high), strb bool [ROWS]."""
        self.written.add(set_)
        self.data[set_, column, strb] = np.asarray(data)[strb]
        self.known[set_, column, strb] = True
        self.exps[set_, column] = exps

    def write_row(self, set_: int, row: int, data, strb) -> None:
        """data uint8 [ROWS] of which COLS count, strb bool [ROWS]; all exponents become 127."""
        strb = np.asarray(strb)[: self.cols]
        self.written.add(set_)
        self.data[set_, strb, row] = np.asarray(data)[: self.cols][strb]
        self.known[set_, strb, row] = True
        self.exps[set_] = 127

    def take(self, row: int, set: int, index: int, data: int, exps: int, strb: int) -> None:
        """The write that a beat of the port means, which is not to be dropped."""
        values = np.frombuffer(data.to_bytes(self.rows, "little"), np.uint8)
        mask = np.array([strb >> r & 1 for r in range(self.rows)], bool)
        if row:
            self.write_row(set, index, values, mask)
        else:
            self.write_column(set, index, values, (exps & 0xFF, exps >> 8), mask)

    def known_rows(self, set_: int, columns: int) -> int:
        """How many rows from row 0 on are written in the first `columns` physical columns."""
        whole = self.known[set_, :columns].all(axis=0)
        return self.rows if whole.all() else int(np.argmin(whole))

    def weights(self, set_: int, rows: int, cols: int, int4: bool) -> tuple[np.ndarray, np.ndarray]:
        """Signed weights int8 [cols, ROWS], zero outside the valid rows, and exponents [cols]."""
        physical = (cols + 1) // 2 if int4 else cols
        if not self.known[set_, :physical, :rows].all():
            raise ValueError(f"stimulus reads unwritten weights of set {set_}")
        data = self.data[set_].astype(np.int8)
        if int4:
            low = np.left_shift(data, 4) >> 4
            q = np.stack([low, data >> 4], axis=1).reshape(-1, self.rows)[:cols]
            exps = self.exps[set_].reshape(-1)[:cols]
        else:
            q, exps = data[:cols], self.exps[set_, :cols, 0]
        q = q.copy()
        q[:, rows:] = 0
        return q, exps

    def tile(self, tile: Tile) -> list[dict[str, int]]:
        """Result beats of a tile; also counts its vectors and keeps its sticky status."""
        acc = np.zeros((1, tile.cols), np.float32)
        if tile.preload is not None:
            acc = tile.preload.reshape(1, -1)
        for vector in tile.vectors:
            qw, ew = self.weights(vector.set, vector.rows, tile.cols, tile.int4)
            qx = np.where(np.arange(self.rows) < vector.rows, vector.q, 0).reshape(1, -1)
            ex = np.array([[vector.exp]], np.uint8)
            bits = 4 if tile.int4 else 8
            acc = dimc.matmul(qx, ex, qw, ew[:, None], block=self.rows, w_bits=bits, acc=acc)
            self.status.inf |= bool(np.isinf(acc).any())
            self.status.nan |= bool(np.isnan(acc).any())
        self.status.vectors += len(tile.vectors)
        beats = -(-tile.cols // self.lanes)
        lanes = np.zeros((beats, self.lanes), np.uint32)
        lanes.reshape(-1)[: tile.cols] = fp32.bits(acc[0])
        return [
            {"data": pack(lanes[i]), "index": i, "last": int(i == beats - 1), "tag": tile.tag}
            for i in range(beats)
        ]

    def preload_beats(self, tile: Tile) -> list[dict[str, int]]:
        """Beats of the preload port for a tile; lanes beyond its columns are all ones."""
        if tile.preload is None:
            return []
        beats = -(-tile.cols // self.lanes)
        lanes = np.full((beats, self.lanes), 0xFFFFFFFF, np.uint32)
        lanes.reshape(-1)[: tile.cols] = fp32.bits(tile.preload)
        return [{"data": pack(beat)} for beat in lanes]


def vector_beats(tile: Tile) -> list[dict[str, int]]:
    """Beats of the activation port for a tile."""
    last = len(tile.vectors) - 1
    return [
        {
            "data": pack(vector.q),
            "exp": vector.exp,
            "set": vector.set,
            "int4": int(tile.int4),
            "rows": vector.rows,
            "cols": tile.cols,
            "first": int(i == 0),
            "preload": i % 2 if i else int(tile.preload is not None),  # looked at with first only
            "last": int(i == last),
            "tag": tile.tag,
        }
        for i, vector in enumerate(tile.vectors)
    ]


def write_beat(row: bool, set_: int, index: int, data, strb, exps=(0, 0)) -> dict[str, int]:
    """Beat of the write port: data uint8 [ROWS], strb bool [ROWS], exps (low, high)."""
    return {
        "row": int(row),
        "set": set_,
        "index": index,
        "data": pack(np.asarray(data, np.uint8)),
        "exps": int(exps[0]) | int(exps[1]) << 8,
        "strb": pack(np.packbits(np.asarray(strb, bool), bitorder="little")),
    }
