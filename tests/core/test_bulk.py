# SPDX-License-Identifier: Apache-2.0
"""The core in lock step with models/iss.py without a simulator in between: core_tb as a compiled
program, whose records are checked as they come. It starts in no time, so that mutants die quickly;
what changes behind a reset is the business of tests/core/test_core.py."""

from __future__ import annotations

import os
import random
import struct
import subprocess
from functools import cache
from pathlib import Path

import pytest

from scripts import elf
from scripts.firmware import ROOT, Image, build
from tb.common.compiled import BULK_ARGUMENTS, compiled
from tb.common.filelist import FileList
from tb.common.runner import flag, missing_simulator
from tb.core.core_cases import CHANCES
from tb.core.exhaustive_program import all_csrs, all_encodings
from tb.core.lock_step import LockStep, Record
from tests.core.test_core import TESTS, assembled, random_image, regions, sources

QUIET = ((1000, 0, 0, 0, 0, 0),)
RECORD = struct.Struct("<16I")
CYCLES = 2_000_000


def harness(reset_pc: int, stall_counters: bool = True) -> Path:
    """The compiled program for these parameters of the core."""
    files = sources()
    files.add(FileList([ROOT / "tb" / "core" / "core_tb.v"]))
    effort = 1 if flag("MUTANT") else 2
    options = ["+define+RVFI=1", "--x-initial", "unique", "-CFLAGS", f"-O{effort}"]
    main = ROOT / "tb" / "core" / "core_bulk.cpp"
    parameters = {"RESET_PC": reset_pc, "STALL_COUNTERS": int(stall_counters)}
    return compiled("core_bulk", "core_tb", files, main, parameters, options, [BULK_ARGUMENTS])


@cache
def program(name: str, seed: int) -> Image:
    """The image of one of PROGRAMS; a number is the size of a random one."""
    if name == "csrs":
        return assembled(f"csrs-{seed}", all_csrs(random.Random(seed)))
    if name == "encodings":
        return assembled(f"encodings-{seed}", all_encodings(random.Random(seed)))
    if name == "boot":
        return build("boot_test", [TESTS / "boot_test.c"], include_dirs=[TESTS])
    if name == "stalls":
        return build("stall_counters", [TESTS / "stall_counters.S"], runtime=False)
    return random_image(seed, int(name))


def behaviours(seed: int) -> tuple[tuple[int, ...], ...]:
    """How the ports behave, changing every few hundred cycles."""
    r = random.Random(seed)
    chosen = [tuple(r.choices(*zip(*CHANCES[name]))[0] for name in CHANCES) for _ in range(40)]
    return tuple((r.randint(100, 1500), *knobs) for knobs in chosen)


def lock_step(
    image: Image, seed: int, changes: tuple[tuple[int, ...], ...], stall_counters: bool = True
) -> int:
    """Number of retirements that were compared.

    Raises:
        AssertionError: at the first difference; or the program did not end well.
    """
    step = LockStep.at_reset(elf.read(image.elf), stall_counters)
    mutant = os.environ.get("MUTANT", "0").rpartition(":")[2]
    reader, writer = os.pipe()
    command = [harness(image.entry, stall_counters), f"records={writer}", f"cycles={CYCLES}"]
    if "words_end" in image.symbols:
        command.append(f"regions={regions(image)}")
    command += [f"behave={','.join(map(str, change))}" for change in changes]
    command += [f"+ram={image.hex}", f"+seed={seed}", f"+mutant={mutant}"]
    command += ["+verilator+rand+reset+2", f"+verilator+seed+{seed}"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, pass_fds=[writer])
    os.close(writer)
    try:
        with open(reader, "rb") as records:
            while len(raw := records.read(RECORD.size)) == RECORD.size:
                step.check(Record(*RECORD.unpack(raw)))
        text = run.communicate()[0].decode()
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 0, f"SEED={seed}: status {run.returncode}; {text}"
    return step.retired


@pytest.fixture(autouse=True)
def _verilator() -> None:
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)


@pytest.mark.parametrize("items", ["300", "3000"])
def test_random(seed: int, items: str) -> None:
    assert lock_step(program(items, seed), seed, behaviours(seed)) > int(items)


@pytest.mark.parametrize("name", ["csrs", "boot", "stalls", "encodings"])
def test_directed(seed: int, name: str) -> None:
    lock_step(program(name, seed), seed, QUIET)


def test_without_stall_counters(seed: int) -> None:
    """Left out, they and what they count read 0 and keep nothing."""
    lock_step(program("csrs", seed), seed, QUIET, stall_counters=False)
