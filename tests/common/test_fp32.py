# SPDX-License-Identifier: Apache-2.0
"""fp32.vh against models/fp32.py: through cocotb on both simulators, and in bulk, compiled."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tb.common.compiled import compiled
from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import missing_simulator, simulate
from tb.common_units import fp32_pairs


def test_functions(simulator: str) -> None:
    simulate(
        "common_units",
        top="fp32_probe",
        test_module="tb.common_units.fp32_cases",
        sources=block_list("common"),
        sim=simulator,
    )


@pytest.fixture(scope="module")
def bulk() -> Path:
    """The compiled harness, built unless it was built from the same sources."""
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)
    files = FileList([ROOT / "tb/common_units/fp32_probe.v"], [ROOT / "rtl" / "common"])
    main = ROOT / "tb" / "common_units" / "fp32_bulk.cpp"
    return compiled("fp32_bulk", "fp32_probe", files, main, options=["-CFLAGS", "-O3"])


def run(program: Path, op: str, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Results of the design for operand words a, b."""
    pairs = np.stack([a, b], axis=1).astype("<u4").tobytes()
    code = str(fp32_pairs.OPS.index(op))
    number = os.environ.get("MUTANT", "0").rpartition(":")[2]
    command = [program, code, f"+mutant={number}"]
    done = subprocess.run(command, input=pairs, capture_output=True, check=True)
    return np.frombuffer(done.stdout, "<u4")


def compare(op: str, a: np.ndarray, b: np.ndarray, got: np.ndarray) -> None:
    want = fp32_pairs.expected(op, a, b)
    assert got.shape == want.shape
    wrong = np.flatnonzero(got != want)
    if wrong.size:
        i = wrong[0]
        raise AssertionError(
            f"{op}({a[i]:08x}, {b[i]:08x}): expected {want[i]:08x}, got {got[i]:08x}; "
            f"{wrong.size} of {want.size} pairs differ"
        )


def check(program: Path, op: str, a: np.ndarray, b: np.ndarray) -> None:
    a, b = fp32_pairs.operands(op, a, b)
    compare(op, a, b, run(program, op, a, b))


@pytest.mark.parametrize("op", fp32_pairs.OPS)
def test_special_pairs(bulk: Path, op: str) -> None:
    check(bulk, op, *fp32_pairs.special_pairs())


@pytest.mark.parametrize("op", fp32_pairs.OPS)
def test_random_pairs(bulk: Path, op: str, seed: int) -> None:
    check(bulk, op, *fp32_pairs.random_pairs(np.random.default_rng(seed), 200_000))


def test_products_around_the_smallest_normal(bulk: Path, seed: int) -> None:
    a, b = fp32_pairs.rounding_edge_pairs(np.random.default_rng(seed), 200_000)
    check(bulk, "mul", a, b)
    tiny = fp32_pairs.expected("mul", a, b) & 0x7FFFFFFF
    assert (tiny == 0).any() and (tiny == 0x00800000).any()


def test_all_integers(bulk: Path) -> None:
    b = np.arange(2**22, dtype=np.uint32)
    check(bulk, "from_int", b, b)


def test_one_wrong_bit_is_found(bulk: Path) -> None:
    a, b = fp32_pairs.special_pairs()
    got = run(bulk, "add", a, b).copy()
    got[12345] ^= 1
    with pytest.raises(AssertionError, match=r"add\(.*1 of 65536 pairs differ"):
        compare("add", a, b, got)


@pytest.mark.regress
@pytest.mark.parametrize("op", ["add", "mul", "ldexp", "max"])
def test_bulk_pairs(bulk: Path, op: str, seed: int) -> None:
    """10^8 random pairs; for products 2.5 * 10^7 more within 4 last places of 2^-126."""
    rng = np.random.default_rng([seed, fp32_pairs.OPS.index(op)])
    for _ in range(100):
        check(bulk, op, *fp32_pairs.random_pairs(rng, 1_000_000))
        if op == "mul":
            check(bulk, op, *fp32_pairs.rounding_edge_pairs(rng, 250_000))
