# SPDX-License-Identifier: Apache-2.0
"""The control core in lock step with models/iss.py: directed and constrained-random programs."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scripts.firmware import ROOT, Image, build
from tb.common.runner import simulate
from tb.core.random_program import generate

TESTS = ROOT / "firmware" / "tests"
GENERATED = ROOT / "build" / "firmware" / "random"
# Size of a random program, and how many of them, on each simulator
RANDOM_ITEMS = {"verilator": 1500, "icarus": 250}
STALLS = {"fast": 0, "some": 64, "slow": 200}


def run(
    image: Image, simulator: str, *, stall: int = 0, irq: int = 0, seed: int = 1, flip: int = 0
) -> None:
    simulate(
        "core",
        top="core_tb",
        test_module="tb.core.core_cases",
        sources=core_sources(),
        defines={"RVFI": 1},
        sim=simulator,
        env={"PROGRAM": str(image.elf)},
        plusargs=[
            f"+ram={image.hex}",
            f"+seed={seed}",
            f"+stall={stall}",
            f"+irq={irq}",
            f"+flip={flip}",
        ],
    )


def core_sources() -> list[Path]:
    block = ROOT / "rtl" / "core"
    names = [n for n in (block / "core.f").read_text().split() if n.endswith(".v")]
    bench = ROOT / "tb" / "core"
    return [*(block / n for n in names), bench / "core_mem_port.v", bench / "core_tb.v"]


def random_image(seed: int, items: int) -> Image:
    GENERATED.mkdir(parents=True, exist_ok=True)
    name = f"random-{items}-{seed}"
    source = GENERATED / f"{name}.S"
    text = generate(random.Random(seed), items)
    if not source.is_file() or source.read_text() != text:
        source.write_text(text)
    return build(name, [source], runtime=False)


@pytest.mark.parametrize("stall", STALLS)
def test_random_programs(simulator: str, seed: int, stall: str) -> None:
    """Every retirement equals the simulator's, whatever the memory latency, without interrupts and
    with them."""
    for irq in (0, 600):
        number = seed * 1000 + STALLS[stall] + irq
        image = random_image(number, RANDOM_ITEMS[simulator])
        run(image, simulator, stall=STALLS[stall], irq=irq, seed=number)


def test_wrong_result_is_caught(simulator: str, seed: int) -> None:
    """One wrong bit in one reported result fails the run at that retirement."""
    image = random_image(seed, RANDOM_ITEMS["icarus"])
    with pytest.raises(AssertionError, match=r"retirement 101 at pc .* expected"):
        run(image, simulator, flip=101)
