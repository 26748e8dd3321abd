# SPDX-License-Identifier: Apache-2.0
"""scripts/mutate.py: tests that see a fault kill it, tests that see none leave it as a survivor,
and what is no fault is proved to be none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import mutate
from scripts.equivalence import Graph, prove
from scripts.mutants import Fault
from scripts.status import read_junit
from tb.common.filelist import ROOT

UNITS = "tests/common/test_units.py"
FIFO = {"top": "fifo", "parameters": {"WIDTH": 7, "DEPTH": 5}}
PROGRAM = """
from scripts.mutate import Report, make_netlists, try_netlist
report = Report("common", {waivers})
for netlist, tree in make_netlists("common", [{entry}], [{count}]):
    try_netlist(report, netlist, tree)
print("RESULT", sum(report.killed.values()), len(report.equivalent), len(report.waived),
      len(report.survivors))
"""
# Two inputs, a register r; output x = r AND a, next r = b. Select 1 inverts b, select 2 a where r
# is 0, which changes nothing; select 3 sets r, which is 0 after reset, where b is 0.
NETLIST = """
module eq(input clk, rst, a, b, input [1:0] mutant_select, output x, y);
  reg r, z;
  always @(posedge clk) begin
    r <= b ^ (mutant_select == 1);
    z <= !rst & z;
  end
  assign x = r & (a ^ (mutant_select == 2 & !r));
  assign y = z & mutant_select != 3;
endmodule
"""

needs_yosys = pytest.mark.skipif(
    shutil.which("yosys") is None, reason="Yosys is not installed (apt-get install yosys)"
)


def tried(name: str, test: str, count: int, waivers: list[dict]) -> list[int]:
    """Killed, equivalent, waived and surviving mutants of a FIFO under one test."""
    entry = {**FIFO, "name": name, "tests": [f"{UNITS}::{test}"]}
    program = PROGRAM.format(waivers=waivers, entry=entry, count=count)
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return [int(n) for n in done.stdout.split("RESULT")[1].split()]


@needs_yosys
@pytest.mark.regress
def test_good_tests_kill() -> None:
    killed, equivalent, waived, survivors = tried("good", "test_fifo[verilator-7-5]", 6, [])
    assert killed + equivalent == 6 and killed >= 4 and not waived and not survivors


@needs_yosys
@pytest.mark.regress
def test_blind_tests_leave_survivors() -> None:
    blind = "test_signature_model"  # simulates nothing
    killed, equivalent, waived, survivors = tried("blind", blind, 6, [])
    assert not killed and not waived and survivors >= 4 and survivors + equivalent == 6
    waiver = {"file": "rtl/common/fifo.v", "line": "", "what": "", "reason": "a test"}
    assert tried("waived", blind, 6, [waiver]) == [0, equivalent, survivors, 0]


@needs_yosys
@pytest.mark.regress
def test_equivalence(tmp_path: Path) -> None:
    (tmp_path / "eq.v").write_text(NETLIST)
    script = (
        "read_verilog eq.v; hierarchy -top eq; proc; techmap; aigmap; opt_clean; "
        "write_aiger -ascii -symbols eq.aag"
    )
    subprocess.run(["yosys", "-q", "-p", script], cwd=tmp_path, check=True)
    graph = Graph.read(tmp_path / "eq.aag")
    kinds = [prove(graph, "mutant_select", n, tmp_path, 10) for n in range(4)]
    assert kinds == ["any state", "", "any state", "after reset"]


def test_a_fault_must_apply_once(tmp_path: Path) -> None:
    fault = Fault("twice", "rtl/common/fifo.v", "count_q", "x", "", "fifo")
    with pytest.raises(SystemExit):
        fault.make("common")


@pytest.mark.parametrize(
    ("count", "survivors", "outcome"), [(None, 0, "passed"), ("40", 2, "failed")]
)
def test_outcome_is_recorded(
    count: str | None, survivors: int, outcome: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the command that was run, for the status table."""
    monkeypatch.setattr(mutate, "RESULTS", tmp_path)
    mutate.record("unit", count, survivors)
    name = "make mutate BLOCK=unit" + (f" MUTANTS={count}" if count else "")
    assert read_junit([tmp_path / "mutate-unit.xml"]) == {name: outcome}
