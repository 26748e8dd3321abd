# SPDX-License-Identifier: Apache-2.0
"""The control core and models/iss.py in lock step: each trace record is one step of the simulator.

What the testbench does to the core at random comes with the record (interrupt lines, injected bus
faults); everything else is the simulator's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from models.iss import (
    INSTRUCTION_FAULT,
    IRQ_BITS,
    LOAD_FAULT,
    STORE_FAULT,
    BusFault,
    Iss,
    Retired,
    expand,
)
from scripts.elf import Elf

HART_ID = 5
ROM, ROM_SIZE = 0x0000_0000, 0x2000
RAM, RAM_SIZE = 0x1000_0000, 0x1_0000
SECOND = 0xEFFF_0000  # where the RAM is to be seen again
DEVICE, DEVICE_SIZE = 0x2000_0000, 0x100
WFI = 0x10500073


class Bus:
    """The map of tb/core/core_tb.v; the device's effects come back through the interrupt lines.
    `fail_data`: the next load or store fails; `fail_fetch`: number of the word whose fetch does."""

    def __init__(self) -> None:
        self.rom, self.ram = bytearray(ROM_SIZE), bytearray(RAM_SIZE)
        self.fail_data = False
        self.fail_fetch: int | None = None

    def load_image(self, address: int, data: bytes) -> None:
        memory, base = (self.ram, RAM) if address >= RAM else (self.rom, ROM)
        memory[address - base : address - base + len(data)] = data

    def load(self, address: int, size: int) -> int:
        if self.fail_data:
            raise BusFault
        return self._read(address, size)

    def _read(self, address: int, size: int) -> int:
        address = _first(address)
        if RAM <= address < RAM + RAM_SIZE:
            return int.from_bytes(self.ram[address - RAM : address - RAM + size], "little")
        if ROM <= address < ROM + ROM_SIZE:
            return int.from_bytes(self.rom[address - ROM : address - ROM + size], "little")
        if DEVICE <= address < DEVICE + DEVICE_SIZE:
            return 0
        raise BusFault

    def fetch(self, address: int) -> int:
        if DEVICE <= address < DEVICE + DEVICE_SIZE or address >> 2 == self.fail_fetch:
            raise BusFault
        return self._read(address, 2)

    def store(self, address: int, size: int, value: int) -> None:
        if self.fail_data:
            raise BusFault
        address = _first(address)
        if RAM <= address < RAM + RAM_SIZE:
            self.ram[address - RAM : address - RAM + size] = value.to_bytes(size, "little")
        elif not DEVICE <= address < DEVICE + DEVICE_SIZE:
            raise BusFault


def _first(address: int) -> int:
    """The first place of an address in the RAM."""
    return address - SECOND + RAM if SECOND <= address < SECOND + RAM_SIZE else address


class Record(NamedTuple):
    """One retirement as the wrapper packs it: words from the lowest bits of the record up."""

    flags: int
    insn: int
    pc: int
    next_pc: int
    rd_value: int
    rs1_value: int
    rs2_value: int
    address: int
    rdata: int
    wdata: int
    mip: int
    irq_mip: int
    lines: int
    cycle: int
    order: int
    extra: int

    @property
    def trap(self) -> bool:
        return bool(self.flags >> 24 & 1)

    @property
    def intr(self) -> bool:
        return bool(self.flags >> 25 & 1)

    @property
    def fault(self) -> bool:
        return bool(self.flags >> 31 & 1)

    @property
    def rd(self) -> int:
        return self.flags & 31

    @property
    def fault_masks(self) -> int:
        return self.extra & 255

    @property
    def data_injected(self) -> bool:
        return bool(self.extra >> 8 & 1)

    @property
    def fetch_injected(self) -> int | None:
        """Number of the word whose fetch the testbench let fail, if the core says that one did."""
        return (self.pc >> 2) + (self.extra >> 10 & 1) & 0x3FFFFFFF if self.extra >> 9 & 1 else None

    @property
    def waited(self) -> int:
        """1: the instruction port let the core wait, 2: the data port, 3: both."""
        return self.extra >> 11 & 3

    @property
    def slept(self) -> bool:
        """The core said that it sleeps, since the record before."""
        return bool(self.extra >> 13 & 1)

    @property
    def sources(self) -> tuple[tuple[int, int], tuple[int, int]]:
        return (self.flags >> 5 & 31, self.rs1_value), (self.flags >> 10 & 31, self.rs2_value)

    @property
    def rmask(self) -> int:
        return self.flags >> 16 & 15

    @property
    def wmask(self) -> int:
        return self.flags >> 20 & 15


class LockStep:
    """Executes each retired instruction on the simulator and compares everything it did."""

    def __init__(self, iss: Iss):
        self.iss = iss
        self.retired = 0
        self.traps = 0
        self.interrupts = 0
        self.previous: Record | None = None
        self.history: list[str] = []
        self.on_trap: Callable[[int], None] = lambda cause: None  # called with mcause
        self.cycle_offset = 0  # of mcycle to the testbench's count of cycles
        # Value of each stall counter when it was last known, and in which cycle
        self.stalls: dict[int, tuple[int, int] | None] = dict.fromkeys(iss.hpm, (0, 0))

    @classmethod
    def at_reset(cls, program: Elf, stall_counters: bool = True) -> LockStep:
        """In front of the program's first instruction."""
        bus = Bus()
        for segment in program.segments:
            bus.load_image(segment.address, segment.data)
        return cls(Iss(bus, program.entry, HART_ID, stall_counters))

    def check(self, got: Record) -> None:
        """Raises AssertionError at the first difference; the message names it."""
        self.history = [*self.history[-9:], f"{got.pc:08x}: {got.insn:08x}"]
        if got.order != self.retired:
            self._fail(got, "order", self.retired, got.order)
        self._check_lines(got)
        iss = self.iss
        if got.intr:
            try:
                iss.interrupt(got.irq_mip)
            except ValueError as error:
                self._fail(got, f"interrupt ({error})", "none", "taken")
            self.interrupts += 1
            self.on_trap(iss.mcause)
        iss.mip = got.mip
        # An instruction that accesses a CSR executes in the cycle before that of its record.
        iss.mcycle = got.cycle - 1 + self.cycle_offset & (1 << 64) - 1
        iss.bus.fail_data, iss.bus.fail_fetch = got.data_injected, got.fetch_injected
        stalls = self._stalls(got)
        due = iss.pending(got.mip)
        for number, value in got.sources:
            if number:
                self._compare(got, f"operand x{number}", iss.x[number], value)
        want = iss.step()
        if not got.trap and not iss.ticks:  # the write takes the place of this cycle's count
            self.cycle_offset = iss.mcycle - got.cycle
        if stalls:
            known = got.rd or got.insn >> 12 & 3 == 1
            self.stalls[stalls] = (iss.hpm[stalls], got.cycle) if known else None
        self._compare(got, "pc", want.pc, got.pc)
        self._compare(got, "instruction", want.insn, got.insn)
        self._compare(got, "trap", int(want.trap), int(got.trap))
        self._compare(got, "next pc", want.next_pc, got.next_pc)
        self._compare(got, "destination", want.rd, got.rd)
        self._compare(got, f"x{want.rd}", want.rd_value, got.rd_value)
        if want.trap and iss.mcause == INSTRUCTION_FAULT:
            self._compare(got, "operands of what was not fetched", 0, got.flags >> 5 & 0x3FF)
        self._check_memory(want, got)
        self._check_sleep(want, got)
        # Accesses and divisions look at the lines when they begin, WFI lets them wait.
        accessed = want.load_size or want.store_size
        accessed |= want.trap and iss.mcause in (LOAD_FAULT, STORE_FAULT)
        waits = accessed or want.insn & 0xFE00007F == 0x02000033
        if due is not None and not waits and want.insn != WFI:
            self._fail(got, "interrupt", f"number {due} taken", "instruction executed")
        self.retired += 1
        self.traps += got.trap
        if got.trap:
            self.on_trap(iss.mcause)
        self.previous = got

    def _check_sleep(self, want: Retired, got: Record) -> None:
        """Only WFI sleeps; and it does if it has been there for long."""
        before = self.previous
        fetched = before is not None and not got.waited & 1 and got.cycle > before.cycle + 8
        if got.slept and want.insn != WFI or want.insn == WFI and fetched and not got.slept:
            self._fail(got, "sleep", int(not got.slept), int(got.slept))

    def _check_lines(self, got: Record) -> None:
        """The lines that the core says it saw are those that were up; none changes twice between
        two retirements, because only the program lowers them."""
        before = self.previous.lines if self.previous else 0
        for name, seen in (("mip", got.mip), *((("irq mip", got.irq_mip),) * got.intr)):
            if seen & ~(before | got.lines) or before & got.lines & ~seen:
                self._fail(got, name, f"{before & got.lines:08x}..{before | got.lines:08x}", seen)
        if got.mip & ~IRQ_BITS:
            self._fail(got, "mip", "bits of interrupts only", got.mip)

    def _stalls(self, got: Record) -> int | None:
        """The stall counter that this instruction accesses. Its value comes from the core, but it
        cannot have grown by more than the cycles since it was last known."""
        number = got.insn >> 20
        if got.insn & 0x7F != 0x73 or got.insn >> 12 & 3 == 0 or number not in self.stalls:
            return None
        if got.rd:
            if before := self.stalls[number]:
                grown = got.rd_value - before[0] & 0xFFFFFFFF
                if grown > got.cycle - before[1]:
                    limit = got.cycle - before[1]
                    self._fail(got, "stall counter", f"at most {limit} more", f"{grown} more")
            self.iss.hpm[number] = got.rd_value
        return number

    def _check_memory(self, want: Retired, got: Record) -> None:
        lane = want.address & 3
        for name, size, mask, data in (
            ("load", want.load_size, got.rmask, got.rdata),
            ("store", want.store_size, got.wmask, got.wdata),
        ):
            self._compare(got, f"{name} mask", ((1 << size) - 1) << lane, mask)
            if size:
                self._compare(got, f"{name} address", want.address & ~3, got.address)
                value = data >> 8 * lane & ((1 << 8 * size) - 1)
                self._compare(got, f"{name} data", want.data, value)

        cause = self.iss.mcause if want.trap else None
        bus = cause in (INSTRUCTION_FAULT, LOAD_FAULT, STORE_FAULT)
        self._compare(got, "bus fault", bus, got.fault)
        shift = {LOAD_FAULT: 0, STORE_FAULT: 4}.get(cause)
        lanes = 0
        if shift is not None:
            address = self.iss.mtval
            word = want.insn if want.insn & 3 == 3 else expand(want.insn) or 0
            lanes = ((1 << (1 << (word >> 12 & 3))) - 1) << (address & 3) << shift
            self._compare(got, "fault address", address & ~3, got.address)
        self._compare(got, "fault lanes", lanes, got.fault_masks)

    def _compare(self, got: Record, what: str, expected: int, found: int) -> None:
        if expected != found:
            self._fail(got, what, expected, found)

    def _fail(self, got: Record, what: str, expected: object, found: object) -> None:
        shown = [f"{v:08x}" if isinstance(v, int) else v for v in (expected, found)]
        raise AssertionError(
            f"retirement {self.retired} at pc {got.pc:08x}, cycle {got.cycle}: {what}: "
            f"expected {shown[0]}, got {shown[1]}\nlast instructions:\n" + "\n".join(self.history)
        )
