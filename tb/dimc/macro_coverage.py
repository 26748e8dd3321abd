# SPDX-License-Identifier: Apache-2.0
"""Functional coverage of dimc_macro, sampled at its ports during random traffic.

The big cross `traffic` is format x radix x set switch x write overlap x result stalls x valid rows
x valid columns; smaller ones add the stalls of the other ports, preloads, places and arrays.
"""

from __future__ import annotations

import itertools
import os

from cocotb.utils import get_sim_time
from pyuvm import uvm_subscriber

from tb.common.clock import PERIOD_NS
from tb.common.coverage import Coverage

STALLS = ("none", "random", "mostly", "burst")
OVERLAPS = ("none", "column", "row")
ROWS = ("one", "part", "all")
COLUMNS = {"int8": ("one", "part", "all"), "int4": ("one", "part", "odd", "all")}
ARRAYS = ("behavioural", "ripple", "carry_save")
PORTS = ("wr", "act", "pre", "res")


def size(name: str, default: int) -> int:
    """A parameter of the build, told by the test that built it."""
    return int(os.environ.get(name, default))


def array_kind(implementation: int, tree: int) -> str:
    """Name of the array that these parameters of the macro choose."""
    return ("ripple", "carry_save")[tree] if implementation else "behavioural"


def rows_kind(rows: int, most: int) -> str:
    return "one" if rows == 1 else "all" if rows == most else "part"


def columns_kind(cols: int, most: int, int4: bool) -> str:
    """An odd number of INT4 columns ends within a physical column."""
    if cols in (1, most):
        return "one" if cols == 1 else "all"
    return "odd" if int4 and cols % 2 else "part"


def macro_store() -> Coverage:
    """All points and crosses, without counts; the same for every size."""
    cov = Coverage("dimc_macro")
    points = {
        "format": ("int8", "int4"),
        "radix": (2, 4),
        "array": ARRAYS,
        "set": ("same", "switch"),
        "overlap": OVERLAPS,
        "rows": ROWS,
        "cols": COLUMNS["int4"],
        "place": ("only", "first", "middle", "last"),
        "preload": (0, 1),
        "write": ("column", "row"),
        "strobe": ("none", "part", "all"),
        "fate": ("done", "dropped"),
        **{f"stall_{port}": STALLS for port in PORTS},
    }
    for name, bins in points.items():
        cov.point(name, bins)
    cov.point("exponent", {"zero": [0], "finite": range(1, 255), "nonfinite": [255]})

    def cross(name: str, *axes: str) -> None:
        exclude = {}
        if {"format", "cols"} <= set(axes):
            for bins in itertools.product(*(cov.points[axis].counts for axis in axes)):
                if {"int8", "odd"} <= set(bins):
                    exclude[bins] = "columns of INT8 are whole"
        cov.cross(name, axes, exclude=exclude)

    cross("traffic", "format", "radix", "set", "overlap", "stall_res", "rows", "cols")
    cross("arrays", "array", "radix", "format", "rows", "cols")
    cross("act_and_res_stalls", "stall_act", "stall_res", "format", "radix")
    cross("write_stalls", "stall_wr", "overlap", "format", "radix")
    cross("preload_stalls", "preload", "stall_pre", "stall_res")
    cross("places", "place", "preload", "format")
    cross("writes", "write", "strobe", "fate")
    return cov


class MacroCoverage(uvm_subscriber):
    """Counts each vector once the next one is accepted, with the write that was done meanwhile.
    Counts only while `stalls` is set: the stall kind of each port, which the test chose."""

    def build_phase(self) -> None:
        self.coverage = macro_store()
        self.stalls: dict[str, str] | None = None
        self.locked = range(0)
        self.rows, self.cols = size("ROWS", 64), size("COLS", 64)
        self.bits = size("BITS_PER_CYCLE", 1)
        self.array = array_kind(size("IMPLEMENTATION", 0), size("TREE", 1))
        self.vector: dict[str, object] | None = None
        self.set: int | None = None
        self.in_flight_until = 0.0

    def saw_write(self, beat: dict[str, int]) -> None:
        if self.stalls is None:
            return
        in_flight = get_sim_time("ns") <= self.in_flight_until
        dropped = beat["set"] in self.locked or (in_flight and beat["set"] == self.set)
        kind = "row" if beat["row"] else "column"
        strobe = {0: "none", (1 << self.rows) - 1: "all"}.get(beat["strb"], "part")
        fate = "dropped" if dropped else "done"
        self.coverage.sample(write=kind, strobe=strobe, fate=fate)
        if self.vector and in_flight and not dropped:
            self.vector["overlap"] = kind

    def write(self, beat: dict[str, int]) -> None:
        self.count()
        place = {(1, 1): "only", (1, 0): "first", (0, 0): "middle", (0, 1): "last"}
        if self.stalls is not None:
            most = self.cols * (2 if beat["int4"] else 1)
            self.vector = {
                "format": "int4" if beat["int4"] else "int8",
                "radix": 2 * self.bits,
                "array": self.array,
                "set": "same" if beat["set"] == self.set else "switch",
                "overlap": "none",
                "rows": rows_kind(beat["rows"], self.rows),
                "cols": columns_kind(beat["cols"], most, bool(beat["int4"])),
                "place": place[beat["first"], beat["last"]],
                "preload": beat["preload"],
                "exponent": beat["exp"],
                **{f"stall_{port}": kind for port, kind in self.stalls.items()},
            }
        self.set = beat["set"]
        self.in_flight_until = get_sim_time("ns") + (8 // self.bits + 0.5) * PERIOD_NS

    def count(self) -> None:
        """Count the vector that was seen last."""
        if self.vector:
            self.coverage.sample(**self.vector)
        self.vector = None

    def report_phase(self) -> None:
        self.count()
        self.coverage.save()
