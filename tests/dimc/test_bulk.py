# SPDX-License-Identifier: Apache-2.0
"""dimc_macro in bulk: a compiled harness, fed with random traffic in all its variety and with what
models/dimc.py expects of it; 64 x 64, and small macros of each kind."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tb.common.compiled import compiled
from tb.common.filelist import ROOT
from tb.common.runner import flag, missing_simulator
from tb.dimc.macro_bulk import Bulk
from tests.dimc.test_macro import sources

FULL = (64, 64, 16)  # ROWS, COLS, SETS
NARROW = (64, 12, 16)  # structural columns are copies of one; all 64 are 80 MB of C++
PRODUCTS = (8, 8, 64)  # half of the sets have one column for each weight
PHASE = 2048  # vectors


def harness(bits: int, implementation: int, tree: int, size: tuple[int, int, int] = FULL) -> Path:
    """The compiled program for one kind of macro."""
    files = sources()
    files.sources.append(ROOT / "tb" / "dimc" / "dimc_macro_tb.v")
    parameters = dict(zip(("ROWS", "COLS", "SETS"), size, strict=True), BITS_PER_CYCLE=bits)
    parameters |= {"IMPLEMENTATION": implementation, "TREE": tree}
    effort = 1 if flag("MUTANT") or implementation else 3
    options = ["--x-initial", "unique", "--unroll-count", "1"]
    options += ["-CFLAGS", f"-O{effort} -march=native -DROWS={size[0]}"]
    main = ROOT / "tb" / "dimc" / "dimc_bulk.cpp"
    return compiled("dimc_bulk", "dimc_macro_tb", files, main, parameters, options)


@cache
def small_traffic(size: tuple[int, int, int], seed: int) -> bytes:
    """Short phases with every kind of traffic, for a small macro."""
    bulk = Bulk(*size, seed, wide=0.4)
    return bulk.first() + b"".join(bulk.phase(n % 2, 200) for n in range(100))


def run_small(program: Path, seed: int, traffic: bytes) -> None:
    number = os.environ.get("MUTANT", "0").rpartition(":")[2]
    command = [program, str(seed), f"+mutant={number}"]
    done = subprocess.run(command, input=traffic, capture_output=True, check=False)
    assert done.returncode == 0, f"SEED={seed}: {done.stdout.decode() + done.stderr.decode()}"


def stream(program: Path, seed: int, vectors: int, flip_in: int | None = None, size=FULL) -> dict:
    """Run phases with `vectors` in total; the harness's summary.

    Raises:
        AssertionError: it found a difference; its message.
    """
    bulk = Bulk(*size, seed)
    process = subprocess.Popen([program, str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        process.stdin.write(bulk.first())
        for phase in range(-(-vectors // PHASE)):
            process.stdin.write(bulk.phase(phase % 2, PHASE, flip=phase == flip_in))
    except BrokenPipeError:
        pass  # it has stopped, and says why
    text = process.communicate()[0].decode()
    assert process.returncode == 0, f"SEED={seed}: {text}"
    return json.loads(text.splitlines()[-1])


@pytest.fixture(autouse=True)
def _verilator() -> None:
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)


def test_vectors(seed: int) -> None:
    assert stream(harness(1, 0, 1), seed, 10_000)["vectors"] >= 10_000


def test_one_flipped_weight_bit_is_found(seed: int) -> None:
    with pytest.raises(AssertionError, match=r"phase 3 result beat \d+ lane 0: expected"):
        stream(harness(1, 0, 1), seed, 10_000, flip_in=1)


@pytest.mark.regress
@pytest.mark.parametrize(
    ("vectors", "size", "bits", "implementation", "tree"),
    [
        (1_000_000, FULL, 1, 0, 1),
        (1_000_000, FULL, 2, 0, 1),
        (20_000, NARROW, 1, 1, 1),
        (20_000, NARROW, 1, 1, 0),
        (20_000, NARROW, 2, 1, 1),
        (20_000, NARROW, 2, 1, 0),
    ],
)
def test_many_vectors(
    seed: int,
    vectors: int,
    size: tuple[int, int, int],
    bits: int,
    implementation: int,
    tree: int,
) -> None:
    program = harness(bits, implementation, tree, size)
    done = stream(program, seed, vectors, size=size)
    print(done)
    assert done["vectors"] >= vectors


@pytest.mark.regress
@pytest.mark.parametrize(
    ("size", "bits", "implementation", "tree"),
    [((8, 6, 8), 1, 1, 1), ((8, 8, 8), 2, 1, 0), ((8, 5, 8), 2, 1, 1), ((8, 8, 8), 2, 0, 1)],
    ids=["8-6-1-1-1", "8-8-2-1-0", "8-5-2-1-1", "8-8-2-0-1"],
)
def test_small(
    seed: int, size: tuple[int, int, int], bits: int, implementation: int, tree: int
) -> None:
    run_small(harness(bits, implementation, tree, size), seed, small_traffic(size, seed))


@pytest.mark.regress
@pytest.mark.parametrize("tree", [0, 1])
@pytest.mark.parametrize("bits", [1, 2])
def test_every_product(seed: int, bits: int, tree: int) -> None:
    """A structural array's product of each activation and each weight, in every row."""
    bulk = Bulk(*PRODUCTS, seed)
    phases = b"".join(bulk.every_product(row) for row in range(PRODUCTS[0]))
    run_small(harness(bits, 1, tree, PRODUCTS), seed, phases)
