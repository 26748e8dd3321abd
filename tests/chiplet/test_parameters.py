# SPDX-License-Identifier: Apache-2.0
"""Parameters at their limits elaborate; impossible ones stop elaboration."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tb.chiplet.sources import unit
from tb.common.runner import tool_environment

UNITS = ("dma", "memory_port")
LIMITS = {
    "dispatcher": {"N_MACROS": (1, 12), "N_CHIPLETS": (1, 8)},
    "stash": {"STASH_BEATS": (32, 65536), "N_PORTS": (1, 64)},
    "list_fetcher": {"BLOCK": (16, 64), "BURST": (1, 8)},
    "mac_sequencer": {"BLOCK": (8, 64), "SETS": (1, 4096), "STASH_BEATS": (1, 65536)},
    "move_engine": {"BLOCK": (4, 64), "SETS": (1, 4096), "STASH_BEATS": (1, 65536),
                    "N_MACROS": (1, 12)},
    "send_engine": {"STASH_BEATS": (1, 65536), "N_CHIPLETS": (1, 8), "N_QUEUES": (1, 16)},
    "link_receiver": {"STASH_BEATS": (1, 65536)},
    "stash_reader": {"DEPTH": (1, 255)},
    "semaphores": {"Q": (1, 16)},
    "dma": {"BLOCK": (4, 64), "SETS": (1, 4096), "STASH_BEATS": (1, 65536), "N_MACROS": (1, 12),
            "STORE_BURST": (1, 16)},
    "memory_port": {"BLOCK": (16, 64), "CLIENTS": (1, 16)},
}
ODD = [("dma", "BLOCK", 24), ("move_engine", "BLOCK", 12), ("mac_sequencer", "BLOCK", 48),
       ("memory_port", "BLOCK", 24), ("list_fetcher", "BLOCK", 8), ("list_fetcher", "BLOCK", 128),
       ("stash", "STASH_BEATS", 96), ("stash", "BANKS", 3), ("mac_sequencer", "BUFFER", 3),
       ("dispatcher", "IN_FLIGHT", 3)]
CASES = [(top, name, low - 1) for top, names in LIMITS.items() for name, (low, _) in names.items()
         if (top, name) != ("list_fetcher", "BLOCK")]
CASES += [(top, name, high + 1) for top, names in LIMITS.items()
          for name, (_, high) in names.items() if (top, name) != ("list_fetcher", "BLOCK")]


def elaborate(tool: str, top: str, parameters: dict[str, int], folder: Path) -> str:
    """The tool's complaints."""
    files = unit(*UNITS)
    includes = [f"-I{path}" for path in files.incdirs]
    sources = [str(path) for path in files.sources]
    if tool == "iverilog":
        sets = [f"-P{top}.{name}={value}" for name, value in parameters.items()]
        command = ["iverilog", "-g2005", "-o", str(folder / "out"), "-s", top, *sets, *includes]
    else:
        sets = [f"-G{name}={value}" for name, value in parameters.items()]
        command = ["verilator", "--lint-only", "-Wno-lint", "-Wno-style", "--top", top, *sets,
                   *includes]
    with tool_environment():
        done = subprocess.run([*command, *sources], capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@pytest.fixture
def tool(request: pytest.FixtureRequest) -> str:
    if request.param == "iverilog" and not shutil.which("iverilog"):
        pytest.skip("iverilog is not installed")
    return request.param


@pytest.mark.parametrize("tool", ["iverilog", "verilator"], indirect=True)
def test_impossible_parameters(tool: str, tmp_path: Path) -> None:
    for top, name, value in CASES + ODD:
        said = elaborate(tool, top, {name: value}, tmp_path)
        assert f"{name}_must" in said or "must_hold_a_BURST" in said, (top, name, value, said)


@pytest.mark.parametrize("tool", ["iverilog"], indirect=True)
def test_limits(tool: str, tmp_path: Path) -> None:
    for top, names in LIMITS.items():
        for number in (0, 1):
            at = {name: limits[number] for name, limits in names.items()}
            assert not elaborate(tool, top, at, tmp_path), (top, at)
