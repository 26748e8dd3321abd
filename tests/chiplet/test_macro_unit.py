# SPDX-License-Identifier: Apache-2.0
"""The two writers of a macro, on both simulators."""

from __future__ import annotations

from tb.chiplet.sources import sources
from tb.common.filelist import ROOT, FileList
from tb.common.runner import simulate


def test_macro_unit(simulator: str) -> None:
    files = sources("common", "chiplet", "dimc")
    files.add(FileList([ROOT / "rtl" / "chiplet" / "macro_unit.v"]))
    sets = {"verilator": 16, "icarus": 8}[simulator]
    simulate("chiplet", top="macro_unit_tb", test_module="tb.chiplet.macro_unit_cases",
             parameters={"BLOCK": 16, "SETS": sets}, sim=simulator, sources=files)
