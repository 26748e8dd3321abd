# SPDX-License-Identifier: Apache-2.0
"""make synth BLOCK=...: Yosys on the netlists that scripts/blocks.toml lists for the block.

Without LIBERTY= the area is Yosys' own CMOS estimate: transistors / 4 as NAND2-equivalents, to be
compared within this flow only. With LIBERTY= it is the cell area / the area of the smallest
two-input NAND of the library. Writes build/synth/<block>.json and a log per netlist.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from scripts.blocks import require_block, settings, stop
from tb.common.filelist import ROOT, FileList, block_list, relative

OUT = ROOT / "build" / "synth"
AREA = "-script +strash;ifraig;scorr;dc2;dch;amap,-m"  # abc, for area and not for delay


def script(files: FileList, entry: dict, liberty: Path | None) -> str:
    """Yosys commands for one netlist."""
    top = entry["top"]
    includes = " ".join(f"-I{path}" for path in files.incdirs)
    lines = [f"read_verilog {includes} {' '.join(map(str, files.sources))}"]
    lines += [f"blackbox {name}" for name in entry.get("blackbox", [])]
    sets = " ".join(f"-chparam {k} {v}" for k, v in entry.get("parameters", {}).items())
    lines += [f"hierarchy -top {top} {sets}", f"synth -flatten -top {top}"]
    if liberty:
        effort = AREA if entry.get("least_area") else ""
        lines += [f"dfflibmap -liberty {liberty}", f"abc -liberty {liberty} {effort}", "opt_clean"]
        lines += ["check", f"tee -o stat.txt stat -liberty {liberty}"]
    else:
        lines += ["dfflegalize -cell $_DFF_P_ x", "abc -g cmos2", "opt_clean", "check"]
        lines.append("tee -o stat.txt stat -tech cmos")
    return "\n".join(lines) + "\n"


def nand2_area(liberty: Path) -> float:
    """Area of the smallest cell whose only output is the NAND of two inputs."""
    nand = re.compile(r"function\s*:\s*\"\(?!\(?A1?\s*[&*]\s*[AB]2?\)*\"")
    areas = []
    text = liberty.read_text(errors="replace")
    for match in re.finditer(r"^\s*cell\s*\(\s*\"?(\w+)\"?\s*\)\s*\{", text, re.MULTILINE):
        end = text.find("\n  cell", match.end())
        body = text[match.end() : end if end > 0 else len(text)]
        area = re.search(r"\barea\s*:\s*([\d.]+)", body)
        if area and nand.search(body):
            areas.append(float(area.group(1)))
    if not areas:
        stop(f"synth: no two-input NAND found in {liberty}")
    return min(areas)


def measure(text: str, liberty: Path | None) -> dict:
    """Figures from the text of Yosys' stat."""
    cells = re.findall(r"Number of cells:\s+(\d+)", text)
    result: dict = {"cells": int(cells[-1])}
    if liberty:
        area = float(re.findall(r"Chip area for (?:top )?module.*?:\s+([\d.]+)", text)[-1])
        result |= {"area": area, "nand2": area / nand2_area(liberty)}
    else:
        found = re.findall(r"Estimated number of transistors:\s+(\d+)(\+?)", text)[-1]
        # A plus sign: some cells have no estimate, so that the figure is a lower bound.
        result |= {"nand2": int(found[0]) / 4, "lower_bound": bool(found[1])}
    result["kge"] = round(result["nand2"] / 1000, 3)
    return result


def ratio_to_plain(netlists: dict, plain: str, per: str) -> float:
    """Least area per unit of all netlists that state it / that of the plain one."""
    key = f"nand2_per_{per}"
    areas = {name: netlist[key] for name, netlist in netlists.items() if key in netlist}
    return round(min(areas.values()) / areas[plain], 3)


def main() -> None:
    """Synthesise the block's netlists and print a table."""
    block = require_block("synth")
    entries = settings(block).get("synth", [])
    if not entries:
        stop(f"synth: no netlists for {block}: add `synth` to scripts/blocks.toml")
    yosys = shutil.which("yosys") or stop("synth: yosys is not installed (apt-get install yosys)")
    liberty = Path(os.environ["LIBERTY"]).resolve() if os.environ.get("LIBERTY") else None
    if liberty and not liberty.is_file():
        stop(f"synth: LIBERTY={liberty} does not exist")
    files = block_list(block)
    report = {"liberty": liberty.name if liberty else None, "netlists": {}}
    for entry in entries:
        name = entry.get("name", entry["top"])
        folder = OUT / f"{block}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "run.ys").write_text(script(files, entry, liberty))
        with open(folder / "yosys.log", "w") as log:
            done = subprocess.run(
                [str(yosys), "-Q", "-T", "run.ys"],
                cwd=folder,
                stdout=log,
                stderr=subprocess.STDOUT,
                check=False,
            )
        if done.returncode:
            tail = "\n".join((folder / "yosys.log").read_text().splitlines()[-15:])
            stop(f"synth: {name} failed, see {relative(folder / 'yosys.log')}\n{tail}")
        figures = measure((folder / "stat.txt").read_text(), liberty)
        for unit, count in entry.get("per", {}).items():
            figures[f"nand2_per_{unit}"] = round(figures["nand2"] / count, 2)
        report["netlists"][name] = figures | {"parameters": entry.get("parameters", {})}
        at_least = "at least " if figures.get("lower_bound") else ""
        print(f"{block} {name}: {figures['cells']:,} cells, {at_least}{figures['kge']:,} kGE")
    if block in report["netlists"]:  # the netlist that stands for the whole block
        report["kge"] = report["netlists"][block]["kge"]
    if ratio := settings(block).get("synth_ratio"):
        report["ratio_to_plain"] = ratio_to_plain(report["netlists"], **ratio)
        print(f"{block}: ratio_to_plain {report['ratio_to_plain']}")
    path = OUT / f"{block}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {relative(path)} ({liberty.name if liberty else 'generic CMOS estimate'})")


if __name__ == "__main__":
    main()
