# SPDX-License-Identifier: Apache-2.0
"""Source lists of the chiplet's unit benches: the engines of rtl/chiplet without the rest of it."""

from __future__ import annotations

from tb.common.filelist import ROOT, FileList, block_list

CHECKER = ROOT / "tb" / "common" / "stream_checker.v"


def sources(*blocks: str) -> FileList:
    """The file lists of `blocks` (default: common and chiplet) and the protocol checker."""
    files = FileList()
    for block in blocks or ("common", "chiplet"):
        files.add(block_list(block))
    files.add(FileList([CHECKER]))
    return files


def unit(*names: str) -> FileList:
    """As `sources()`, with files of rtl/chiplet that its list lacks, and the memory model."""
    files = sources()
    files.add(FileList([ROOT / "rtl" / "chiplet" / f"{name}.v" for name in names]))
    files.add(FileList([ROOT / "tb" / "common" / "axi_memory.v"]))
    return files
