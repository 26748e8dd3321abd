# SPDX-License-Identifier: Apache-2.0
"""Programs that go through all numbers of something: CSRs, 16-bit encodings, targets of jumps."""

from __future__ import annotations

from random import Random

from models.iss import expand
from scripts.core_trace import CSRS
from tb.core.random_program import FREE, WRITABLE, Writer, assemble

# CSRs that keep what is written
KEPT = (0x300, 0x304, 0x305, 0x340, 0x341, 0x342, 0x343, 0xB03, 0xB04, 0xB05)
# Each jump is written to `spot`, amid returns.
JUMPS = """\
    la   s0, spot
    li   s1, 0xa005            # c.j: bits 12 to 2
    li   s2, 0xc001
1:  sh   s1, 0(s0)
    fence.i
    jalr s0
    addi s1, s1, 4
    bne  s1, s2, 1b
    li   s1, 0xc105            # c.beqz a0: bits 12 to 10, 6 to 2
    li   s2, 0xe101
    li   a0, 0
1:  sh   s1, 0(s0)
    fence.i
    jalr s0
    addi s1, s1, 4
    andi s3, s1, 0x80
    beqz s3, 2f
    addi s1, s1, 0x380
2:  bltu s1, s2, 1b
    li   s1, 0xe3              # beq x0, x0: bits 31 to 25, 11 to 7
    li   s2, 1 << 25
    li   s4, 1 << 12
1:  sw   s1, 0(s0)
    fence.i
    jalr s0
    addi s1, s1, 0x80
    and  s3, s1, s4
    beqz s3, 1b
    sub  s1, s1, s4
    add  s1, s1, s2
    srli s3, s1, 25
    bnez s3, 1b
"""
TARGETS_AROUND = """\
    .balign 4
    .rept 2048
    c.jr ra
    .endr
spot:
    .word 0
    .rept 2048
    c.jr ra
    .endr
"""


def all_csrs(random: Random) -> str:
    """A program that writes all CSRs that keep something with random values, then reads each CSR
    number there could be, and writes those near the existing."""
    writer = Writer(random)
    for _ in range(40):
        writer.change_vector()
        writer.put(f"li {random.choice(FREE)}, {random.getrandbits(32)}")
        for number in WRITABLE:
            writer.put(f"li t3, {random.getrandbits(32)}")
            writer.put(f"csrw {number}, t3")
            writer.put(f"csrr {random.choice(FREE)}, {number}")
    for number in range(1 << 12):
        writer.put(f"csrr {writer.target()}, {number:#x}")
        if any(number ^ 1 << bit in KEPT for bit in range(12)) and number not in CSRS:
            writer.put(f"csrw {number:#x}, {random.choice(FREE)}")
    for number in KEPT:
        writer.put(f"csrr {writer.target()}, {number:#x}")
    return assemble(writer, 1)


def all_encodings(random: Random) -> str:
    """A program of all 16-bit instructions but jumps, in any order, with some of those that trap;
    then of all targets of c.j, c.beqz and beq, and many of jal."""
    writer = Writer(random)
    trapping: dict[tuple[int, int], list[int]] = {}
    chosen = []
    for half in range(1 << 16):
        word = expand(half) if half & 3 != 3 else 0x6F
        opcode = word & 0x7F if word else None
        if opcode in (0x13, 0x33, 0x37) and word >> 7 & 31 != 4:
            chosen.append(half)
        elif opcode is None or opcode in (0x03, 0x23) and (opcode == 0x23 or word >> 7 & 31 != 4):
            trapping.setdefault((half & 3, half >> 13), []).append(half)
    for halves in trapping.values():
        chosen += halves if len(halves) < 1000 else random.sample(halves, 100)
    random.shuffle(chosen)
    for half in chosen:
        writer.put(f".half {half:#x}")
        if (expand(half) or 0) >> 7 & 31 == 2:  # sp has to stay in the data: stores go there
            writer.put("la sp, data")
    for _ in range(150):
        offset = random.choice((-1, 1)) * random.randrange(1 << 16, 1 << 20, 2)
        field = (offset & 0x7FE) << 20 | (offset & 0x800) << 9 | offset & 0xFF000
        resume = writer.label()
        writer.resume_at(resume)
        field |= (offset >> 20 & 1) << 31 | random.randint(9, 26) << 7
        writer.put(f".word {field | 0x6F:#x}")
        writer.place(resume)
        writer.put("li t4, 0")
    writer.lines.append(JUMPS)
    writer.outside.append(TARGETS_AROUND)
    return assemble(writer, 1)
