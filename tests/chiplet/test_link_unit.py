# SPDX-License-Identifier: Apache-2.0
"""Three link units joined by wires, on both simulators."""

from __future__ import annotations

from tb.chiplet.sources import sources
from tb.common.filelist import ROOT, FileList
from tb.common.runner import simulate


def test_link_unit(simulator: str) -> None:
    files = sources("common", "chiplet", "link")
    files.add(FileList([ROOT / "rtl" / "chiplet" / "link_unit.v"]))
    simulate("chiplet", top="link_unit_tb", test_module="tb.chiplet.link_unit_cases",
             parameters={"BLOCK": 16}, sim=simulator, sources=files)
