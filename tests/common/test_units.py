# SPDX-License-Identifier: Apache-2.0
"""fifo, skid_buffer, arbiter, sram_1p and signature on both simulators."""

from __future__ import annotations

import pytest

from models.signature import beat_signature, command_signature
from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import simulate


def run(simulator: str, top: str, cases: str, **parameters: int) -> None:
    files = block_list("common")
    files.add(FileList([ROOT / "tb" / "common" / "stream_checker.v"]))
    simulate(
        "common_units",
        top=top,
        test_module=f"tb.common_units.{cases}",
        parameters=parameters,
        sources=files,
        env={name: str(value) for name, value in parameters.items()},
        sim=simulator,
    )


@pytest.mark.parametrize(("width", "depth"), [(8, 2), (7, 5), (40, 1), (512, 8)])
def test_fifo(simulator: str, width: int, depth: int) -> None:
    run(simulator, "stream_tb", "stream_cases", WIDTH=width, DEPTH=depth)


def test_skid_buffer(simulator: str) -> None:
    run(simulator, "stream_tb", "stream_cases", WIDTH=16, DEPTH=0)


@pytest.mark.parametrize(("n", "round_robin"), [(1, 1), (2, 1), (5, 1), (5, 0), (16, 1)])
def test_arbiter(simulator: str, n: int, round_robin: int) -> None:
    run(simulator, "arbiter", "arbiter_cases", N=n, ROUND_ROBIN=round_robin)


@pytest.mark.parametrize(("width", "depth"), [(32, 8), (8, 1), (512, 20)])
def test_sram_1p(simulator: str, width: int, depth: int) -> None:
    run(simulator, "sram_1p", "sram_cases", WIDTH=width, DEPTH=depth)


@pytest.mark.parametrize("block", [16, 64])
def test_signature(simulator: str, block: int) -> None:
    run(simulator, "signature", "signature_cases", BLOCK=block)


def test_signature_model() -> None:
    # CRC-32 of 70 zero bytes, by the polynomial bit by bit.
    crc = 0xFFFFFFFF
    for _ in range(8 * 70):
        crc = crc >> 1 ^ (0xEDB88320 if crc & 1 else 0)
    assert beat_signature(0, bytes(64)) == crc ^ 0xFFFFFFFF
    beats = [(n, bytes([n] * 16), (n, 255)) for n in range(5)]
    assert command_signature(beats) == command_signature(beats[::-1]) < 2**32
    with pytest.raises(OverflowError):
        beat_signature(2**32, b"")


@pytest.mark.parametrize(
    ("top", "parameters", "rule"),
    [
        ("fifo", {"DEPTH": 0}, "fifo_DEPTH_must_be_at_least_1"),
        ("fifo", {"DEPTH": -1}, "fifo_DEPTH_must_be_at_least_1"),
        ("fifo", {"WIDTH": -1}, "fifo_WIDTH_must_be_at_least_1"),
        ("fifo", {"WIDTH": 0}, "fifo_WIDTH_must_be_at_least_1"),
        ("skid_buffer", {"WIDTH": 0}, "skid_buffer_WIDTH_must_be_at_least_1"),
        ("skid_buffer", {"WIDTH": -1}, "skid_buffer_WIDTH_must_be_at_least_1"),
        ("arbiter", {"N": 0}, "arbiter_N_must_be_1_to_256"),
        ("arbiter", {"N": 257}, "arbiter_N_must_be_1_to_256"),
        ("arbiter", {"ROUND_ROBIN": -1}, "arbiter_ROUND_ROBIN_must_be_0_or_1"),
        ("arbiter", {"ROUND_ROBIN": 2}, "arbiter_ROUND_ROBIN_must_be_0_or_1"),
        ("sram_1p", {"WIDTH": 12}, "sram_1p_WIDTH_must_be_a_multiple_of_8"),
        ("sram_1p", {"WIDTH": 0}, "sram_1p_WIDTH_must_be_a_multiple_of_8"),
        ("sram_1p", {"WIDTH": -8}, "sram_1p_WIDTH_must_be_a_multiple_of_8"),
        ("sram_1p", {"DEPTH": 0}, "sram_1p_DEPTH_must_be_at_least_1"),
        ("sram_1p", {"DEPTH": -1}, "sram_1p_DEPTH_must_be_at_least_1"),
        ("signature", {"BLOCK": 18}, "signature_BLOCK_must_be_a_multiple_of_4"),
        ("signature", {"BLOCK": 0}, "signature_BLOCK_must_be_a_multiple_of_4"),
    ],
)
def test_illegal_parameter_stops_elaboration(
    simulator: str, top: str, parameters: dict[str, int], rule: str
) -> None:
    with pytest.raises(AssertionError, match=rule):
        run(simulator, top, "stream_cases", **parameters)
