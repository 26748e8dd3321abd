# SPDX-License-Identifier: Apache-2.0
"""The host port behind an AXI4-Lite initiator, on both simulators."""

from __future__ import annotations

from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import simulate


def test_host_port(simulator: str) -> None:
    files = block_list("common")
    files.add(FileList([ROOT / "rtl" / "package" / "host_port.v",
                        ROOT / "tb" / "common" / "stream_checker.v"], [ROOT / "build" / "gen"]))
    simulate("package", top="host_port_tb", test_module="tb.package.host_port_cases",
             sim=simulator, sources=files)
