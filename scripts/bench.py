# SPDX-License-Identifier: Apache-2.0
"""make bench BLOCK=...: runs scripts/bench_<block>.py, which writes build/bench/<block>.json."""

from __future__ import annotations

import importlib

from scripts.blocks import require_block, stop
from tb.common.filelist import ROOT


def main() -> None:
    """Run the benchmark of BLOCK, or say that there is none."""
    block = require_block("bench")
    if not (ROOT / "scripts" / f"bench_{block}.py").is_file():
        have = sorted(path.stem.removeprefix("bench_") for path in ROOT.glob("scripts/bench_*.py"))
        stop(f"bench: {block} has no benchmark; there are: {', '.join(have) or 'none yet'}")
    (ROOT / "build" / "bench").mkdir(parents=True, exist_ok=True)
    importlib.import_module(f"scripts.bench_{block}").main()


if __name__ == "__main__":
    main()
