# SPDX-License-Identifier: Apache-2.0
"""The guide docs/dimc/use_alone.md: its commands print what it says, and its SRAM is an sram_1p."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys

import pytest

from tb.common.filelist import ROOT
from tb.common.runner import missing_simulator, simulate

GUIDE = (ROOT / "docs" / "dimc" / "use_alone.md").read_text()
PYTHON = ".venv/bin/python "
BLOCKS = re.findall(r"^```\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
COMMANDS = [line.removeprefix(PYTHON) for line in BLOCKS[0].splitlines()]


def test_the_guide_has_commands_and_their_output() -> None:
    assert len(BLOCKS) == 2 and len(COMMANDS) == 4
    assert BLOCKS[0].count(PYTHON) == 4


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_print_what_the_guide_says(command: str) -> None:
    words = shlex.split(command)
    if reason := missing_simulator("verilator" if "verilator" in words else "icarus"):
        pytest.skip(reason)
    ignored = ("SEED", "SIM", "WAVES", "COVER")
    env = {name: value for name, value in os.environ.items() if name not in ignored}
    done = subprocess.run(
        [sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.endswith(BLOCKS[1])


@pytest.mark.sim("icarus")
@pytest.mark.parametrize(("width", "depth"), [(24, 5), (144, 4), (72, 600)])
def test_sram_of_cells(simulator: str, width: int, depth: int) -> None:
    simulate(
        "common_units",
        top="sram_1p",
        test_module="tb.common_units.sram_cases",
        parameters={"WIDTH": width, "DEPTH": depth},
        sources=[str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("tb/dimc/example/cells/*.v"))],
        env={"WIDTH": str(width), "DEPTH": str(depth)},
        sim=simulator,
    )
