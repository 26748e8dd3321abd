# SPDX-License-Identifier: Apache-2.0
"""The die-to-die link, two ends and their channels, on both simulators."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb.common.filelist import ROOT, read
from tb.common.runner import simulate
from tests.link.test_soak import SIZES, TIMES

BERS = ("0.0", "1e-06", "1e-05", "0.0001")
STALLS = ("none", "random", "slow_sink", "burst")
FLIPS = ("data", "control", "crc", "frame", "single", "nak")
DIRECTED = [
    "efficiency",
    *(f"latency/flight={flight}" for flight in (0, 1, 2, 37)),
    "channel_errors",
    "management_passes_blocked_bulk",
    "bulk_passes_blocked_management",
    *(f"one_flip/kind={kind}" for kind in FLIPS),
    *(f"link_down/kind={kind}" for kind in ("no_ack", "silence", "errors")),
    "noise_while_idle",
    *(f"round_trips/flight={flight}" for flight in (0, 4, 20, 60, 150, 300, 700)),
]


def run(simulator: str, block: int, testcases: list[str], **settings) -> None:
    run_module("tb.link.link_cases", simulator, block, testcases, **settings)


def run_module(module: str, simulator: str, block: int, testcases: list[str], **settings) -> Path:
    """Run cases of a module on two ends of the given size; the results file."""
    return simulate(
        "link",
        top="link_tb",
        test_module=module,
        sources=read(ROOT / "tb" / "link" / "link_tb.f"),
        parameters={"BLOCK": block} | settings.pop("parameters", {}),
        testcase=testcases,
        sim=simulator,
        **settings,
    )


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.sim("verilator")
def test_directed(simulator: str, block: int) -> None:
    run(simulator, block, DIRECTED)


@pytest.mark.parametrize("block", [16, pytest.param(64, marks=pytest.mark.regress)])
@pytest.mark.sim("icarus")
def test_directed_icarus(simulator: str, block: int) -> None:
    run(simulator, block, DIRECTED)


def traffic(bers: tuple[str, ...], stalls: tuple[str, ...] = STALLS) -> list[str]:
    return [f"traffic/ber={ber}/stall={stall}" for ber in bers for stall in stalls]


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.sim("verilator")
def test_traffic(simulator: str, block: int) -> None:
    run(simulator, block, traffic(BERS), env={"LINK_BEATS": "250"})


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.sim("icarus")
def test_traffic_icarus(simulator: str, block: int) -> None:
    run(simulator, block, traffic(("0.0", "0.0001")), env={"LINK_BEATS": "60"})


SMALL = {"REPLAY_BEATS": 8, "REPLAY_FLITS": 4, "RX_BEATS": 8, "RX_FLITS": 1, "MGMT_DEPTH": 1}


def test_smallest_buffers(simulator: str) -> None:
    """Every buffer at its smallest: full and empty all the time."""
    cases = traffic(("0.0", "0.0001"))
    beats = "80" if simulator == "icarus" else "200"
    run(simulator, 16, cases, env={"LINK_BEATS": beats}, parameters=dict(SMALL))


@pytest.mark.parametrize(("block", "size"), [(16, "small"), (64, "usual")])
def test_sizes_of_soak(block: int, size: str) -> None:
    """Cases that look at the lanes, with the sizes of test_soak: make mutate needs both."""
    sizes = SIZES[size] | TIMES
    cases = [*traffic(("0.0001",), ("random",)), "latency/flight=1", "link_down/kind=no_ack"]
    cases += [f"one_flip/kind={kind}" for kind in FLIPS]
    cases += [f"round_trips/flight={flight}" for flight in (0, 60, 700)]
    run("verilator", block, cases, env={"LINK_BEATS": "150"}, parameters=dict(sizes))
    cases = [
        "trains_after_reset/flight=4",
        "skew/kind=any",
        "dead_at_training/lane=mid/kind=random",
    ]
    run_module("tb.link.phy_cases", "verilator", block, cases, parameters=dict(sizes))


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_traffic_long(simulator: str) -> None:
    run(simulator, 64, traffic(BERS), env={"LINK_BEATS": "20000"}, timeout_minutes=30)


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_measure(simulator: str, block: int) -> None:
    """Prints the numbers of docs/link.md, "Measured"; see sim.log of the run."""
    run(simulator, block, [f"measure/ber={ber}" for ber in BERS])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("lost", "b_rx beat 5 "),
        ("repeated", "b_rx beat 6 "),
        ("swapped", "b_rx beat 5 "),
        ("wrong_bit", "b_rx beat 5 data lane 9:"),
        ("wrong_meta", "b_rx beat 0 meta "),
        ("message", "b_mrx beat 1"),
    ],
)
@pytest.mark.sim("verilator")
def test_scoreboard_catches(simulator: str, fault: str, message: str) -> None:
    with pytest.raises(AssertionError) as caught:
        run(simulator, 16, [f"scoreboard_fails/fault={fault}"])
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("parameter", "value", "rule"),
    [
        ("BLOCK", 24, "BLOCK_must_be"),
        ("REPLAY_BEATS", 96, "BEATS_must_be"),
        ("REPLAY_FLITS", 128, "FLITS_must_be"),
        ("RX_BEATS", 4, "BEATS_must_be"),
        ("MGMT_DEPTH", 65, "MGMT_DEPTH_must_be"),
        ("MAX_TIMEOUTS", 0, "MAX_TIMEOUTS_must_be"),
    ],
)
def test_impossible_parameter(simulator: str, parameter: str, value: int, rule: str) -> None:
    with pytest.raises(AssertionError) as caught:
        run(simulator, 16, ["efficiency"], parameters={parameter: value})
    assert rule in str(caught.value)
