# SPDX-License-Identifier: Apache-2.0
"""Simulation speed of one 64x64 macro at full rate, free-running: build/bench/dimc.json."""

from __future__ import annotations

import json
import os
import subprocess

from tb.common.filelist import ROOT, block_list
from tb.common.runner import VERILATOR_ARGS, tool_environment

CYCLES = 1_000_000
FOLDER = ROOT / "build" / "bench"


def build() -> None:
    """Compile tb/dimc/dimc_bench.v with its clock."""
    files = block_list("dimc")
    with tool_environment():
        subprocess.run(
            ["verilator", "--cc", "--exe", "--build", "-O3", *VERILATOR_ARGS]
            + [f"-I{path}" for path in files.incdirs]
            + ["--top", "dimc_bench", "--Mdir", str(FOLDER / "dimc"), "-o", "dimc_bench"]
            + [str(path) for path in files.sources]
            + ["tb/dimc/dimc_bench.v", "tb/dimc/dimc_bench.cpp"],
            cwd=ROOT,
            check=True,
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
        )


def measure(int4: bool) -> dict:
    """One run; raises AssertionError if the macro was not busy in every cycle."""
    command = [str(FOLDER / "dimc" / "dimc_bench"), str(CYCLES), str(int(int4))]
    result = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert abs(8 * result["vectors"] - CYCLES) <= 16, "the macro was not streaming"
    return result


def main() -> None:
    """Build, run both formats, write the report."""
    build()
    int8, int4 = measure(False), measure(True)
    report = {
        "cycles_per_second_behavioural": int8["cycles_per_second"],
        "cycles_per_second_behavioural_int4": int4["cycles_per_second"],
        "vectors_per_8_cycles": 8 * int8["vectors"] / CYCLES,
    }
    (FOLDER / "dimc.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))
