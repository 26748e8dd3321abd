# SPDX-License-Identifier: Apache-2.0
"""dimc_macro: the pyuvm environment on both simulators, negative tests, illegal parameters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import simulate

SIZES = {
    "verilator": {"ROWS": 64, "COLS": 64, "SETS": 64},
    "icarus": {"ROWS": 16, "COLS": 16, "SETS": 8},
}
EPOCHS = {"verilator": 50, "icarus": 16}
PASSING = [
    "ColumnsAndRows",
    "ValidRange",
    "BackToBack",
    "BackPressure",
    "OneGroupAfterStall",
    "Conflicts",
    "StickyStatus",
    "Undisturbed",
]
FAILING = {
    "FlippedWeightBit": r"stream results beat 0 data lane 2: expected",
    "LostVector": r"stream results beat \d+ .*: expected",
    "LostPreload": r"nothing moved for 500 cycles; valid/ready: .*pre 0/1",
    "LostBeat": r"stream results beat 5 .*: expected",
    "SwappedBeats": r"stream results beat 4 .*: expected",
}
ILLEGAL = {
    "ROWS": (24, "ROWS_must_be_8_16_32_or_64"),
    "COLS": (17, "COLS_must_be_4_to_ROWS"),
    "SETS": (1, "SETS_must_be_2_to_4096"),
    "BITS_PER_CYCLE": (3, "BITS_PER_CYCLE_must_be_1_or_2"),
    "TAG_BITS": (0, "TAG_BITS_must_be_at_least_1"),
    "IMPLEMENTATION": (2, "IMPLEMENTATION_must_be_0_or_1"),
    "TREE": (2, "TREE_must_be_0_or_1"),
}


def sources() -> FileList:
    files = block_list("dimc")
    files.add(FileList([ROOT / "tb" / "common" / "stream_checker.v"]))
    return files


def run(simulator: str, cases: list[str], epochs: int = 0, **parameters: int) -> Path:
    sizes = {**SIZES[simulator], **parameters}
    return simulate(
        "dimc",
        top="dimc_macro_tb",
        test_module="tb.dimc.macro_cases",
        parameters=sizes,
        testcase=cases,
        sources=sources(),
        env={"EPOCHS": str(epochs), **{name: str(value) for name, value in sizes.items()}},
        sim=simulator,
    )


def test_directed(simulator: str) -> None:
    run(simulator, PASSING)


def test_random(simulator: str) -> None:
    run(simulator, ["RandomTraffic"], epochs=EPOCHS[simulator])


@pytest.mark.parametrize("case", FAILING)
def test_disturbance_is_caught(simulator: str, case: str) -> None:
    with pytest.raises(AssertionError, match=FAILING[case]):
        run(simulator, [case])


@pytest.mark.regress
@pytest.mark.parametrize(
    ("rows", "cols", "sets"), [(8, 4, 2), (8, 8, 4096), (16, 12, 5), (32, 32, 9), (64, 48, 16)]
)
def test_sizes(simulator: str, rows: int, cols: int, sets: int) -> None:
    if simulator == "icarus" and rows > 16:
        rows, cols = 16, 7
    run(
        simulator,
        ["ColumnsAndRows", "BackToBack", "BackPressure", "RandomTraffic"],
        epochs=20,
        ROWS=rows,
        COLS=cols,
        SETS=sets,
    )


@pytest.mark.parametrize(
    ("bits", "tree", "size"),
    [
        (1, 1, 8),
        (2, 0, 8),
        (2, 1, 16),
        pytest.param(1, 0, 16, marks=pytest.mark.regress),
        pytest.param(1, 1, 16, marks=pytest.mark.regress),
        pytest.param(2, 1, 8, marks=pytest.mark.regress),
    ],
)
def test_structural(simulator: str, bits: int, tree: int, size: int) -> None:
    sizes = {"ROWS": size, "COLS": size, "SETS": 8}
    cases = ["ColumnsAndRows", "ValidRange", "BackPressure", "Conflicts", "RandomTraffic"]
    kind = {"IMPLEMENTATION": 1, "TREE": tree, "BITS_PER_CYCLE": bits}
    run(simulator, cases, epochs=8, **sizes, **kind)


@pytest.mark.parametrize("implementation", [0, 1])
def test_two_bits_per_cycle(simulator: str, implementation: int) -> None:
    """At full rate where the columns of INT4 are no more than ROWS."""
    sizes = {"ROWS": 16, "COLS": 8, "SETS": 8}
    kind = {"IMPLEMENTATION": implementation, "BITS_PER_CYCLE": 2}
    run(simulator, PASSING, **sizes, **kind)


@pytest.mark.parametrize("name", ILLEGAL)
def test_illegal_parameter_stops_elaboration(simulator: str, name: str) -> None:
    value, rule = ILLEGAL[name]
    small = {"ROWS": 16, "COLS": 16, "SETS": 8}
    with pytest.raises(AssertionError, match=rule):
        run(simulator, ["Undisturbed"], **{**small, name: value})
