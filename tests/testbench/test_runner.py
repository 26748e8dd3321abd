# SPDX-License-Identifier: Apache-2.0
"""File lists, builds and failures of tb/common/runner.py, and the skip rules of conftest.py."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tb.common import filelist
from tb.common.filelist import FileListError
from tb.common.runner import BUILD, simulate

DUT = """
`default_nettype none
module runner_dut #(parameter STEP = 1) (input wire clk, output reg [7:0] count);
`include "runner_start.vh"
  always @(posedge clk) count <= count + STEP[7:0];
endmodule
`default_nettype wire
"""

CASES = """
import os
import cocotb
from cocotb.triggers import ClockCycles
from tb.common.clock import start_clock

@cocotb.test()
async def counts(dut):
    start_clock(dut)
    await ClockCycles(dut.clk, 5)
    first = int(dut.count.value)
    await ClockCycles(dut.clk, 1)
    step = int(dut.count.value) - first
    assert step == int(os.environ["STEP"]), f"step is {step}"
    assert first >= int(os.environ.get("START", "0"))

@cocotb.test()
async def never_counts(dut):
    assert False, "asked for by the end of its name"

@cocotb.test()
async def hangs(dut):
    start_clock(dut)
    await ClockCycles(dut.clk, 1 << 40)
"""

SKIPPED = """
import cocotb

@cocotb.test(skip=True)
async def left_out(dut):
    pass
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A design, its list and its tests in a folder of their own."""
    (tmp_path / "dut.v").write_text(DUT)
    (tmp_path / "runner_start.vh").write_text("  initial count = 0;\n")
    (tmp_path / "dut.f").write_text("// a list\n+incdir+.\ndut.v # the only source\n")
    (tmp_path / "runner_cases.py").write_text(CASES)
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def run(
    project: Path, sim: str, step: int = 1, testcase: str | list[str] = "counts", **settings
) -> Path:
    settings.setdefault("parameters", {"STEP": step})
    return simulate(
        "runner",
        top="runner_dut",
        test_module="runner_cases",
        sources=filelist.read(project / "dut.f"),
        env={"STEP": str(step), "START": settings.pop("start", "0")},
        testcase=testcase,
        sim=sim,
        **settings,
    )


def builds(sim: str) -> set[Path]:
    return {path.parent for path in (BUILD / sim).glob("runner-*/built")}


@pytest.mark.sim("icarus")
def test_builds_only_what_changed(project: Path, simulator: str) -> None:
    first = run(project, simulator).parents[2]
    stamp = (first / "sim.vvp").stat().st_mtime_ns
    assert run(project, simulator).parents[2] == first
    assert (first / "sim.vvp").stat().st_mtime_ns == stamp
    assert run(project, simulator, step=2).parents[2] != first
    (project / "runner_start.vh").write_text("  initial count = 100;\n")
    changed = run(project, simulator, start="100").parents[2]
    assert changed != first


@pytest.mark.sim("icarus")
def test_own_environment_goes_first(
    project: Path, simulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STEP", "common")
    run(project, simulator)
    assert os.environ["STEP"] == "common"


def test_failure_says_how_to_rerun(project: Path, simulator: str) -> None:
    with pytest.raises(AssertionError) as caught:
        run(project, simulator, step=2, parameters={"STEP": 3})
    text = str(caught.value)
    assert text.startswith("SEED=1: runner_cases.counts failed: step is 3\n")
    assert "cocotb ended with" not in text
    assert f"::test_failure_says_how_to_rerun[{simulator}]' SIM={simulator} SEED=1 WAVES=1" in text


@pytest.mark.sim("icarus")
def test_failing_build(project: Path, simulator: str) -> None:
    (project / "dut.v").write_text(DUT.replace("endmodule", ""))
    with pytest.raises(AssertionError, match="build of runner_dut failed"):
        run(project, simulator)


@pytest.mark.sim("icarus")
@pytest.mark.parametrize("names", [[], ["counts"]])
def test_name_that_does_not_exist_is_a_failure(
    project: Path, simulator: str, names: list[str]
) -> None:
    with pytest.raises(AssertionError, match="did not run: nothing_has_this_name\n"):
        run(project, simulator, testcase=[*names, "nothing_has_this_name"])


@pytest.mark.sim("icarus")
def test_broken_test_module_is_a_failure(project: Path, simulator: str) -> None:
    (project / "runner_cases.py").write_text("import nothing_has_this_name\n")
    with pytest.raises(AssertionError, match="SEED=1: cocotb ended with .* the end of the log"):
        run(project, simulator)


@pytest.mark.sim("icarus")
def test_skip_inside_the_simulation_is_a_failure(project: Path, simulator: str) -> None:
    (project / "runner_cases.py").write_text(SKIPPED)
    with pytest.raises(AssertionError, match="left_out was skipped"):
        run(project, simulator, testcase=[])


@pytest.mark.sim("icarus")
def test_hang_ends(project: Path, simulator: str) -> None:
    begin = time.monotonic()
    with pytest.raises(AssertionError, match="stopped after"):
        run(project, simulator, testcase="hangs", timeout_minutes=0.05)
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("missing.v", "dut.f:1: missing.v does not exist"),
        ("-f other.f", "other.f does not exist"),
        ("-f dut.f", "includes itself"),
        ("--top x", "not understood"),
    ],
)
def test_bad_file_list(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "dut.f").write_text(line + "\n")
    with pytest.raises(FileListError, match=message):
        filelist.read(tmp_path / "dut.f")


def test_file_lists_nest_and_name_a_file_once(tmp_path: Path) -> None:
    for name in ("a.v", "b.v"):
        (tmp_path / name).write_text("module x; endmodule\n")
    (tmp_path / "b.f").write_text("b.v\n")
    (tmp_path / "a.f").write_text("-f b.f\na.v\nb.v\n")
    sources = filelist.read(tmp_path / "a.f").sources
    assert [path.name for path in sources] == ["b.v", "a.v"]


SKIPS = """
import pytest

def test_listed():
    pytest.skip("shared data not found: x")

def test_other():
    pytest.skip("because")
"""


def test_skips() -> None:
    folder = filelist.ROOT / "build" / "skips"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "test_skips.py").write_text(SKIPS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", str(folder)]
    outputs = {}
    for ci in ("true", "false"):
        env = {**os.environ, "CI": ci}
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=filelist.ROOT, env=env, check=False
        )
        outputs[ci] = done.stdout
        assert done.returncode == (1 if ci == "true" else 0), done.stdout + done.stderr
    assert "test_listed: shared data not found: x" in outputs["true"]
    assert "does not list the reason: because" in outputs["true"]
    assert "1 failed, 1 skipped" in outputs["true"]
    assert "test_other: because" in outputs["false"]
    assert "2 skipped" in outputs["false"]
