# SPDX-License-Identifier: Apache-2.0
"""Simulation speed and utilization of one 64x64 macro at full rate: build/bench/dimc.json.

tb/dimc/dimc_bench.v drives the macro, dimc_bench.cpp the clock. Speeds are cycles per second of
processor time of the run, which has one thread."""

from __future__ import annotations

import json
import os
import subprocess

from tb.common.filelist import ROOT, block_list
from tb.common.runner import VERILATOR_ARGS, tool_environment

FOLDER = ROOT / "build" / "bench"
ROWS = COLS = 64
CYCLES = {0: 1_000_000, 1: 10_000}  # by IMPLEMENTATION
KINDS = {0: "behavioural", 1: "structural"}
FORMATS = {False: "int8", True: "int4"}
# A structural macro is some 60 MB of C++: about 2 minutes of processor time with -O1.
OPTIMISE = {0: [], 1: ["-CFLAGS", "-O1"]}


def build(implementation: int, bits: int) -> str:
    """Compile the bench with one kind of macro; returns the program's path."""
    files = block_list("dimc")
    folder = FOLDER / f"dimc_{KINDS[implementation]}_{bits}"
    parameters = {
        "ROWS": ROWS,
        "COLS": COLS,
        "BITS_PER_CYCLE": bits,
        "IMPLEMENTATION": implementation,
    }
    with tool_environment():
        subprocess.run(
            ["verilator", "--cc", "--exe", "--build", "-O3", *VERILATOR_ARGS]
            + OPTIMISE[implementation]
            + [f"-I{path}" for path in files.incdirs]
            + [f"-G{name}={value}" for name, value in parameters.items()]
            + ["--top", "dimc_bench", "--Mdir", str(folder), "-o", "dimc_bench"]
            + [str(path) for path in files.sources]
            + ["tb/dimc/dimc_bench.v", "tb/dimc/dimc_bench.cpp"],
            cwd=ROOT,
            check=True,
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
        )
    return str(folder / "dimc_bench")


def measure(program: str, implementation: int, int4: bool, bits: int) -> dict:
    """One run.

    Returns:
        What dimc_bench.cpp prints, and mac_utilization: multiplications done between the first and
        the last vector, by those that the macro's cells could have done in these cycles.

    Raises:
        AssertionError: writes were dropped or hardly any were made, so nothing was overlapped.
    """
    command = [program, str(CYCLES[implementation]), str(int(int4))]
    result = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert result["conflicts"] == 0 and 5 * result["writes"] > result["span"], result
    per_cycle = ROWS * COLS * (2 if int4 else 1) * bits / 8
    result["mac_utilization"] = result["macs"] / (result["span"] * per_cycle)
    return result


def main() -> None:
    """Build and run all kinds and formats, write the report."""
    report: dict[str, float] = {}
    utilization: dict[str, float] = {}
    for implementation, bits in ((0, 1), (0, 2), (1, 1)):
        program = build(implementation, bits)
        for int4, name in FORMATS.items():
            result = measure(program, implementation, int4, bits)
            kind = f"{KINDS[implementation]}_{name}_{bits}_bit"
            report[f"cycles_per_second_{kind}"] = result["cycles_per_second"]
            utilization[f"mac_utilization_{kind}"] = result["mac_utilization"]
    summary = {
        "cycles_per_second_behavioural": report["cycles_per_second_behavioural_int8_1_bit"],
        "cycles_per_second_structural": report["cycles_per_second_structural_int8_1_bit"],
        "mac_utilization_streaming": min(utilization.values()),
    }
    (FOLDER / "dimc.json").write_text(json.dumps(summary | report | utilization, indent=1) + "\n")
    print(json.dumps(summary | report | utilization, indent=1))
