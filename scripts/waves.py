# SPDX-License-Identifier: Apache-2.0
"""make waves: open the newest waveform, with the view file of its block, or say where it lies."""

from __future__ import annotations

import os
import shutil
import subprocess

from scripts.blocks import chosen, require_block, stop
from tb.common.filelist import ROOT, relative


def main() -> None:
    """Find the newest VCD or FST under build/sim; open it in GTKWave where there is a display."""
    block = require_block("waves") if chosen() else None
    builds = f"{block}[-_]*" if block else "*"
    found = [
        path
        for path in ROOT.glob(f"build/sim/*/{builds}/runs/*/*")
        if path.suffix in (".vcd", ".fst")
    ]
    if not found:
        of_block = f" of {block}" if block else ""
        run = f"make test BLOCK={block or '...'} TEST=... WAVES=1"
        stop(f"waves: no waveform{of_block} yet; {run} writes one per simulation")
    wave = max(found, key=lambda path: path.stat().st_mtime)
    print(f"waveform: {relative(wave)}")
    view = ROOT / "tb" / (block or "") / f"{block}.gtkw"
    if block and view.is_file():
        print(f"view: {relative(view)}")
    if shutil.which("gtkwave") is None or not os.environ.get("DISPLAY"):
        print("no GTKWave or no display here: open the file with gtkwave or surfer")
        return
    subprocess.run(["gtkwave", str(wave), *([str(view)] if view.is_file() else [])], check=True)


if __name__ == "__main__":
    main()
