# SPDX-License-Identifier: Apache-2.0
"""The AXI4 memory model: data, timing, errors, files, and its checks on the initiator."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb.common import memory
from tb.common.runner import simulate


def run(simulator: str, testcase: str | list[str], **settings) -> None:
    simulate(
        "axi_memory",
        top="axi_memory",
        test_module="tb.common.axi_memory_cases",
        sources=["tb/common/stream_checker.v", "tb/common/axi_memory.v"],
        parameters={"DATA_WIDTH": 64, "DEPTH": 1024, "BASE": 0x1000},
        testcase=testcase,
        sim=simulator,
        **settings,
    )


def test_bus(simulator: str) -> None:
    run(
        simulator,
        [f"random_traffic/read_latency={r}/bandwidth={b}" for r in (0, 25) for b in (256, 70)]
        + ["timing", "several_outstanding", "outside_is_an_error", "backdoor"],
    )


@pytest.mark.parametrize("kind", ["hex", "bin"])
def test_files(simulator: str, kind: str, tmp_path: Path) -> None:
    image = bytes(range(256)) * 3
    (tmp_path / "image").write_bytes(image)
    writer = memory.write_hex if kind == "hex" else memory.write_bin
    writer(tmp_path / "mem", image, 8)
    run(
        simulator,
        "files",
        env={"IMAGE": str(tmp_path / "image"), "DUMP": str(tmp_path / "dump")},
        plusargs=[f"+mem_{kind}={tmp_path / 'mem'}", f"+mem_dump={tmp_path / 'dump'}"],
    )


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("boundary", "crosses 4 KiB"),
        ("wlast", "WLAST is 1 at beat 0 of 1"),
        ("drop", "mem.AR: valid dropped before ready"),
    ],
)
def test_initiator_fault_is_caught(simulator: str, fault: str, message: str) -> None:
    with pytest.raises(AssertionError) as caught:
        run(simulator, f"initiator_fault/fault={fault}")
    assert message in str(caught.value)
