# SPDX-License-Identifier: Apache-2.0
"""Two whole chiplets with random command lists against the command-level simulator, as a compiled
program."""

from __future__ import annotations

import functools
import os
import random
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from models.commands import Command
from models.compiler.program import DMA, SEND
from models.config import Config
from tb.chiplet.board import Board, Record
from tb.chiplet.chiplet_coverage import CommandCoverage
from tb.chiplet.edges.far import CrowdScenario, FarScenario
from tb.chiplet.edges.hangs import Hangs
from tb.chiplet.edges.refusals import Refusals
from tb.chiplet.edges.semaphores import Semaphores
from tb.chiplet.faults import KINDS, Injector, word
from tb.chiplet.scenario import Scenario
from tb.common.compiled import BULK_ARGUMENTS, compiled
from tb.common.coverage import unmet
from tb.common.filelist import ROOT, FileList, block_list
from tb.common.runner import missing_simulator

BENCH = ROOT / "tb" / "chiplet"
WORK = ROOT / "build" / "chiplet_random"
RECORD = struct.Struct("<6I")
SMALL = Config("random", 2, 2, 16, 96, 1024, 4)
WIDE = Config("random64", 2, 2, 64, 96, 1024, 4)
RUNS = 8


def sources() -> FileList:
    """The chiplet with the bench's own boot ROM, and the models around it."""
    files = FileList([], [BENCH / "rom"])
    files.add(block_list("package"))
    common = ("stream_checker", "link_probe", "link_channel", "axi_memory")
    files.add(FileList([ROOT / "tb" / "common" / f"{name}.v" for name in common]))
    files.add(FileList([BENCH / "stash_checker.v"]))
    return files


def parameters(config: Config) -> dict[str, int]:
    return {"N_MACROS": config.n_macros, "BLOCK": config.block, "SETS": config.sets,
            "STASH_BEATS": config.stash_beats}


def harness(config: Config) -> Path:
    files = sources()
    files.add(FileList([BENCH / "chiplet_tb.v"]))
    options = ["--x-initial", "unique", "--unroll-count", "1", "-Wno-fatal", "-Wno-lint",
               "-CFLAGS", "-O1"]
    return compiled("chiplet_bulk", "chiplet_tb", files, BENCH / "chiplet_bulk.cpp",
                    parameters(config), options, [BULK_ARGUMENTS])


QUICK = ["behave=1000,2,2,256"]


def behaviours(r: random.Random) -> list[str]:
    """Latencies and bandwidth of the memories, changing every few hundred cycles."""
    return [f"behave={r.randint(100, 2000)},{r.choice((2, 2, 10, 40, 200))},"
            f"{r.choice((2, 5, 100))},{r.choice((256, 256, 128, 30))}" for _ in range(30)]


def run(scenario: Scenario, cycles: int = 150_000, seen: CommandCoverage | None = None,
        memories: list[str] | None = None) -> Board:
    """Run a finished scenario on the compiled machine; its board, when all is as expected.

    Raises:
        AssertionError: at the first difference, with seed, step and command.
    """
    r = random.Random(scenario.seed)
    folder = WORK / f"{scenario.config.block}-{scenario.seed}-{os.getpid()}"
    scenario.write(folder)
    board = Board(scenario)
    if seen:
        board.on_match = seen.match
    mutant = os.environ.get("MUTANT", "0").rpartition(":")[2]
    reader, writer = os.pipe()
    errors = r.choice((0, 0, 200_000, 2_000_000))
    process = subprocess.Popen(
        [harness(scenario.config), f"records={writer}", f"cycles={cycles}",
         f"link={r.choice((0, 3, 40))},{errors},{scenario.seed}",
         *(memories or behaviours(r)), f"+folder={folder}",
         f"+memory_base={scenario.memory_base}", f"+mutant={mutant}", "+verilator+rand+reset+2",
         f"+verilator+seed+{scenario.seed}"],
        stdout=subprocess.PIPE, pass_fds=[writer])
    os.close(writer)
    try:
        with open(reader, "rb") as records:
            while len(raw := records.read(RECORD.size)) == RECORD.size:
                step, chiplet, what, busy, sequence, signature = RECORD.unpack(raw)
                board.check(Record(step, chiplet, what & 31, what >> 8 & 15, sequence, signature,
                                   busy, bool(what >> 16 & 1), bool(what >> 17 & 1)))
        text = process.communicate()[0].decode()
    finally:
        process.kill()
        process.wait()
    print(text)
    assert process.returncode == 0, f"SEED={scenario.seed}: status {process.returncode}; {text}"
    board.all_came()
    board.final_state(folder)
    shutil.rmtree(folder)
    return board


@pytest.fixture
def _verilator() -> None:
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)


@functools.cache  # mutants run in one process
def lists(config: Config, seed: int, count: int, length: int,
          kind: type[Scenario] = Scenario) -> Scenario:
    """`count` lists of `length` random commands."""
    scenario = kind(config, seed)
    scenario.initialise()
    for _ in range(count):
        scenario.random_list(length)
    scenario.finish()
    return scenario


def before_a_list(kind: type[Scenario]) -> Callable:
    """Makes of a function that writes into a scenario one that gives the scenario of a seed, with a
    random list at its end."""
    def with_list(write: Callable[[Scenario], None]) -> Callable[[int], Scenario]:
        @functools.cache
        @functools.wraps(write)
        def made(seed: int) -> Scenario:
            scenario = kind(SMALL, seed)
            scenario.initialise()
            write(scenario)
            scenario.random_list(20)
            scenario.finish()
            return scenario
        return made
    return with_list


@functools.cache
def fault(seed: int, kind: str) -> Scenario:
    """One kind of bad input on each chiplet, with random lists behind it."""
    scenario = Scenario(SMALL, seed)
    scenario.initialise()
    for chiplet in range(SMALL.n_chiplets):
        Injector(scenario, chiplet).inject(kind)
        scenario.random_list(20)
    scenario.finish()
    return scenario


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
def test_lists(seed: int) -> None:
    """The compiled program with a few hundred commands: the first test of a mutant."""
    scenario = lists(SMALL, seed, 3, 150)
    assert run(scenario).compared == scenario.total > 600


@before_a_list(Scenario)
def refused(scenario: Scenario) -> None:
    """Everything that is refused, on both chiplets."""
    for chiplet in range(SMALL.n_chiplets):
        Refusals(scenario, chiplet).add(400)


@before_a_list(FarScenario)
def hung(scenario: Scenario) -> None:
    """Every pair that can hang, on both chiplets."""
    for chiplet in range(SMALL.n_chiplets):
        Hangs(scenario, chiplet).add(40)


@before_a_list(Scenario)
def counters(scenario: Scenario) -> None:
    """Every semaphore at its limit."""
    everything = Semaphores(scenario)
    everything.run(everything.stream, 1)
    everything.run(everything.balanced, 2)
    for chiplet in range(SMALL.n_chiplets):
        everything.overflow(chiplet)
    for chiplet in range(SMALL.n_chiplets):
        scenario.tell(chiplet)
    for chiplet in range(SMALL.n_chiplets):
        everything.overflow_of_packets(chiplet)


@before_a_list(Scenario)
def long(scenario: Scenario) -> None:
    """Many commands on both chiplets."""
    bad = Command("load", DMA, {}).encode(), word(Command("sync", SEND), reserved=255)
    for chiplet, (queue, raw) in enumerate(zip((DMA, SEND), bad)):
        Semaphores(scenario).long_then(chiplet, queue, raw)
    for chiplet in range(SMALL.n_chiplets):
        scenario.tell(chiplet)


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
@pytest.mark.parametrize("half", (0, 1))
def test_far(seed: int, half: int) -> None:
    """The largest and smallest of every field, memories at the two halves of all addresses."""
    scenario = lists(SMALL, 2 * seed + half, 4, 250, FarScenario)
    assert run(scenario, 600_000).compared == scenario.total > 1300


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
def test_crowd(seed: int) -> None:
    """All ports of the stash at once, most of all those that read and write."""
    scenario = lists(SMALL, seed, 4, 150, CrowdScenario)
    assert run(scenario, memories=QUICK).compared == scenario.total > 800


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
@pytest.mark.parametrize("scenario", (refused, hung, counters))
def test_edges(seed: int, scenario: Callable[[int], Scenario]) -> None:
    """What must be refused, and what must hang, one by one."""
    run(scenario(seed), 400_000, memories=QUICK)


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
def test_long(seed: int) -> None:
    """Numbers of commands beyond 2^14, in records and in errors of engine and dispatcher."""
    run(long(seed), 400_000, memories=QUICK)


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
def test_full_width(seed: int) -> None:
    """Beats of 64 bytes."""
    scenario = lists(WIDE, seed, 4, 150)
    assert run(scenario, 300_000).compared == scenario.total > 800


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
def test_hundred_thousand(seed: int) -> None:
    """More than 10^5 random commands, and bad input of every kind between them."""
    seen, drawn = CommandCoverage(exhaustive=True), 0
    for number in range(RUNS):
        scenario = Scenario(SMALL, 1000 * seed + number)
        kinds = scenario.r.sample(KINDS, len(KINDS))[:4] if number < RUNS - 4 else \
            KINDS[4 * (number - RUNS + 4) :][:4]
        scenario.initialise()
        for length in (10, 40, 100, *[350] * 36):
            scenario.random_list(length)
        for kind in kinds:
            Injector(scenario, scenario.r.randrange(2)).inject(kind)
            seen.fault(kind)
            scenario.random_list(50)
        scenario.finish()
        run(scenario, 10_000_000, seen)
        drawn += scenario.drawn
    print(f"{drawn} random commands")
    seen.coverage.save()
    assert drawn >= 100_000 and not unmet(seen.coverage)


@pytest.mark.regress
@pytest.mark.usefixtures("_verilator")
@pytest.mark.parametrize("kind", KINDS)
def test_fault(seed: int, kind: str) -> None:
    """Each kind of bad input on each chiplet: error registers, interrupt, and random lists after
    the engine reset."""
    run(fault(seed, kind))
