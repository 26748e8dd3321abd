# SPDX-License-Identifier: Apache-2.0
"""dimc_macro: directed, random and negative tests of the pyuvm environment."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import simulate

SIZES = {
    "verilator": {"ROWS": 64, "COLS": 64, "SETS": 64},
    "icarus": {"ROWS": 16, "COLS": 16, "SETS": 8},
}
DIRECTED = [
    "ColumnsAndRows",
    "ValidRange",
    "BackToBack",
    "BackPressure",
    "OneGroupAfterStall",
    "Conflicts",
]
STATUS = ["StickyStatus", "Counters", "InFlight"]
FAILING = {
    "FlippedWeightBit": r"stream results beat 0 data lane 2: expected",
    "LostVector": r"stream results beat \d+ .*: expected",
    "LostPreload": r"nothing moved for 500 cycles; valid/ready: .*pre 0/1",
    "LostBeat": r"stream results beat 5 .*: expected",
    "SwappedBeats": r"stream results beat 4 .*: expected",
}
BROKEN = [
    "wr_ready is not low just while a vector comes",
    "wr_conflict without a write",
    "too many preload beats taken",
    "result of a tile that was not accepted",
    "result index out of order",
    "res_last on the wrong beat",
    "result with another tile's tag",
    "not busy while results are owed",
    "count_vectors jumps",
    "more vectors counted than accepted",
    "count_conflicts is wrong",
    "count_stalls is wrong",
    "more tiles in flight than the checker holds",
]


def sources() -> FileList:
    files = block_list("dimc")
    folder = ROOT / "tb"
    checkers = [folder / "common" / "stream_checker.v", folder / "dimc" / "dimc_macro_checker.v"]
    files.add(FileList(checkers))
    return files


def run(simulator: str, module: str, cases: list[str], env=None, **parameters: int) -> Path:
    """Cocotb tests of tb/dimc/macro_<module>.py at the simulator's size, or another."""
    sizes = {**SIZES[simulator], **parameters}
    return simulate(
        "dimc",
        top="dimc_macro_tb",
        test_module=f"tb.dimc.macro_{module}",
        parameters=sizes,
        testcase=cases,
        sources=sources(),
        env={**{name: str(value) for name, value in sizes.items()}, **(env or {})},
        sim=simulator,
    )


def run_random(simulator: str, epochs: int, *cases: str, **parameters: int) -> None:
    names = list(cases or ["RandomTraffic"])
    run(simulator, "random", names, {"EPOCHS": str(epochs)}, **parameters)


def test_directed(simulator: str) -> None:
    run(simulator, "directed", [*DIRECTED, "TooManyColumns"])


def test_status(simulator: str) -> None:
    run(simulator, "status", STATUS)


def test_random(simulator: str) -> None:
    run_random(simulator, 24)


def test_reset(simulator: str) -> None:
    run_random(simulator, 8, "RandomReset")


@pytest.mark.parametrize("case", FAILING)
def test_disturbance_is_caught(simulator: str, case: str) -> None:
    with pytest.raises(AssertionError, match=FAILING[case]):
        run(simulator, "disturbed", [case])


def test_undisturbed(simulator: str) -> None:
    run(simulator, "disturbed", ["Undisturbed"])


@pytest.mark.sim("verilator")
@pytest.mark.parametrize("bit", range(len(BROKEN)))
def test_broken_rule_stops_the_run(simulator: str, bit: int) -> None:
    with pytest.raises(AssertionError, match=f"dimc_macro_checker: {BROKEN[bit]}"):
        run(simulator, "disturbed", ["BrokenRule"], {"DISTURB": str(bit)})


@pytest.mark.sim("icarus")
def test_unknown_status_stops_the_run(simulator: str) -> None:
    with pytest.raises(AssertionError, match="dimc_macro_checker: status or ready is X"):
        run(simulator, "disturbed", ["UnknownLock"])
