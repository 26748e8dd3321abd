# SPDX-License-Identifier: Apache-2.0
"""make waves: open the newest waveform with the view of its top module, or say where they lie.

A view, tb/*/<name>.gtkw, is a save file of GTKWave whose signals are written without their ranges,
so that one view does for all sizes: the ranges come from the waveform, and a signal that it does
not have is left out. The view that has signals of the waveform's top module is taken. A line
`^1 <set>` (with flag 2000 before it) shows the values of the next signal by the names of a set of
scripts/names.py.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from scripts.blocks import chosen, require_block, stop
from scripts.names import all_names
from tb.common.filelist import ROOT, relative

OUT = ROOT / "build" / "waves"
NAMES = re.compile(r"^\^1 (?P<set>\w+)$", re.MULTILINE)
SIGNAL = re.compile(r"^(\+\{.*\} )?(?P<name>[A-Za-z_][\w.\[\]]*)$", re.MULTILINE)


def signals(lines: Iterable[str]) -> dict[str, str]:
    """Full name of every signal in the header of a VCD file, and its range, "" for one bit."""
    scopes: list[str] = []
    found = {}
    for line in lines:
        words = line.split()
        if words[:1] == ["$scope"]:
            scopes.append(words[2])
        elif words[:1] == ["$upscope"]:
            scopes.pop()
        elif words[:1] == ["$var"]:
            name, _, bits = "".join(words[4:-1]).partition("[")
            found[".".join([*scopes, name])] = f"[{bits}" if bits else ""
        elif words[:1] == ["$enddefinitions"]:
            break
    return found


def header(wave: Path) -> dict[str, str]:
    """`signals` of a VCD or FST file; of an FST file nothing where GTKWave is not installed."""
    if wave.suffix == ".vcd":
        with open(wave, errors="replace") as lines:
            return signals(lines)
    if shutil.which("fst2vcd") is None:
        return {}
    with subprocess.Popen(["fst2vcd", str(wave)], stdout=subprocess.PIPE, text=True) as convert:
        found = signals(convert.stdout or ())
        convert.kill()
    return found


def filled(view: str, known: dict[str, str]) -> str:
    """The text of a view with the ranges of a waveform, without what the waveform lacks: signals,
    and headings whose signals are all missing."""
    lines: list[str] = []
    group: list[str] = []  # since the last heading
    named = kept = 0
    for line in [*view.splitlines(), "@200"]:
        if line == "@200":
            lines += group if kept or not named else []
            group, named, kept = [], 0, 0
        match = SIGNAL.fullmatch(line)
        if match is None:
            group.append(line)
            continue
        named += 1
        if match["name"] in known:
            group.append(line + known[match["name"]])
            kept += 1
    return "\n".join(lines) + "\n"


def with_names(view: str, folder: Path) -> str:
    """The text of a view whose sets of names are files in `folder`, written here: a value in
    hexadecimal, as signals of up to 32 bits show it, and its name per line."""
    sets = all_names()

    def file(match: re.Match) -> str:
        path = folder / f"{match['set']}.txt"
        path.write_text("".join(
            f"{value:0{digits}x} {name}\n" for value, name in sets[match["set"]].items()
            for digits in (1, 2, 8) if digits >= len(f"{value:x}")))
        return f"^1 {path}"

    return NAMES.sub(file, view)


def view_for(known: dict[str, str], folder: Path = ROOT / "tb") -> Path | None:
    """The view in tb/ with signals of a top module that a waveform has."""
    tops = {name.split(".")[0] for name in known}
    for path in sorted(folder.glob("*/*.gtkw")):
        named = re.findall(r"^(?:\+\{.*\} )?([A-Za-z_]\w*)\.", path.read_text(), re.MULTILINE)
        if tops.intersection(named):
            return path
    return None


def main() -> None:
    """Find the newest VCD or FST under build/sim; open it in GTKWave where there is a display."""
    block = require_block("waves") if chosen() else None
    builds = f"{block}[-_]*" if block else "*"
    places = [f"build/sim/*/{builds}/runs/*/*"]
    if block in (None, "package"):  # of make sim and of tests/package
        places += ["build/sim/run/waves.*", "build/sim/package-tests/*/*/waves.*"]
    found = [
        path
        for place in places
        for path in ROOT.glob(place)
        if path.suffix in (".vcd", ".fst")
    ]
    if not found:
        of_block = f" of {block}" if block else ""
        run = f"make test BLOCK={block or '...'} TEST=... WAVES=1"
        stop(f"waves: no waveform{of_block} yet; {run} writes one per simulation")
    wave = max(found, key=lambda path: path.stat().st_mtime)
    print(f"waveform: {relative(wave)}")
    arguments = [str(wave)]
    known = header(wave)
    if view := view_for(known):
        OUT.mkdir(parents=True, exist_ok=True)
        copy = OUT / view.name
        copy.write_text(with_names(filled(view.read_text(), known), OUT))
        print(f"view: {relative(copy)} (from {relative(view)})")
        arguments.append(str(copy))
    if shutil.which("gtkwave") is None or not os.environ.get("DISPLAY"):
        print("no GTKWave or no display here: open the file with gtkwave or surfer")
        return
    subprocess.run(["gtkwave", *arguments], check=True)


if __name__ == "__main__":
    main()
