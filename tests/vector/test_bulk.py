# SPDX-License-Identifier: Apache-2.0
"""The vector engine in bulk: a compiled harness, fed with commands in all their variety and with
what models/vector_engine.py expects of each."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tb.common.compiled import compiled
from tb.common.coverage import Coverage, unmet
from tb.common.filelist import ROOT
from tb.common.runner import COVER, COVERAGE_ARGS, flag, missing_simulator
from tb.vector import stimulus
from tb.vector.bulk import Bulk
from tb.vector.everything import Everything
from tests.vector.test_vector_engine import sources

BEATS = {16: 65536, 32: 4096, 64: 1024}
"""Of the stash, by BLOCK."""
FAULTS = {
    "wrong_bit": (1, "lane of D"),
    "wrong_address": (2, "address of D"),
    "lost_beat": (3, "(lane|address|beats|exponents) of D"),
    "wrong_scalar": (4, "scalar"),
    "wrong_signature": (5, "signature"),
    "wrong_operand": (6, "(lane of D|scalar|signature)"),
}


def covers(block: int) -> bool:
    """Whether lines and toggles are counted: at the smallest block, whose ports are the fewest."""
    return flag("COVER") and block == min(BEATS)


def harness(block: int, fn_cycles: int) -> Path:
    """The compiled program for these parameters."""
    files = sources()
    files.sources.append(ROOT / "tb" / "vector" / "vector_tb.v")
    parameters = {"BLOCK": block, "STASH_BEATS": BEATS[block], "FN_CYCLES": fn_cycles}
    effort = 1 if flag("MUTANT") else 2
    options = ["--x-initial", "unique", "--unroll-count", "1"]
    options += COVERAGE_ARGS if covers(block) else []
    options += ["-CFLAGS", f"-O{effort} -march=native -DBLOCK={block}"]
    main = ROOT / "tb" / "vector" / "vector_bulk.cpp"
    return compiled("vector_bulk", "vector_tb", files, main, parameters, options)


@cache
def everything(block: int, fn_cycles: int, seed: int) -> tuple[bytes, Coverage]:
    """Stream and what it covers."""
    bulk = Everything(block, BEATS[block], fn_cycles, seed)
    return b"".join(bulk.everything()), bulk.coverage


def run(block: int, fn_cycles: int, seed: int, stream: bytes, fault: int = 0) -> dict:
    """The harness's summary.

    Raises:
        AssertionError: it found a difference; its message.
    """
    number = os.environ.get("MUTANT", "0").rpartition(":")[2]
    command = [harness(block, fn_cycles), str(seed), str(fault), f"+mutant={number}"]
    if covers(block):
        counters = COVER / "vector" / f"bulk-{block}-{fn_cycles}.dat"
        counters.parent.mkdir(parents=True, exist_ok=True)
        command.append(f"+verilator+coverage+file+{counters}")
    done = subprocess.run(command, input=stream, capture_output=True, check=False)
    assert done.returncode == 0, f"SEED={seed}: {done.stdout.decode() + done.stderr.decode()}"
    return json.loads(done.stdout.decode().splitlines()[-1])


@pytest.fixture(autouse=True)
def _verilator() -> None:
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)


def regress(*values: int) -> object:
    return pytest.param(*values, marks=pytest.mark.regress)


@pytest.mark.parametrize(
    ("block", "fn_cycles"),
    [(16, 4), (64, 2), regress(16, 1), regress(16, 2), regress(32, 2), regress(64, 1),
     regress(64, 4)],
)
def test_everything(seed: int, block: int, fn_cycles: int) -> None:
    stream, coverage = everything(block, fn_cycles, seed)
    print(run(block, fn_cycles, seed, stream))
    if flag("COVER"):
        coverage.save(COVER / "vector" / f"bulk-{block}-{fn_cycles}.json")
    assert not unmet(coverage), "\n".join(unmet(coverage))


@pytest.mark.regress
@pytest.mark.parametrize("block", [16, 64])
def test_long(seed: int, block: int) -> None:
    """Every chain ten times more, with other fields and operands."""
    bulk = Bulk(block, BEATS[block], 2, seed + 1)
    stream = bulk.first() + b"".join(bulk.chains(10 * stimulus.CHAINS))
    done = run(block, 2, seed, stream)
    print(done)
    assert done["commands"] >= 10 * len(stimulus.CHAINS)


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_caught(seed: int, name: str) -> None:
    fault, message = FAULTS[name]
    with pytest.raises(AssertionError, match=rf"episode \d+ cycle \d+ {message}: expected"):
        run(16, 4, seed, everything(16, 4, seed)[0], fault)
