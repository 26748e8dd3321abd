# SPDX-License-Identifier: Apache-2.0
"""Draw a timing diagram as a self-contained SVG."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from itertools import groupby

ROW, HIGH, GAP = 26, 18, 10  # pitch of rows, height of a signal, height of an empty row
TOP = 54  # title and cycle numbers
CHAR = 7.2  # width of a character of 12 px
SLANT = 4

STYLE = """
text{font:12px monospace;fill:#1b1f24}
.title{font:bold 13px sans-serif}
.cycle,.span{font-size:10px;fill:#57606a}
.edge{stroke:#d0d7de;stroke-dasharray:2 3}
.line{stroke:#0550ae;fill:none;stroke-width:1.4}
.clock{stroke:#57606a;fill:none}
.bus{stroke:#0550ae;fill:#ddf4ff}
.none{stroke:#afb8c1;fill:#eaeef2}
.arrow{stroke:#57606a;fill:none}
"""


@dataclass
class Row:
    """A signal: its values by cycle, empty where there is none; `bit` is drawn as a line. A word
    is one box while value and beat stay the same."""

    label: str
    bit: bool
    values: list[str]
    beats: list[int]


@dataclass
class Span:
    """An arrow from cycle `begin` to cycle `end`."""

    begin: int
    end: int
    text: str


class Canvas:
    """SVG elements with short coordinates."""

    def __init__(self, width: float, height: float) -> None:
        size = {"width": f"{width:g}", "height": f"{height:g}"}
        box = {"viewBox": f"0 0 {width:g} {height:g}", "xmlns": "http://www.w3.org/2000/svg"}
        self.root = ElementTree.Element("svg", box | size)
        ElementTree.SubElement(self.root, "style").text = STYLE
        self.add("rect", **size, rx="6", fill="#fff")

    def add(self, tag: str, text: str = "", kind: str = "", **attributes: str) -> None:
        element = ElementTree.SubElement(self.root, tag, attributes)
        if kind:
            element.set("class", kind)
        if text:
            element.text = text

    def write(
        self, x: float, y: float, text: str, kind: str = "", anchor: str = "middle", size=12.0
    ) -> None:
        small = {"style": f"font-size:{size:.1f}px"} if size < 12 else {}
        place = {"x": f"{x:g}", "y": f"{y:g}", "text-anchor": anchor}
        self.add("text", text, kind, **place, **small)

    def path(self, kind: str, points: list[tuple[float, float]], closed: bool = False) -> None:
        steps = " ".join(f"{x:g},{y:g}" for x, y in points)
        self.add("polygon" if closed else "polyline", kind=kind, points=steps)


def box(canvas: Canvas, x0: float, x1: float, y: float, value: str) -> None:
    """A word from x0 to x1, its text as large as the box allows."""
    middle, low = y + HIGH / 2, y + HIGH
    points = [(x0, middle), (x0 + SLANT, y), (x1 - SLANT, y), (x1, middle)]
    points += [(x1 - SLANT, low), (x0 + SLANT, low)]
    canvas.path("bus" if value else "none", points, closed=True)
    if value:
        size = min(12.0, 12 * (x1 - x0 - SLANT) / (len(value) * CHAR))
        canvas.write((x0 + x1) / 2, y + 13.5, value, size=size)


def wire(canvas: Canvas, left: float, cell: float, y: float, values: list[str]) -> None:
    """A single bit: lines, with grey boxes where it is unknown."""
    at = 0
    for known, same in groupby(values, key=bool):
        run = list(same)
        if known:
            levels = [(at + i, y if value == "1" else y + HIGH) for i, value in enumerate(run)]
            canvas.path("line", [(left + (i + k) * cell, v) for i, v in levels for k in (0, 1)])
        else:
            x0, x1 = left + at * cell, left + (at + len(run)) * cell
            canvas.path("none", [(x0, y), (x1, y), (x1, y + HIGH), (x0, y + HIGH)], closed=True)
        at += len(run)


def draw(
    title: str, rows: list[Row], spans: list[Span], cycles: int, zero: int, cell: float
) -> str:
    """SVG text. Cycle `zero` of the columns carries the number 0; a clock is put on top."""
    left = 16 + CHAR * max(len(row.label) for row in rows)
    heights = [ROW if row.label else GAP for row in rows]
    bottom = TOP + ROW + sum(heights)
    width = max(left + cycles * cell + 12, 24 + 8 * len(title))
    canvas = Canvas(width, bottom + 20 * len(spans) + 8)
    canvas.write(12, 20, title, "title", "start")
    for i in range(cycles + 1):
        x = left + i * cell
        canvas.path("edge", [(x, TOP - 6), (x, bottom)])
        if i < cycles:
            canvas.write(x + cell / 2, TOP - 10, str(i - zero), "cycle")
    clock = []
    for i in range(cycles):
        x, half = left + i * cell, left + (i + 0.5) * cell
        clock += [(x, TOP + HIGH), (x, TOP), (half, TOP), (half, TOP + HIGH)]
    canvas.path("clock", [*clock, (left + cycles * cell, TOP + HIGH)])
    canvas.write(left - 8, TOP + 13, "clk", anchor="end")

    y = TOP + ROW
    for row, height in zip(rows, heights, strict=True):
        if row.label:
            canvas.write(left - 8, y + 13, row.label, anchor="end")
        if row.bit:
            wire(canvas, left, cell, y, row.values)
        else:
            at = 0
            for (value, _), same in groupby(zip(row.values, row.beats, strict=True)):
                count = len(list(same))
                box(canvas, left + at * cell, left + (at + count) * cell, y, value)
                at += count
        y += height

    for i, span in enumerate(spans):
        y = bottom + 10 + 20 * i
        x0, x1 = (left + (cycle + 0.5) * cell for cycle in (span.begin, span.end))
        canvas.path("arrow", [(x0, y - 5), (x0, y + 5)])
        canvas.path("arrow", [(x0, y), (x1, y), (x1 - 5, y - 3)])
        canvas.path("arrow", [(x1, y), (x1 - 5, y + 3)])
        canvas.write(x1 + 6, y + 4, span.text, "span", "start")
    ElementTree.indent(canvas.root, " ")
    return ElementTree.tostring(canvas.root, encoding="unicode") + "\n"
