# SPDX-License-Identifier: Apache-2.0
"""Run the example of docs/dimc/use_alone.md: python -m tb.dimc.example [options]."""

from __future__ import annotations

from pathlib import Path

import click

from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import SIMULATORS, simulate

HERE = Path(__file__).parent


@click.command()
@click.option("--sim", type=click.Choice(SIMULATORS), default="icarus", show_default=True)
@click.option("--structural", is_flag=True, help="adder columns and SRAMs, not the quick array")
@click.option("--cells", is_flag=True, help="SRAMs out of technology cells (structural)")
def main(sim: str, structural: bool, cells: bool) -> None:
    """Multiply two matrices on macro_alone and compare with models/dimc.py."""
    files = block_list("dimc")
    if cells:
        files.sources.remove(ROOT / "rtl" / "common" / "sram_1p.v")
        files.add(FileList(sorted(HERE.glob("cells/*.v"))))
    files.add(FileList([HERE / "macro_alone.v"]))
    report = ROOT / "build" / "example.txt"
    report.unlink(missing_ok=True)
    size = {"ROWS": 16, "COLS": 16, "SETS": 4}
    simulate(
        "dimc",
        top="macro_alone",
        test_module="tb.dimc.example.program",
        parameters=size | {"IMPLEMENTATION": int(structural or cells)},
        sources=files,
        env={key: str(value) for key, value in size.items()} | {"REPORT": str(report)},
        sim=sim,
    )
    print(report.read_text(), end="")


if __name__ == "__main__":
    main()
