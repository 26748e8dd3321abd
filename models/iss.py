# SPDX-License-Identifier: Apache-2.0
"""Instruction-set simulator of the control core: RV32IMC_Zicsr_Zifencei, machine mode.

Written from the RISC-V specifications (unprivileged 20191213, privileged 1.12), not from the RTL:
it is the expectation in the lock-step tests. Where the specification leaves a choice, docs/core.md
names the core's, and this file follows that page:
    mtvec base in vectored mode is a multiple of 128; mtval holds the instruction bits of an illegal
    instruction and the pc of an ebreak; misaligned loads and stores trap; mhpmcounter3 to 5 count
    stalls, the other hardware performance counters read as zero.

Time does not exist here. What depends on it comes from outside before each step: the interrupt
lines (`mip`), the cycle counter (`mcycle`; `ticks` is False behind an instruction that wrote it)
and the stall counters (`hpm`); whether an interrupt is taken is decided by calling `interrupt()`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

MASK = 0xFFFF_FFFF

# Exception codes
INSTRUCTION_FAULT = 1
ILLEGAL = 2
BREAKPOINT = 3
LOAD_MISALIGNED = 4
LOAD_FAULT = 5
STORE_MISALIGNED = 6
STORE_FAULT = 7
ECALL_M = 11
INTERRUPT = 1 << 31

# Interrupt numbers, the one to be taken first at the front
IRQ_ORDER = (11, 3, 7, *range(16, 32))
IRQ_BITS = sum(1 << n for n in IRQ_ORDER)

MSTATUS, MISA, MIE, MTVEC, MSTATUSH = 0x300, 0x301, 0x304, 0x305, 0x310
MSCRATCH, MEPC, MCAUSE, MTVAL, MIP = 0x340, 0x341, 0x342, 0x343, 0x344
MCYCLE, MINSTRET, MCYCLEH, MINSTRETH = 0xB00, 0xB02, 0xB80, 0xB82
CYCLE, INSTRET, CYCLEH, INSTRETH = 0xC00, 0xC02, 0xC80, 0xC82
TSELECT, TDATA1 = 0x7A0, 0x7A1
MVENDORID, MARCHID, MIMPID, MHARTID, MCONFIGPTR = 0xF11, 0xF12, 0xF13, 0xF14, 0xF15

MISA_VALUE = 1 << 30 | 1 << 12 | 1 << 8 | 1 << 2  # RV32, M, I, C
STATUS_MIE, STATUS_MPIE, STATUS_MPP = 1 << 3, 1 << 7, 3 << 11
ZERO_CSRS = frozenset(
    (MSTATUSH, MVENDORID, MARCHID, MIMPID, MCONFIGPTR, 0x320, TSELECT, TDATA1)
    + tuple(base + n for base in (0x320, 0xB00) for n in range(6, 32))
    + tuple(0xB80 + n for n in range(3, 32))
)
HPM_COUNTERS = (0xB03, 0xB04, 0xB05)  # stall cycles: fetch, data port, multiply and divide
HPM_EVENTS = {0x323: 1, 0x324: 2, 0x325: 3}


class BusFault(Exception):
    """The bus answered with an error."""


class Bus(Protocol):
    """Byte-addressed little-endian memory; each access is aligned to its size in bytes."""

    def load(self, address: int, size: int) -> int: ...

    def store(self, address: int, size: int, value: int) -> None: ...

    def fetch(self, address: int) -> int:
        """The 16 bits at an even address."""
        ...


class _Trap(Exception):
    def __init__(self, cause: int, value: int = 0):
        self.cause, self.value = cause, value


@dataclass
class Retired:
    """What one instruction did; the fields of RVFI. A trapped instruction did nothing but trap."""

    pc: int
    insn: int = 0
    next_pc: int = 0
    trap: bool = False
    rd: int = 0
    rd_value: int = 0
    address: int = 0
    load_size: int = 0
    store_size: int = 0
    data: int = 0  # loaded (before extension) or stored, right-justified


def signed(x: int) -> int:
    """32-bit pattern as a signed number."""
    return x - (1 << 32) if x & 1 << 31 else x


def extend(x: int, bits: int) -> int:
    """Sign extension of the low `bits` bits to a 32-bit pattern."""
    x &= (1 << bits) - 1
    return (x - (1 << bits)) & MASK if x >> (bits - 1) else x


def divide(a: int, b: int) -> tuple[int, int]:
    """Quotient and remainder, rounded toward zero, with the results that the M extension gives to
    division by zero. Overflow (-2^31 / -1) comes out right when cut to 32 bits."""
    if b == 0:
        return -1, a
    q = abs(a) // abs(b)
    q = -q if (a < 0) != (b < 0) else q
    return q, a - q * b


ALU: tuple[Callable[[int, int], int], ...] = (
    lambda a, b: a + b,
    lambda a, b: a << (b & 31),
    lambda a, b: int(signed(a) < signed(b)),
    lambda a, b: int(a < b),
    lambda a, b: a ^ b,
    lambda a, b: a >> (b & 31),
    lambda a, b: a | b,
    lambda a, b: a & b,
)
MULDIV: tuple[Callable[[int, int], int], ...] = (
    lambda a, b: a * b,
    lambda a, b: signed(a) * signed(b) >> 32,
    lambda a, b: signed(a) * b >> 32,
    lambda a, b: a * b >> 32,
    lambda a, b: divide(signed(a), signed(b))[0],
    lambda a, b: divide(a, b)[0],
    lambda a, b: divide(signed(a), signed(b))[1],
    lambda a, b: divide(a, b)[1],
)
BRANCH: dict[int, Callable[[int, int], bool]] = {
    0: lambda a, b: a == b,
    1: lambda a, b: a != b,
    4: lambda a, b: signed(a) < signed(b),
    5: lambda a, b: signed(a) >= signed(b),
    6: lambda a, b: a < b,
    7: lambda a, b: a >= b,
}


class Iss:
    """One hart. `step()` executes one instruction; state is in plain attributes."""

    def __init__(
        self, bus: Bus, reset_pc: int = 0, hart_id: int = 0, stall_counters: bool = True
    ) -> None:
        self.bus = bus
        self.pc = reset_pc
        self.x = [0] * 32
        self.hart_id = hart_id
        self.mie_bit = False  # mstatus.MIE
        self.mpie_bit = True
        self.mie = 0
        self.mtvec = 0
        self.mscratch = 0
        self.mepc = 0
        self.mcause = 0
        self.mtval = 0
        self.minstret = 0
        self.mip = 0  # from outside
        self.mcycle = 0  # from outside
        self.hpm = dict.fromkeys(HPM_COUNTERS if stall_counters else (), 0)  # from outside

    # Traps

    def _enter(self, cause: int, epc: int, value: int) -> None:
        self.mepc, self.mcause, self.mtval = epc, cause, value
        self.mpie_bit, self.mie_bit = self.mie_bit, False
        vectored = self.mtvec & 1 and cause & INTERRUPT
        self.pc = (self.mtvec & ~3) + (4 * (cause & 31) if vectored else 0)

    def pending(self, mip: int) -> int | None:
        """Number of the interrupt to be taken if these lines are up, or None."""
        active = mip & self.mie if self.mie_bit else 0
        return next((n for n in IRQ_ORDER if active >> n & 1), None)

    def interrupt(self, mip: int) -> None:
        """Take the interrupt that is due with these lines.

        Raises:
            ValueError: none is due.
        """
        number = self.pending(mip)
        if number is None:
            raise ValueError(
                f"no interrupt is due: mip={mip:08x} mie={self.mie:08x} MIE={self.mie_bit:d}"
            )
        self._enter(INTERRUPT | number, self.pc, 0)

    # One instruction

    def step(self) -> Retired:
        """Execute the instruction at pc, or enter the trap that it causes."""
        self.done = Retired(pc=self.pc)
        try:
            insn, length = self._fetch()
            self.done.insn = insn
            word = insn if length == 4 else expand(insn)
            if word is None:
                raise _Trap(ILLEGAL, insn)
            self.next_pc = (self.pc + length) & MASK
            self.counts = self.ticks = True
            self._execute(word)
        except _Trap as trap:
            self.done = Retired(pc=self.pc, insn=self.done.insn, trap=True)
            self._enter(trap.cause, self.pc, trap.value)
        else:
            self.pc = self.next_pc
            if self.counts:
                self.minstret = (self.minstret + 1) & (1 << 64) - 1
        self.done.next_pc = self.pc
        return self.done

    def _fetch(self) -> tuple[int, int]:
        at = self.pc
        try:
            low = self.bus.fetch(at)
            if low & 3 != 3:
                return low, 2
            at = (at + 2) & MASK
            return low | self.bus.fetch(at) << 16, 4
        except BusFault:
            raise _Trap(INSTRUCTION_FAULT, at) from None

    def _write(self, rd: int, value: int) -> None:
        if rd:
            self.x[rd] = self.done.rd_value = value & MASK
            self.done.rd = rd

    def _illegal(self) -> _Trap:
        return _Trap(ILLEGAL, self.done.insn)

    def _execute(self, word: int) -> None:
        opcode = word & 0x7F
        rd, funct3 = word >> 7 & 31, word >> 12 & 7
        a, b = self.x[word >> 15 & 31], self.x[word >> 20 & 31]
        funct7 = word >> 25
        imm_i = extend(word >> 20, 12)

        if opcode == 0x13:  # OP-IMM
            if funct3 == 1 and funct7 or funct3 == 5 and funct7 not in (0, 0x20):
                raise self._illegal()
            if funct3 == 5 and funct7:
                self._write(rd, signed(a) >> (imm_i & 31))
            else:
                self._write(rd, ALU[funct3](a, imm_i))
        elif opcode == 0x33:  # OP
            if funct7 == 1:
                self._write(rd, MULDIV[funct3](a, b))
            elif funct7 == 0:
                self._write(rd, ALU[funct3](a, b))
            elif funct7 == 0x20 and funct3 == 0:
                self._write(rd, a - b)
            elif funct7 == 0x20 and funct3 == 5:
                self._write(rd, signed(a) >> (b & 31))
            else:
                raise self._illegal()
        elif opcode == 0x03:
            self._load(rd, funct3, (a + imm_i) & MASK)
        elif opcode == 0x23:
            self._store(funct3, (a + extend(word >> 25 << 5 | rd, 12)) & MASK, b)
        elif opcode == 0x63:
            if funct3 not in BRANCH:
                raise self._illegal()
            offset = (word >> 8 & 15) << 1 | (word >> 25 & 63) << 5 | (word >> 7 & 1) << 11
            if BRANCH[funct3](a, b):
                self.next_pc = (self.pc + extend(offset | word >> 31 << 12, 13)) & MASK
        elif opcode == 0x37:
            self._write(rd, word & ~0xFFF)
        elif opcode == 0x17:
            self._write(rd, self.pc + (word & ~0xFFF))
        elif opcode == 0x6F:
            offset = (word >> 21 & 0x3FF) << 1 | (word >> 20 & 1) << 11 | (word >> 12 & 0xFF) << 12
            self._write(rd, self.next_pc)
            self.next_pc = (self.pc + extend(offset | word >> 31 << 20, 21)) & MASK
        elif opcode == 0x67 and funct3 == 0:
            self._write(rd, self.next_pc)
            self.next_pc = (a + imm_i) & MASK & ~1
        elif opcode == 0x0F and funct3 in (0, 1):
            pass  # FENCE, FENCE.I: memory is always in order here
        elif opcode == 0x73:
            self._system(word, rd, funct3, a)
        else:
            raise self._illegal()

    def _load(self, rd: int, funct3: int, address: int) -> None:
        if funct3 not in (0, 1, 2, 4, 5):
            raise self._illegal()
        size = 1 << (funct3 & 3)
        if address % size:
            raise _Trap(LOAD_MISALIGNED, address)
        try:
            data = self.bus.load(address, size)
        except BusFault:
            raise _Trap(LOAD_FAULT, address) from None
        self._write(rd, data if funct3 & 4 else extend(data, 8 * size))
        self.done.address, self.done.load_size, self.done.data = address, size, data

    def _store(self, funct3: int, address: int, value: int) -> None:
        if funct3 not in (0, 1, 2):
            raise self._illegal()
        size = 1 << funct3
        value &= (1 << 8 * size) - 1
        if address % size:
            raise _Trap(STORE_MISALIGNED, address)
        try:
            self.bus.store(address, size, value)
        except BusFault:
            raise _Trap(STORE_FAULT, address) from None
        self.done.address, self.done.store_size, self.done.data = address, size, value

    def _system(self, word: int, rd: int, funct3: int, a: int) -> None:
        if funct3 & 3:
            source = word >> 15 & 31
            operand = source if funct3 & 4 else a
            number = word >> 20
            writes = funct3 & 3 == 1 or source != 0
            old = self._csr_read(number)
            if old is None or (writes and number >> 10 == 3):
                raise self._illegal()
            self._write(rd, old)
            if writes:
                new = {1: operand, 2: old | operand, 3: old & ~operand}[funct3 & 3]
                self._csr_write(number, new)
        elif word == 0x00000073:
            raise _Trap(ECALL_M)
        elif word == 0x00100073:
            raise _Trap(BREAKPOINT, self.pc)
        elif word == 0x30200073:  # MRET
            self.mie_bit, self.mpie_bit = self.mpie_bit, True
            self.next_pc = self.mepc
        elif word == 0x10500073:  # WFI: time does not exist, so it is over at once
            pass
        else:
            raise self._illegal()

    # CSRs

    def _csr_read(self, number: int) -> int | None:
        if number == MSTATUS:
            status = STATUS_MPP | (STATUS_MIE if self.mie_bit else 0)
            return status | (STATUS_MPIE if self.mpie_bit else 0)
        if number in ZERO_CSRS or (not self.hpm and number in (*HPM_COUNTERS, *HPM_EVENTS)):
            return 0
        values = {
            MISA: MISA_VALUE,
            MIE: self.mie,
            MTVEC: self.mtvec,
            MSCRATCH: self.mscratch,
            MEPC: self.mepc,
            MCAUSE: self.mcause,
            MTVAL: self.mtval,
            MIP: self.mip,
            MCYCLE: self.mcycle & MASK,
            CYCLE: self.mcycle & MASK,
            MCYCLEH: self.mcycle >> 32,
            CYCLEH: self.mcycle >> 32,
            MINSTRET: self.minstret & MASK,
            INSTRET: self.minstret & MASK,
            MINSTRETH: self.minstret >> 32,
            INSTRETH: self.minstret >> 32,
            MHARTID: self.hart_id,
            **self.hpm,
            **HPM_EVENTS,
        }
        return values.get(number)

    def _csr_write(self, number: int, value: int) -> None:
        value &= MASK
        if number == MSTATUS:
            self.mie_bit = bool(value & STATUS_MIE)
            self.mpie_bit = bool(value & STATUS_MPIE)
        elif number == MIE:
            self.mie = value & IRQ_BITS
        elif number == MTVEC:
            self.mtvec = value & ~0x7F | 1 if value & 1 else value & ~3
        elif number == MSCRATCH:
            self.mscratch = value
        elif number == MEPC:
            self.mepc = value & ~1
        elif number == MCAUSE:
            self.mcause = value & (INTERRUPT | 31)
        elif number == MTVAL:
            self.mtval = value
        elif number in self.hpm:
            self.hpm[number] = value
        elif number == MCYCLE:
            self.mcycle = self.mcycle & ~MASK | value
            self.ticks = False
        elif number == MCYCLEH:
            self.mcycle = self.mcycle & MASK | value << 32
            self.ticks = False
        elif number == MINSTRET:
            self.minstret = self.minstret & ~MASK | value
            self.counts = False
        elif number == MINSTRETH:
            self.minstret = self.minstret & MASK | value << 32
            self.counts = False


# The C extension: each 16-bit instruction stands for one 32-bit instruction.


def _r(funct7: int, rs2: int, rs1: int, funct3: int, rd: int, opcode: int) -> int:
    return funct7 << 25 | rs2 << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def _i(imm: int, rs1: int, funct3: int, rd: int, opcode: int = 0x13) -> int:
    return (imm & 0xFFF) << 20 | rs1 << 15 | funct3 << 12 | rd << 7 | opcode


def _s(imm: int, rs2: int, rs1: int) -> int:
    return _r(imm >> 5 & 0x7F, rs2, rs1, 2, imm & 31, 0x23)


def _b(imm: int, rs1: int, funct3: int) -> int:
    high = (imm >> 12 & 1) << 6 | imm >> 5 & 0x3F
    return _r(high, 0, rs1, funct3, imm & 0x1E | imm >> 11 & 1, 0x63)


def _j(imm: int, rd: int) -> int:
    bits = (imm >> 20 & 1) << 19 | (imm >> 1 & 0x3FF) << 9 | (imm >> 11 & 1) << 8 | imm >> 12 & 0xFF
    return bits << 12 | rd << 7 | 0x6F


def _gather(half: int, places: str) -> int:
    """Immediate whose bits lie scattered: `places` names, from bit 12 of `half` downwards, the
    immediate bit that each instruction bit holds; '-' for bits of other fields."""
    value = 0
    for at, place in zip(range(12, -1, -1), places.split()):
        if place != "-":
            value |= (half >> at & 1) << int(place)
    return value


def expand(half: int) -> int | None:
    """32-bit instruction for a 16-bit one of RV32C; None if it is illegal or reserved."""
    quadrant, funct3 = half & 3, half >> 13
    rd, rs2 = half >> 7 & 31, half >> 2 & 31
    rd_s, rs2_s = 8 + (half >> 7 & 7), 8 + (half >> 2 & 7)
    imm6 = extend(_gather(half, "5 - - - - - 4 3 2 1 0"), 6)

    if quadrant == 0:
        word_offset = _gather(half, "5 4 3 - - - 2 6")
        if funct3 == 0:  # c.addi4spn
            imm = _gather(half, "5 4 9 8 7 6 2 3")
            return _i(imm, 2, 0, rs2_s) if imm else None
        if funct3 == 2:  # c.lw
            return _i(word_offset, rd_s, 2, rs2_s, 0x03)
        if funct3 == 6:  # c.sw
            return _s(word_offset, rs2_s, rd_s)
        return None

    if quadrant == 1:
        jump = extend(_gather(half, "11 4 9 8 10 6 7 3 2 1 5"), 12)
        if funct3 == 0:  # c.addi, c.nop
            return _i(imm6, rd, 0, rd)
        if funct3 == 1:  # c.jal
            return _j(jump, 1)
        if funct3 == 2:  # c.li
            return _i(imm6, 0, 0, rd)
        if funct3 == 3:
            if imm6 == 0:
                return None
            if rd == 2:  # c.addi16sp
                return _i(extend(_gather(half, "9 - - - - - 4 6 8 7 5"), 10), 2, 0, 2)
            return (imm6 << 12 & MASK) | rd << 7 | 0x37  # c.lui
        if funct3 == 4:
            return _expand_alu(half, rd_s, rs2_s, imm6)
        if funct3 == 5:  # c.j
            return _j(jump, 0)
        branch = extend(_gather(half, "8 4 3 - - - 7 6 2 1 5"), 9)
        return _b(branch, rd_s, funct3 & 1)  # c.beqz, c.bnez

    if funct3 == 0:  # c.slli
        return None if half >> 12 & 1 else _i(rs2, rd, 1, rd)
    if funct3 == 2:  # c.lwsp
        return _i(_gather(half, "5 - - - - - 4 3 2 7 6"), 2, 2, rd, 0x03) if rd else None
    if funct3 == 6:  # c.swsp
        return _s(_gather(half, "5 4 3 2 7 6"), rs2, 2)
    if funct3 != 4:
        return None
    second = half >> 12 & 1
    if rs2:  # c.mv, c.add
        return _r(0, rs2, rd if second else 0, 0, rd, 0x33)
    if rd:  # c.jr, c.jalr
        return _i(0, rd, 0, second, 0x67)
    return 0x00100073 if second else None  # c.ebreak


def _expand_alu(half: int, rd: int, rs2: int, imm6: int) -> int | None:
    kind = half >> 10 & 3
    if kind == 2:  # c.andi
        return _i(imm6, rd, 7, rd)
    if half >> 12 & 1:  # shifts by 32 and more, and the RV64 operations
        return None
    if kind < 2:  # c.srli, c.srai
        return _i(half >> 2 & 31 | (0x400 if kind else 0), rd, 5, rd)
    funct3 = (0, 4, 6, 7)[half >> 5 & 3]  # c.sub, c.xor, c.or, c.and
    return _r(0 if funct3 else 0x20, rs2, rd, funct3, rd, 0x33)
