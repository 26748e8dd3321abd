# SPDX-License-Identifier: Apache-2.0
"""Text of what the control core retired: disassembly, and the lines of a trace."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO

from models.iss import expand, extend

ABI = (
    "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 "
    "s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6"
).split()
OP_IMM = "addi slli slti sltiu xori srli ori andi".split()
OP = "add sll slt sltu xor srl or and".split()
MULDIV = "mul mulh mulhsu mulhu div divu rem remu".split()
BRANCH = {0: "beq", 1: "bne", 4: "blt", 5: "bge", 6: "bltu", 7: "bgeu"}
LOAD = {0: "lb", 1: "lh", 2: "lw", 4: "lbu", 5: "lhu"}
STORE = {0: "sb", 1: "sh", 2: "sw"}
CSR_OP = {1: "csrrw", 2: "csrrs", 3: "csrrc", 5: "csrrwi", 6: "csrrsi", 7: "csrrci"}
FIXED = {0x00000073: "ecall", 0x00100073: "ebreak", 0x30200073: "mret", 0x10500073: "wfi"}
CSRS = {
    0x300: "mstatus", 0x301: "misa", 0x304: "mie", 0x305: "mtvec", 0x310: "mstatush",
    0x320: "mcountinhibit", 0x340: "mscratch", 0x341: "mepc", 0x342: "mcause", 0x343: "mtval",
    0x344: "mip", 0x7A0: "tselect", 0x7A1: "tdata1",
    0xB00: "mcycle", 0xB02: "minstret", 0xB80: "mcycleh", 0xB82: "minstreth",
    0xC00: "cycle", 0xC02: "instret", 0xC80: "cycleh", 0xC82: "instreth", 0xF11: "mvendorid",
    0xF12: "marchid", 0xF13: "mimpid", 0xF14: "mhartid", 0xF15: "mconfigptr",
    **{base + n: f"{name}{n}{high}" for n in range(3, 32)
       for base, name, high in ((0x320, "mhpmevent", ""), (0xB00, "mhpmcounter", ""),
                                (0xB80, "mhpmcounter", "h"))},
}  # fmt: skip
RECORD = struct.Struct("<QIIIIIIBBBB4x")  # as in tb/core/run_core.cpp


def lines(records: BinaryIO) -> Iterator[str]:
    """Lines of a trace: cycle, pc, instruction bits, its text, then what it did: the register
    written, the bytes read (->) or written (<-), trap; `interrupt;` first if it is the first one
    behind an interrupt."""
    while len(raw := records.read(RECORD.size)) == RECORD.size:
        cycle, pc, insn, value, address, rdata, wdata, rd, rmask, wmask, flags = RECORD.unpack(raw)
        bits = f"{insn:08x}" if insn & 3 == 3 else f"{insn:04x}    "
        line = f"{cycle:10} {pc:08x} {bits} {disassemble(insn, pc):28}"
        if flags & 2:
            line += " interrupt;"
        if flags & 1:
            line += " trap"
        if rd:
            line += f" {ABI[rd]}={value:08x}"
        for mask, data, arrow in ((rmask, rdata, "->"), (wmask, wdata, "<-")):
            if mask:
                first, count = (mask & -mask).bit_length() - 1, mask.bit_count()
                data = data >> 8 * first & (1 << 8 * count) - 1
                line += f" [{address + first:08x}]{arrow}{data:0{2 * count}x}"
        yield line.rstrip()


@lru_cache(maxsize=65536)
def disassemble(insn: int, pc: int) -> str:
    """Text of the RV32IMC_Zicsr_Zifencei instruction `insn` at `pc`; jump targets are absolute.
    A 16-bit instruction is shown as the 32-bit one that it stands for, and what is neither as
    `illegal`."""
    word: int | None = insn
    if insn & 3 != 3:
        word = expand(insn & 0xFFFF)
    return (_text(word, pc) if word is not None else None) or f"illegal {insn:#x}"


def _text(w: int, pc: int) -> str | None:
    opcode, funct3, funct7 = w & 0x7F, w >> 12 & 7, w >> 25
    rd, rs1, rs2 = (ABI[w >> at & 31] for at in (7, 15, 20))
    imm = _signed(w >> 20, 12)
    if opcode == 0x13:
        if funct3 in (1, 5):
            if funct7 not in ((0,) if funct3 == 1 else (0, 0x20)):
                return None
            name = "srai" if funct7 else OP_IMM[funct3]
            return f"{name} {rd}, {rs1}, {w >> 20 & 31}"
        return f"{OP_IMM[funct3]} {rd}, {rs1}, {imm}"
    if opcode == 0x33:
        alternative = {0: "sub", 5: "sra"}.get(funct3)
        name = {0: OP[funct3], 1: MULDIV[funct3], 0x20: alternative}.get(funct7)
        return f"{name} {rd}, {rs1}, {rs2}" if name else None
    if opcode == 0x03:
        return f"{LOAD[funct3]} {rd}, {imm}({rs1})" if funct3 in LOAD else None
    if opcode == 0x23:
        offset = _signed(w >> 25 << 5 | w >> 7 & 31, 12)
        return f"{STORE[funct3]} {rs2}, {offset}({rs1})" if funct3 in STORE else None
    if opcode == 0x63:
        low = (w >> 8 & 15) << 1 | (w >> 25 & 63) << 5 | (w >> 7 & 1) << 11
        target = pc + extend(low | w >> 31 << 12, 13) & 0xFFFFFFFF
        return f"{BRANCH[funct3]} {rs1}, {rs2}, {target:#x}" if funct3 in BRANCH else None
    if opcode in (0x37, 0x17):
        return f"{'lui' if opcode == 0x37 else 'auipc'} {rd}, {w >> 12:#x}"
    if opcode == 0x6F:
        low = (w >> 21 & 0x3FF) << 1 | (w >> 20 & 1) << 11 | (w >> 12 & 0xFF) << 12
        return f"jal {rd}, {pc + extend(low | w >> 31 << 20, 21) & 0xFFFFFFFF:#x}"
    if opcode == 0x67 and funct3 == 0:
        return f"jalr {rd}, {imm}({rs1})"
    if opcode == 0x0F and funct3 in (0, 1):
        return "fence.i" if funct3 else "fence"
    if opcode == 0x73:
        if funct3 in CSR_OP:
            operand = w >> 15 & 31 if funct3 & 4 else rs1
            return f"{CSR_OP[funct3]} {rd}, {CSRS.get(w >> 20, hex(w >> 20))}, {operand}"
        return FIXED.get(w)
    return None


def _signed(value: int, bits: int) -> int:
    value = extend(value, bits)
    return value - (1 << 32) if value >> 31 else value
