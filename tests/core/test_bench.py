# SPDX-License-Identifier: Apache-2.0
"""The kernels of make bench BLOCK=core: results, cycles per instruction, simulation speed."""

from __future__ import annotations

from scripts import bench_core
from scripts.kernels import KERNELS

MAX_CPI = 1.19
MIN_CYCLES_PER_SECOND = 500_000


def test_cpi() -> None:
    """A third of the rounds of each kernel: checksum as in Python, overall CPI as promised."""
    bench_core.FOLDER.mkdir(parents=True, exist_ok=True)
    figures = [bench_core.measure(name, bench_core.ROUNDS[name] // 3)[:2] for name in KERNELS]
    cycles, instructions = (sum(column) for column in zip(*figures))
    assert cycles / instructions <= MAX_CPI


def test_speed() -> None:
    """The fast build simulates at least as many cycles per second as promised."""
    rates = (bench_core.measure("crc", 4 * bench_core.ROUNDS["crc"])[2] for _ in range(3))
    assert any(rate >= MIN_CYCLES_PER_SECOND for rate in rates)
