# SPDX-License-Identifier: Apache-2.0
"""models/iss.py against QEMU: all registers and CSRs before each instruction of random programs."""

from __future__ import annotations

import random
import shutil

import pytest

from models.iss import Iss
from scripts import elf
from scripts.firmware import FIRMWARE, ROOT, Image, build
from tb.core.qemu import QemuBus, QemuWriter, compare
from tb.core.random_program import generate

GENERATED = ROOT / "build" / "firmware" / "random"
ITEMS, PASSES, PROGRAMS = 3000, 2, 8
LIMIT = 1_000_000


@pytest.fixture
def qemu() -> None:
    if not shutil.which("qemu-system-riscv32"):
        pytest.skip("qemu-system-riscv32 is not installed: make regress installs it")


def image(number: int, items: int, passes: int) -> Image:
    GENERATED.mkdir(parents=True, exist_ok=True)
    source = GENERATED / f"qemu-{items}-{passes}-{number}.S"
    source.write_text(generate(random.Random(number), items, passes, QemuWriter))
    return build(source.stem, [source], FIRMWARE / "link_ram.ld", runtime=False)


def simulator(program: Image) -> Iss:
    bus = QemuBus()
    for segment in elf.read(program.elf).segments:
        bus.load_image(segment.address, segment.data)
    return Iss(bus, reset_pc=program.entry)


def test_one_program(qemu: None, seed: int) -> None:
    program = image(seed, 300, 1)
    assert compare(simulator(program), program.elf, LIMIT) > 500


def test_difference_is_found(qemu: None, seed: int) -> None:
    """One wrong bit in a register is noticed before the next instruction."""
    program = image(seed, 300, 1)
    iss = simulator(program)
    iss.x[27] = 4
    with pytest.raises(AssertionError, match="before instruction 0, .* x27: QEMU 00000000, here 0"):
        compare(iss, program.elf, LIMIT)


@pytest.mark.regress
def test_many_programs(qemu: None, seed: int) -> None:
    """Random programs: all instructions but WFI, traps, CSRs."""
    total = 0
    for number in range(seed * 100, seed * 100 + PROGRAMS):
        program = image(number, ITEMS, PASSES)
        total += compare(simulator(program), program.elf, LIMIT)
    print(f"{total} instructions compared")
    assert total > 100_000
