# SPDX-License-Identifier: Apache-2.0
"""The control core in lock step with models/iss.py: directed and constrained-random programs."""

from __future__ import annotations

import random

import pytest

from scripts.firmware import FIRMWARE, ROOT, Image, build
from scripts.kernels import KERNELS
from tb.common.filelist import FileList, block_list
from tb.common.runner import simulate
from tb.core.exhaustive_program import all_csrs
from tb.core.random_program import generate

TESTS = ROOT / "firmware" / "tests"
GENERATED = ROOT / "build" / "firmware" / "random"
# Size of a random program, and how many of them, on each simulator
RANDOM_ITEMS = {"verilator": 1500, "icarus": 250}
MAX_CPI = 1.25
STALLS = {"fast": 0, "some": 64, "slow": 200}
# Programs of the disturbed run, their size, and how often each runs through
DISTURBED = {"verilator": (2, 4000, 6), "icarus": (1, 250, 1)}
MILLION_PROGRAMS, MILLION_PASSES = 8, 6
# Chance of an interrupt per cycle, in 1/65536: rare enough that the handlers leave time for more
IRQS = {"fast": 2000, "some": 1000, "slow": 200}


def run(
    image: Image,
    simulator: str,
    *,
    stall: int = 0,
    irq: int = 0,
    seed: int = 1,
    flip: int = 0,
    max_cpi: float | None = None,
    altops: bool = False,
    case: str = "Program",
    env: dict[str, str] | None = None,
) -> None:
    in_rom = image.base == 0
    simulate(
        "core",
        top="core_tb",
        test_module="tb.core.core_cases",
        testcase=case,
        sources=sources(),
        parameters={"RESET_PC": image.entry},
        defines={"RISCV_FORMAL": 1, "RISCV_FORMAL_ALTOPS": 1} if altops else {"RVFI": 1},
        sim=simulator,
        env={
            "PROGRAM": str(image.elf),
            **({"MAX_CPI": str(max_cpi)} if max_cpi else {}),
            **({"ALTOPS": "1"} if altops else {}),
            "STALL": str(stall),
            "IRQ": str(irq),
            **(env or {}),
        },
        plusargs=[
            f"+{'rom' if in_rom else 'ram'}={image.hex}",
            f"+seed={seed}",
            f"+flip={flip}",
        ],
    )


def sources() -> FileList:
    files = block_list("core")
    names = ("core_mem_port.v", "core_csr_checker.v")
    files.add(FileList([ROOT / "tb" / "core" / name for name in names]))
    return files


def random_image(seed: int, items: int, passes: int = 1) -> Image:
    name = f"random-{items}-{passes}-{seed}"
    return assembled(name, generate(random.Random(seed), items, passes))


def assembled(name: str, text: str) -> Image:
    GENERATED.mkdir(parents=True, exist_ok=True)
    source = GENERATED / f"{name}.S"
    if not source.is_file() or source.read_text() != text:
        source.write_text(text)
    return build(name, [source], runtime=False)


def regions(image: Image) -> str:
    """Words between which fetches, and loads and stores, may be made to fail."""
    at = image.symbols
    fetch = at["body"] + 4 & ~3, (at["body_end"] & ~3) - 8
    return ",".join(map(str, (*fetch, at["data"], at["words_end"] - 1)))


def disturbed(image: Image, simulator: str, seed: int, resets: int = 0) -> int:
    """Number of retirements that were compared."""
    counted = GENERATED / f"retired-{image.elf.parent.name}"
    env = {"REGIONS": regions(image), "RESETS": str(resets), "MAX_CYCLES": "1000000",
           "RETIRED": str(counted)}  # fmt: skip
    counted.unlink(missing_ok=True)
    run(image, simulator, case="Disturbed", seed=seed, env=env)
    return int(counted.read_text())


@pytest.mark.parametrize("stall", STALLS)
def test_random_programs(simulator: str, seed: int, stall: str) -> None:
    """Every retirement equals the simulator's, whatever the memory latency, without interrupts and
    with them."""
    for irq in (0, IRQS[stall]):
        number = seed * 1000 + STALLS[stall] + irq
        image = random_image(number, RANDOM_ITEMS[simulator])
        run(image, simulator, stall=STALLS[stall], irq=irq, seed=number)


def test_disturbed(simulator: str, seed: int) -> None:
    """The same while stalls, injected bus faults and interrupts change at random, with resets."""
    programs, items, passes = DISTURBED[simulator]
    for number in range(seed, seed + programs):
        disturbed(random_image(number, items, passes), simulator, number, resets=3)


@pytest.mark.sim("verilator")
def test_all_csr_numbers(simulator: str, seed: int) -> None:
    """Each of the 4096 CSR numbers is read; those that do not exist trap."""
    run(assembled(f"csrs-{seed}", all_csrs(random.Random(seed))), simulator, seed=seed)


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_million(simulator: str, seed: int) -> None:
    """At least 10^6 retirements of random programs under random stalls, faults and interrupts."""
    total = 0
    for number in range(seed * 100, seed * 100 + MILLION_PROGRAMS):
        image = random_image(number, DISTURBED[simulator][1], MILLION_PASSES)
        total += disturbed(image, simulator, number, resets=number % 3)
    print(f"{total} retirements compared")
    assert total >= 1_000_000


def test_wrong_result_is_caught(simulator: str, seed: int) -> None:
    """One wrong bit in one reported result fails the run at that retirement."""
    image = random_image(seed, RANDOM_ITEMS["icarus"])
    with pytest.raises(AssertionError, match=r"retirement 101 at pc .* expected"):
        run(image, simulator, flip=101)


def test_alternative_operations(simulator: str, seed: int) -> None:
    """Built for formal tools, multiply and divide are the functions that these expect."""
    run(random_image(seed, RANDOM_ITEMS["icarus"]), simulator, altops=True)


@pytest.mark.parametrize("stall", STALLS)
def test_boot(simulator: str, seed: int, stall: str) -> None:
    """Traps, interrupts, timer, sleep, CSRs and arithmetic corners against constants, in C."""
    image = build("boot_test", [TESTS / "boot_test.c"], include_dirs=[TESTS])
    run(image, simulator, stall=STALLS[stall], seed=seed)


def test_stall_counters(simulator: str, seed: int) -> None:
    """Stall counters to the cycle, with memories that answer at once."""
    run(build("stall_counters", [TESTS / "stall_counters.S"], runtime=False), simulator, seed=seed)


def test_boot_from_rom(simulator: str, seed: int) -> None:
    """The same program linked like the boot ROM: start at 0, data copied to the SRAM."""
    script = ROOT / "firmware" / "link_rom.ld"
    image = build("boot_test_rom", [TESTS / "boot_test.c"], script, include_dirs=[TESTS])
    assert image.entry == 0 and image.symbols["data_start"] == 0x1000F000
    run(image, simulator, stall=STALLS["some"], seed=seed)


@pytest.mark.sim("verilator")
def test_kernels(simulator: str, seed: int) -> None:
    """C kernels give the right results, at no more cycles per instruction than promised."""
    checksums = {name.upper(): kernel(seed, 1) for name, kernel in KERNELS.items()}
    sources = [TESTS / "kernels.c", *(FIRMWARE / "kernels" / f"{name}.c" for name in KERNELS)]
    image = build("kernels", sources, defines={"SEED": seed, **checksums}, include_dirs=[TESTS],
                  optimize="-O3")
    run(image, simulator, seed=seed, max_cpi=MAX_CPI)
