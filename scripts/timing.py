# SPDX-License-Identifier: Apache-2.0
"""Timing diagrams of the documents, cut from the waveforms of passing directed tests.

    python -m scripts.timing            draw all of docs/timing.toml (make docs does it)
    python -m scripts.timing fifo ...   those of some runs

docs/timing.toml names the simulations and what to cut from each:

    [fifo]                                  # a run on Icarus: arguments of runner.simulate
    block = "common_units"
    top = "stream_tb"
    test_module = "tb.common_units.timing_cases"
    parameters = { WIDTH = 8, DEPTH = 2 }

    [[fifo.diagram]]                        # -> docs/images/timing_fifo.svg
    name = "fifo"
    title = "..."
    case = "fifo_fills_and_empties"         # the cocotb test whose waveform it is
    start = { s_valid = 1 }                 # cycle 0: the first in which these have these values
    before = 1                              # cycles shown before cycle 0
    cycles = 12                             # cycles shown in all
    signals = ["s_valid", "s_data:hex"]     # top to bottom, "" leaves a gap
    spans = [{ from = {...}, to = {...}, text = "to the first result" }]

A signal is `[label=]path[:format][?valid]`. The path starts in the top module. Formats: hex, bits,
dec, signed, fp32 (a number per lane), name (A, B, C, ... by first appearance in the diagram);
without one a single bit is drawn as a line and a word in hexadecimal. Where the signal `valid` is
not 1 nothing is shown. A transfer ends the box of a word: `valid` and the `ready` of the same name,
or any cycle of a signal called otherwise, such as an enable.
A span counts the cycles from the first cycle with the values `from` to the next one with the
values `to`, so that the number in the picture is that of the waveform.

A cycle shows what the signals have settled to after its clock edge. Grey is X.
"""

from __future__ import annotations

import os
import re
import signal
import struct
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping
from pathlib import Path
from unittest.mock import patch

from vcdvcd import VCDVCD

from scripts.timing_svg import Row, Span, draw
from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import simulate

TABLE = ROOT / "docs" / "timing.toml"
IMAGES = ROOT / "docs" / "images"
SIGNAL = re.compile(
    r"((?P<label>[^=]+)=)?(?P<path>[^:?]+)(:(?P<format>\w+))?(\?(?P<valid>.+))?"
)
HELPERS = ("stream_checker.v", "wave_dump.v")

# The import of vcdvcd lets a broken pipe kill the process; here it is an exception again.
signal.signal(signal.SIGPIPE, signal.SIG_IGN)


class Wave:
    """The cycles of one cocotb test in a VCD file."""

    def __init__(self, vcd: VCDVCD, top: str, times: list[int]) -> None:
        self._values = {re.sub(r"\[\d+:\d+\]$", "", name): vcd[name] for name in vcd.signals}
        self._top = top
        self._times = times
        self.cycles = len(times)

    def bits(self, path: str, cycle: int) -> str:
        """Value in a cycle as binary digits or x, all of its width.

        Raises:
            ValueError: there is no such signal.
        """
        if not self.has(path):
            raise ValueError(f"the waveform has no signal {self._top}.{path}")
        signal = self._values[f"{self._top}.{path}"]
        digits = signal[self._times[cycle]].lower()
        fill = "0" if digits[0] == "1" else digits[0]
        return digits.rjust(int(signal.size), fill)

    def has(self, path: str) -> bool:
        """Whether there is such a signal."""
        return f"{self._top}.{path}" in self._values

    def find(self, values: Mapping[str, int], start: int = 0) -> int:
        """First cycle from `start` on in which the signals have these values.

        Raises:
            ValueError: there is none.
        """
        for cycle in range(start, self.cycles):
            shown = {path: self.bits(path, cycle) for path in values}
            if all("x" not in shown[p] and int(shown[p], 2) == v for p, v in values.items()):
                return cycle
        raise ValueError(f"no cycle from {start} on has {dict(values)}")


def run(name: str, entry: dict) -> dict[str, Wave]:
    """Simulate one entry of the table; its waves by cocotb test. Raises if a test fails."""
    files = block_list("common" if entry["block"] == "common_units" else entry["block"])
    files.add(FileList([ROOT / "tb" / "common" / name for name in HELPERS]))
    folder = ROOT / "build" / "timing"
    folder.mkdir(parents=True, exist_ok=True)
    vcd = folder / f"{name}.vcd"
    with patch.dict(os.environ, WAVES=""):  # a second dump would take the place of this one
        results = simulate(
            entry["block"],
            top=entry["top"],
            test_module=entry["test_module"],
            testcase=sorted({d["case"] for d in entry["diagram"]}),
            parameters=entry["parameters"],
            sources=files,
            env={key: str(value) for key, value in entry["parameters"].items()},
            plusargs=[f"+vcd={vcd}"],
            build_args=["-s", "wave_dump"],
            sim="icarus",
        )
    wave = VCDVCD(str(vcd))
    unit = wave.timescale["timescale"] * 10**9  # ns
    falls = [time for time, level in wave[f"{entry['top']}.clk"].tv if level == "0"]
    waves = {}
    for case in ElementTree.parse(results).getroot().iter("testcase"):
        told = {p.get("name"): p.get("value") for p in case.iter("property")}
        first, last = (float(told[f"sim_time_{edge}"]) for edge in ("start", "stop"))
        inside = [time for time in falls if first < time * float(unit) < last]
        waves[case.get("name")] = Wave(wave, entry["top"], inside)
    return waves


def number(word: str) -> str:
    """fp32 bits as the shortest decimal number."""
    return f"{struct.unpack('>f', int(word, 2).to_bytes(4, 'big'))[0]:g}"


def text(bits: str, form: str, names: dict[str, str]) -> str:
    """A word in one of the formats; empty for X."""
    if "x" in bits:
        return ""
    if form == "name":
        return names.setdefault(bits, chr(ord("A") + len(names)))
    if form == "fp32":
        lanes = [bits[i : i + 32] for i in range(0, len(bits), 32)]
        return " ".join(number(lane) for lane in reversed(lanes))
    if form == "bits":
        return bits
    value = int(bits, 2)
    if form == "signed" and bits[0] == "1":
        value -= 1 << len(bits)
    return f"{value:x}".rjust(-(-len(bits) // 4), "0") if form == "hex" else str(value)


def row(wave: Wave, signal: str, first: int, cycles: int) -> Row:
    """What to draw for one signal of the table."""
    if not signal:
        return Row("", False, [], [])
    match = SIGNAL.fullmatch(signal)
    if match is None:
        raise ValueError(f"cannot read signal {signal!r}")
    path, form, valid = match["path"], match["format"], match["valid"] or ""
    ready = valid.replace("valid", "ready")
    names: dict[str, str] = {}
    values: list[str] = []
    beats = [0]
    for cycle in range(first, first + cycles):
        bits = wave.bits(path, cycle)
        shown = not valid or wave.bits(valid, cycle) == "1"
        values.append(text(bits, form or "hex", names) if shown else "")
        taken = bool(valid) and shown and wave.has(ready) and wave.bits(ready, cycle) == "1"
        beats.append(beats[-1] + int(taken))
    single = form is None and len(wave.bits(path, first)) == 1
    return Row(match["label"] or path, single, values, beats[:-1])


def picture(wave: Wave, diagram: dict) -> str:
    """SVG of one diagram."""
    zero = wave.find(diagram["start"])
    first, cycles = zero - diagram.get("before", 0), diagram["cycles"]
    rows = [row(wave, signal, first, cycles) for signal in diagram["signals"]]
    spans = []
    for span in diagram.get("spans", []):
        begin = wave.find(span["from"], first)
        end = wave.find(span["to"], begin + 1)
        spans.append(Span(begin - first, end - first, f"{end - begin} cycles {span['text']}"))
    return draw(diagram["title"], rows, spans, cycles, zero - first, diagram.get("cell", 34))


def table() -> dict[str, dict]:
    """docs/timing.toml."""
    return tomllib.loads(TABLE.read_text())


def runs(block: str) -> list[str]:
    """The runs of a block."""
    return [name for name, entry in table().items() if entry["block"] == block]


def pictures(names: list[str]) -> dict[Path, str]:
    """File and SVG of every diagram of these runs of the table, all if none is named."""
    made = {}
    for name, entry in table().items():
        if names and name not in names:
            continue
        waves = run(name, entry)
        for diagram in entry["diagram"]:
            try:
                svg = picture(waves[diagram["case"]], diagram)
            except ValueError as error:
                raise ValueError(f"docs/timing.toml, {diagram['name']}: {error}") from None
            made[IMAGES / f"timing_{diagram['name']}.svg"] = svg
    return made


def stale(names: list[str]) -> list[str]:
    """Pictures of these runs that are not what their tests give."""
    return [
        f"{path.name} is not current; run make docs"
        for path, svg in pictures(names).items()
        if not path.is_file() or path.read_text() != svg
    ]


def write(names: list[str]) -> None:
    """Draw the diagrams of these runs, all if none is named."""
    for path, svg in pictures(names).items():
        if not path.is_file() or path.read_text() != svg:
            path.write_text(svg)
            print(f"drawn: docs/images/{path.name}")


if __name__ == "__main__":
    write(sys.argv[1:])
