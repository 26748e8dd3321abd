# SPDX-License-Identifier: Apache-2.0
"""Cycles per instruction of the core with one-cycle memories, and speed of scripts/run_core.py:
build/bench/core.json.

Kernels are those of firmware/kernels, compiled with -O3 for RV32IMC; each runs about as many
instructions as the others, and must give the checksum of scripts/kernels.py. `cpi.overall` is the
sum of their cycles over the sum of their instructions.
"""

from __future__ import annotations

import json
from pathlib import Path

from scripts import run_core
from scripts.firmware import FIRMWARE, Image, build
from scripts.kernels import KERNELS
from tb.common.filelist import ROOT

FOLDER = ROOT / "build" / "bench"
SEED = 1
ROUNDS = {"list": 40, "matrix": 30, "state": 110, "crc": 100}
SPEED_ROUNDS = 40  # times as long: what is measured for cycles_per_second


def image(kernel: str, rounds: int) -> Image:
    """The program that runs one kernel."""
    sources = [FIRMWARE / "kernels" / name for name in ("bench.c", f"{kernel}.c")]
    defines = {"KERNEL": f"{kernel}_kernel", "SEED": SEED, "ROUNDS": rounds}
    return build(f"bench_{kernel}", sources, FIRMWARE / "link_ram.ld", defines, optimize="-O3")


def measure(kernel: str, rounds: int) -> tuple[int, int, float]:
    """Cycles, instructions of the kernel alone, simulated cycles per second.

    Raises:
        AssertionError: the checksum is wrong.
    """
    signature = FOLDER / f"core_{kernel}.signature"
    outcome = run_core.run(Path(image(kernel, rounds).elf), signature=signature)
    assert outcome.status == 0, f"{kernel}: status {outcome.status}"
    checksum, cycles, instructions = (int(line, 16) for line in signature.read_text().split())
    expected = KERNELS[kernel](SEED, rounds)
    assert checksum == expected, f"{kernel}: checksum {checksum:08x}, expected {expected:08x}"
    return cycles, instructions, outcome.cycles / outcome.seconds


def main() -> None:
    """Run all kernels, write the report."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    figures = {name: measure(name, rounds)[:2] for name, rounds in ROUNDS.items()}
    cycles, instructions = (sum(column) for column in zip(*figures.values()))
    report = {
        "cpi": {"overall": round(cycles / instructions, 4)}
        | {name: round(c / i, 4) for name, (c, i) in figures.items()},
        "instructions": {name: i for name, (_, i) in figures.items()},
        "cycles_per_second": round(measure("crc", SPEED_ROUNDS * ROUNDS["crc"])[2]),
    }
    (FOLDER / "core.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
