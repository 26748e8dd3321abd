# SPDX-License-Identifier: Apache-2.0
"""The vector engine against models/vector_engine.py."""

from __future__ import annotations

import pytest

from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import simulate

FAULTS = {
    "wrong_bit": (1, r"stream d_req beat 0 data lane \d+: expected"),
    "wrong_address": (2, r"stream d_req beat 0 addr lane 0: expected"),
    "lost_beat": (3, r"stream d_req(: \d+ beats missing| beat \d+ .*: expected)"),
    "wrong_scalar": (4, r"stream scalar beat 0: expected"),
    "wrong_signature": (5, r"stream done beat 0: expected"),
    "wrong_operand": (6, r"stream (d_req|scalar|done) beat \d+.*: expected"),
}

ILLEGAL = {
    "BLOCK": (24, "BLOCK_must_be_16_32_or_64"),
    "STASH_BEATS": (131072, "STASH_BEATS_must_be_1_to_65536"),
    "FN_CYCLES": (3, "CYCLES_must_be_1_2_or_4"),
    "READ_DEPTH": (1, "READ_DEPTH_must_be_at_least_2"),
}


UNSEEN = {
    "BitIsSeen": r"stream d_req beat 39 data lane 1: expected",
    "LossIsSeen": r"stream d_req(: \d+ beats missing| beat 39 .*: expected)",
    "SwapIsSeen": r"stream d_req beat 39 .*: expected",
}


def sources() -> FileList:
    """The block and what its wrapper needs."""
    files = block_list("vector")
    files.add(FileList([ROOT / "tb/common/stream_checker.v", ROOT / "tb/vector/stash_port.v"]))
    return files


def run(simulator: str, block: int, testcase: str, commands: int = 0, fault: int = 0,
        module: str = "cases", epochs: int = 0) -> None:
    size = {"BLOCK": block, "STASH_BEATS": 1024}
    simulate(
        "vector",
        top="vector_tb",
        test_module=f"tb.vector.vector_{module}",
        parameters=size,
        sources=sources(),
        env={**{name: str(value) for name, value in size.items()}, "COMMANDS": str(commands),
             "FAULT": str(fault), "EPOCHS": str(epochs)},
        testcase=testcase,
        sim=simulator,
    )


@pytest.mark.parametrize("testcase", ["random_chains", "refused_commands", "ends", "back_to_back",
                                      "cycles"])
def test_commands(simulator: str, testcase: str) -> None:
    few = {"random_chains": 150, "cycles": 30}
    run(simulator, 16, testcase, commands=few.get(testcase, 0))


@pytest.mark.parametrize("testcase", ["RandomTraffic", "RandomReset"])
def test_random(simulator: str, testcase: str) -> None:
    epochs = {"icarus": 4, "verilator": 20}[simulator]
    run(simulator, 16, testcase, module="random", epochs=epochs)


@pytest.mark.regress
@pytest.mark.sim("verilator")
@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("testcase", ["RandomTraffic", "RandomReset"])
def test_random_long(simulator: str, testcase: str, block: int) -> None:
    run(simulator, block, testcase, module="random", epochs=300)


@pytest.mark.sim("verilator")
@pytest.mark.parametrize("name", UNSEEN)
def test_environment_sees(simulator: str, name: str) -> None:
    with pytest.raises(AssertionError, match=UNSEEN[name]):
        run(simulator, 16, name, module="random")


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(simulator: str, name: str) -> None:
    fault, message = FAULTS[name]
    with pytest.raises(AssertionError, match=message):
        run(simulator, 16, "random_chains", commands=30, fault=fault)


@pytest.mark.parametrize("name", ILLEGAL)
def test_impossible_parameter_stops_elaboration(simulator: str, name: str) -> None:
    value, rule = ILLEGAL[name]
    with pytest.raises(AssertionError, match=rule):
        simulate("vector", top="vector_engine", test_module="none", parameters={name: value},
                 sim=simulator)
