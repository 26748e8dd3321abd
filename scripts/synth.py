# SPDX-License-Identifier: Apache-2.0
"""make synth BLOCK=...: Yosys on the netlists that scripts/blocks.toml lists for the block.

Without LIBERTY= the area is Yosys' own CMOS estimate: transistors / 4 as NAND2-equivalents, to be
compared within this flow only. With LIBERTY= it is the cell area / the area of the smallest
two-input NAND of the library. Modules marked keep_hierarchy are mapped by themselves, then
everything is one flat netlist. Writes build/synth/<block>.json and a log per netlist.

`path_cells` is the largest number of cells one behind the other, from a register or input to a
register or output. It is no time: no wire, no load, no drive strength is in it.
`sram_bits` are those of sram_1p instances, or with `fast` of all memories of 64 words or more; they
are left out of area and path.
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
# Least area: the smallest of these ways, all of which every netlist with `least_area` goes through.
# Yosys' alumacc merges trees of `+` before it builds adders, which may help or harm.
FRONT_ENDS = ("", "-noalumacc")
AREA = ("+strash;ifraig;scorr;dc2;dch;amap,-m", "+strash;dch;amap,-m")
# For netlists full of multipliers and wide selections, which `synth` never brings to an end: no
# searches by SAT, constants left to abc. What it stores 64 words in or more becomes ports.
LARGE = r"t:$mem_v2 r:SIZE>=64 %i r:WR_PORTS>=1 %i"
FAST = (
    *("opt_muxtree", "opt_reduce", "opt_merge", "opt_expr", "opt_dff", "wreduce", "alumacc"),
    *("opt_clean", "memory -nomap", f"tee -o srams.txt dump {LARGE}", f"expose -evert {LARGE}"),
    *("memory_map", "opt_clean", "techmap", "opt_clean"),
)
FAST_MAPPING = "-script +strash;dc2;map"


def ways(entry: dict, liberty: Path | None) -> list[tuple[str, str]]:
    """Options of synth and of abc, one pair per way to map the netlist."""
    cells = f"-liberty {liberty}" if liberty else "-g cmos2"
    if entry.get("fast"):
        scripts = (f"{cells} {FAST_MAPPING}",)
    elif not liberty:
        scripts = (cells,)
    elif entry.get("least_area"):
        scripts = tuple(f"{cells} -script {script}" for script in AREA)
    else:
        scripts = (cells,)
    fronts = FRONT_ENDS if entry.get("least_area") else FRONT_ENDS[:1]
    return [(front, script) for front in fronts for script in scripts]


def script(files: FileList, entry: dict, liberty: Path | None) -> str:
    """Yosys commands for one netlist; way i leaves stat<i>.txt and path<i>.txt, and srams.txt."""
    top = entry["top"]
    includes = " ".join(f"-I{path}" for path in files.incdirs)
    lines = [f"read_liberty -lib {liberty}"] if liberty else []
    sources = [*files.sources, *(ROOT / name for name in entry.get("sources", []))]
    fast, left_out = entry.get("fast", False), entry.get("blackbox", [])
    # Modules that a fast netlist does not have are not elaborated; one to leave out must be.
    at_once = [path for path in sources if not fast or path.stem in left_out]
    later = [path for path in sources if path not in at_once]
    lines += [f"read_verilog {includes} {' '.join(map(str, at_once))}"] if at_once else []
    lines += [f"blackbox {name}" for name in left_out]
    lines += [f"read_verilog -defer {includes} {' '.join(map(str, later))}"] if later else []
    sets = " ".join(f"-chparam {k} {v}" for k, v in entry.get("parameters", {}).items())
    # Names of objects, which hold line numbers, would otherwise decide ties and change the area.
    lines += [f"hierarchy -top {top} {sets}", "proc", "flatten"]
    lines += [*(("opt_expr", "opt_clean") if fast else ("opt",)), "rename -enumerate"]
    lines += [*(() if fast else ("tee -o srams.txt dump t:sram_1p",)), "design -save start"]
    for i, (front, mapping) in enumerate(ways(entry, liberty)):
        lines += ["design -load start"]
        lines += FAST if fast else [f"synth -flatten {front} -top {top}"]
        lines.append(f"dfflibmap -liberty {liberty}" if liberty else "dfflegalize -cell $_DFF_P_ x")
        lines += [f"abc {mapping}", "setattr -mod -unset keep_hierarchy *", "flatten", "opt_clean"]
        # Registers and SRAMs end a path.
        paths = "*/* t:*_DFF* %d t:*_df* %d t:*_sdf* %d t:sram_1p %d"
        lines += ["check", f"tee -o path{i}.txt ltp {paths}"]
        lines.append(
            f"tee -o stat{i}.txt stat " + (f"-liberty {liberty}" if liberty else "-tech cmos")
        )
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


def sram_bits(text: str) -> int:
    """Bits of all sram_1p and memories in the text of Yosys' dump."""
    widths = re.findall(r"parameter(?: signed)? \\WIDTH (?:32'([01]+)|(\d+))", text)
    depths = re.findall(r"parameter(?: signed)? \\(?:DEPTH|SIZE) (?:32'([01]+)|(\d+))", text)
    value = [[int(b, 2) if b else int(d) for b, d in found] for found in (widths, depths)]
    return sum(width * depth for width, depth in zip(*value, strict=True))


def measure(text: str, path: str, liberty: Path | None) -> dict:
    """Figures from the texts of Yosys' stat and ltp."""
    cells = re.findall(r"Number of cells:\s+(\d+)", text)
    length = re.findall(r"Longest topological path in .*\(length=(\d+)\)", path)
    result: dict = {"cells": int(cells[-1]), "path_cells": int(length[-1])}
    if liberty:
        area = float(re.findall(r"Chip area for (?:top )?module.*?:\s+([\d.]+)", text)[-1])
        result |= {"area": area, "nand2": area / nand2_area(liberty)}
    else:
        found = re.findall(r"Estimated number of transistors:\s+(\d+)(\+?)", text)[-1]
        # A plus sign: some cells have no estimate, so that the figure is a lower bound.
        result |= {"nand2": int(found[0]) / 4, "lower_bound": bool(found[1])}
    result["kge"] = round(result["nand2"] / 1000, 3)
    return result


def least(folder: Path, entry: dict, liberty: Path | None) -> dict:
    """Figures of the smallest way, with the options that gave it."""
    found = []
    for i, (front, mapping) in enumerate(ways(entry, liberty)):
        texts = [(folder / f"{kind}{i}.txt").read_text() for kind in ("stat", "path")]
        options = " ".join(f"{front} {mapping}".replace(f"-liberty {liberty}", "-liberty").split())
        found.append(measure(*texts, liberty) | {"options": options})
    best = min(found, key=lambda figures: figures["nand2"])
    if entry.get("fast") or "sram_1p" in entry.get("blackbox", []):
        best["sram_bits"] = sram_bits((folder / "srams.txt").read_text())
    return best


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
    report = {"liberty": liberty.name if liberty else None, "netlists": {}}
    for entry in entries:
        name = entry.get("name", entry["top"])
        folder = OUT / f"{block}-{name}"
        folder.mkdir(parents=True, exist_ok=True)
        files = block_list(entry.get("list", block))
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
        figures = least(folder, entry, liberty)
        for unit, count in entry.get("per", {}).items():
            figures[f"nand2_per_{unit}"] = round(figures["nand2"] / count, 2)
        report["netlists"][name] = figures | {"parameters": entry.get("parameters", {})}
        at_least = "at least " if figures.get("lower_bound") else ""
        print(
            f"{block} {name}: {figures['cells']:,} cells, {at_least}{figures['kge']:,} kGE, "
            f"{figures['path_cells']} cells in the longest path",
            flush=True,
        )
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
