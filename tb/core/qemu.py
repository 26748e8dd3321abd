# SPDX-License-Identifier: Apache-2.0
"""models/iss.py beside QEMU: programs that both run alike, QEMU's state before each instruction.

QEMU's machine is `virt` with an RV32IMC hart in machine mode only. Where the specification leaves a
choice and QEMU takes another than the core, programs stay away or the difference is named here:
misaligned accesses (QEMU executes them), an instruction of which only the first half can be fetched
(QEMU 7.2 breaks off), mtval of an ebreak (0 there), mstatus.MPP (a field of one value here), bit 0
of mepc (QEMU keeps it), local interrupts in mie, mcause bits, alignment of a vectored mtvec,
counters, and csrrs of a read-only CSR with a register that holds 0 (no trap in QEMU). Interrupts
are off: when one is taken is not the program's business.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from models.iss import BREAKPOINT, INSTRUCTION_FAULT, STATUS_MIE, STATUS_MPIE, BusFault, Iss
from tb.core.random_program import CSR_OP, FREE, Writer

RAM, RAM_SIZE = 0x8000_0000, 128 << 20
TEST_DEVICE = 0x0010_0000  # a store of 0x5555 ends QEMU
CPU = "rv32,a=false,f=false,d=false,s=false,u=false,h=false,pmp=false,mmu=false," + ",".join(
    f"zb{letter}=false" for letter in "abcs"
)
COMMAND = [
    *"qemu-system-riscv32 -M virt -m 128M -bios none -display none -serial none".split(),
    *"-monitor none -singlestep -d cpu,nochain -cpu".split(),
    CPU,
]
STATUS = STATUS_MIE | STATUS_MPIE
READABLE = "misa mie mip mtvec mscratch mepc mcause mtval mhartid mvendorid mstatush".split()


class QemuWriter(Writer):
    device = "la   tp, data"
    exit = f"li t3, 0x5555\n    li t4, {TEST_DEVICE:#x}\n    sw t3, 0(t4)"
    nowhere = (0x88000000, 0xA0000000, 0xFFFFFFFE)
    ram_end = RAM + RAM_SIZE
    no_memory = (0x88000000, 0x88000004, 0xA0000000, 0xFFFFFFFC)
    second = False
    misaligned = False
    half_outside = False
    interrupts = False
    csrs = ("mscratch", "mtval", "0x7c0", "0x180")

    def csr(self) -> None:
        r = self.random
        op, kind = r.choice(CSR_OP), r.random()
        operand = r.randint(0, 31) if op.endswith("i") else self.source()
        if kind < 0.4:
            self.put(f"csrr {self.target()}, {r.choice(READABLE)}")
        elif kind < 0.7:
            self.put(f"{op} {self.target()}, {r.choice(('mscratch', 'mtval'))}, {operand}")
        elif kind < 0.75:
            self.put("li t3, -2")
            self.put(f"and t3, t3, {self.source()}")
            self.put(f"{r.choice(CSR_OP[:3])} {self.target()}, mepc, t3")
        elif kind < 0.8:
            self.put(f"{r.choice(CSR_OP[3:])} {self.target()}, mcause, {r.randint(0, 15)}")
        elif kind < 0.9:
            name = r.choice(("0x000", "0x180", "0x7c0", "0xfff"))
            self.put(f"{op} {self.target()}, {name}, {operand}")
            self.put(f"csrrw {self.target()}, mhartid, {self.source()}")
        else:
            self.change_state()

    def change_state(self) -> None:
        """mie, mtvec and mstatus at random for a moment, in which nothing traps."""
        r = self.random
        some = r.choice(FREE)
        self.put(f"li t3, {r.choice((-9, 0x80))}")
        self.put(f"and t3, t3, {some}")
        self.put(f"{r.choice(('csrs', 'csrc'))} mstatus, t3" if r.random() < 0.5 else "nop")
        self.put("csrci mstatus, 8")
        self.put("li t3, 0x888")
        self.put(f"and t3, t3, {some}")
        self.put(f"{r.choice(CSR_OP[:3])} {self.target()}, mie, t3")
        self.put(f"csrr {self.target()}, mie")
        self.put("csrw mie, x0")
        self.put("csrr t4, mtvec")
        self.put(f"andi t3, {some}, -4")
        self.put("csrw mtvec, t3")
        self.put(f"csrr {self.target()}, mtvec")
        self.put("csrw mtvec, t4")
        self.put("li t4, 0")


class QemuBus:
    """RAM; nothing else answers, except that the test device takes what ends the program."""

    def __init__(self) -> None:
        self.ram = bytearray(RAM_SIZE)
        self.ended = False

    def load_image(self, address: int, data: bytes) -> None:
        self.ram[address - RAM : address - RAM + len(data)] = data

    def load(self, address: int, size: int) -> int:
        if not RAM <= address < RAM + RAM_SIZE:
            raise BusFault
        return int.from_bytes(self.ram[address - RAM : address - RAM + size], "little")

    def fetch(self, address: int) -> int:
        return self.load(address, 2)

    def store(self, address: int, size: int, value: int) -> None:
        if address == TEST_DEVICE:
            self.ended = True
        elif not RAM <= address < RAM + RAM_SIZE:
            raise BusFault
        else:
            self.ram[address - RAM : address - RAM + size] = value.to_bytes(size, "little")


def states(elf: Path) -> Iterator[dict[str, int]]:
    """Registers and CSRs before each instruction that QEMU executes of a program."""
    loader = f"loader,file={elf},cpu-num=0"
    with subprocess.Popen([*COMMAND, "-device", loader], stderr=subprocess.PIPE, text=True) as qemu:
        assert qemu.stderr is not None
        state: dict[str, int] = {}
        try:
            for line in qemu.stderr:
                fields = line.split()
                if not fields or len(fields) % 2:
                    raise ValueError(f"QEMU: {line.strip()}")
                for name, value in zip(fields[::2], fields[1::2]):
                    state[name.split("/")[0]] = int(value, 16)
                if "x31" in state:
                    yield state
                    state = {}
        finally:
            qemu.kill()


def own_state(iss: Iss) -> dict[str, int]:
    """The same of the simulator."""
    status = STATUS_MIE * iss.mie_bit | STATUS_MPIE * iss.mpie_bit
    return {
        "pc": iss.pc, "mstatus": status, "mstatush": 0, "mie": iss.mie, "mtvec": iss.mtvec,
        "mepc": iss.mepc, "mcause": iss.mcause, "mtval": iss.mtval, "mscratch": iss.mscratch,
        "mhartid": iss.hart_id, **{f"x{n}": value for n, value in enumerate(iss.x)},
    }  # fmt: skip


def compare(iss: Iss, elf: Path, limit: int) -> int:
    """Run a program on both until it ends; the number of instructions compared.

    Raises:
        AssertionError: at the first difference, which it names; or the program does not end.
    """
    count = 0
    iss.mpie_bit = False  # as QEMU leaves it at reset
    for state in states(elf):
        if iss.pc != state["pc"]:  # QEMU shows nothing before an instruction that it cannot fetch
            at, done = iss.pc, iss.step()
            assert done.trap and iss.mcause == INSTRUCTION_FAULT, (
                f"before instruction {count}: pc: QEMU {state['pc']:08x}, here {at:08x}, "
                f"mcause {iss.mcause:08x}, mtval {iss.mtval:08x}"
            )
        own = own_state(iss)
        theirs = {name: state[name] & (STATUS if name == "mstatus" else ~0) for name in own}
        if own != theirs:
            names = [name for name in own if own[name] != theirs[name]]
            shown = ", ".join(f"{n}: QEMU {theirs[n]:08x}, here {own[n]:08x}" for n in names)
            raise AssertionError(f"before instruction {count}, pc {iss.pc:08x}: {shown}")
        iss.mip = state["mip"]
        done = iss.step()
        if done.trap and iss.mcause == BREAKPOINT:
            iss.mtval = 0
        count += 1
        assert count < limit, f"not at its end after {limit} instructions"
    assert iss.bus.ended, f"QEMU stopped before instruction {count}, pc {iss.pc:08x}"
    return count
