# SPDX-License-Identifier: Apache-2.0
"""Constrained-random programs for the control core, as assembly text.

Programs run in lock step with models/iss.py, so they check nothing themselves; they only have to
stay on course whatever their random data are. Reserved registers: sp, s0 and gp point into the
data, tp to the device, s11 counts loops, t3 (x28) is for the program's own ends, t4 (x29) is where
a jump to nowhere is to be resumed (0: a fetch that failed is tried again); the handler uses t5 and
t6. All others hold random values. The assembler picks 16-bit forms where they exist. The testbench
may let fetches between body and body_end fail, and accesses from data to words_end.
"""

from __future__ import annotations

from random import Random

DATA_WORDS = 2048
POINTERS = {"sp": (0, 1020), "s0": (0, 1020), "gp": (-2048, 2044)}
FREE = [f"x{n}" for n in (1, 5, 6, 7, *range(9, 27))]
SHORT = ["x9", "x10", "x11", "x12", "x13", "x14", "x15"]
TARGETS = [*FREE, "x0"]
CORNERS = (0, 1, 2, 0xFFFFFFFF, 0x80000000, 0x7FFFFFFF, 0xFFFF, 0x10000, 0xFFFF0000, 0x8000, 31)

OP = "add sub sll slt sltu xor srl sra or and mul mulh mulhsu mulhu div divu rem remu".split()
OP_IMM = "addi slti sltiu xori ori andi".split()
SHIFT_IMM = "slli srli srai".split()
BRANCH = "beq bne blt bge bltu bgeu".split()
LOADS = {"lb": 1, "lbu": 1, "lh": 2, "lhu": 2, "lw": 4}
STORES = {"sb": 1, "sh": 2, "sw": 4}
CSR_OP = "csrrw csrrs csrrc csrrwi csrrsi csrrci".split()
WRITABLE = (
    "mscratch mcause mtval mepc mcycle mcycleh minstret minstreth mhpmcounter3 mhpmcounter4 "
    "mhpmcounter5".split()
)
READABLE = (
    "mstatus misa mie mip mtvec mscratch mepc mcause mtval mcycle mcycleh minstret minstreth "
    "cycle cycleh instret instreth mip "
    "mhartid mvendorid mimpid marchid mhpmcounter3 mhpmcounter4 mhpmcounter5 mhpmcounter6 "
    "mhpmcounter3h mhpmevent3 mhpmevent4 mhpmevent5 mhpmevent6 mcountinhibit mstatush".split()
)
NO_CSR = (0x000, 0x180, 0x306, 0x321, 0x322, 0x3A0, 0x7C0, 0xB01, 0xB81, 0xC01, 0xFFF)
ILLEGAL = (
    ".word 0xffffffff",
    ".word 0x0000007f",
    ".word 0x00003067",  # jalr with a funct3
    ".word 0x00002063",  # branch funct3 2
    ".word 0x00003003",  # ld
    ".word 0x00006003",  # lwu
    ".word 0x00003023",  # sd
    ".word 0x40001013",  # slli with bit 30
    ".word 0x02005013",  # srli with bit 25
    ".word 0x40004033",  # xor with bit 30
    ".word 0x04000033",  # funct7 2
    ".word 0x0000200f",  # misc-mem funct3 2
    ".word 0x10200073",  # sret
    ".word 0x00200073",  # uret
    ".word 0x30200f73",  # mret with rd
    ".word 0x00004073",  # system funct3 4
    ".word 0x00002007",  # flw
    ".word 0x0000202f",  # amo
    ".half 0x0000",
    ".half 0x0004",  # c.addi4spn with 0
    ".half 0x2000",  # c.fld
    ".half 0x6000",  # c.flw
    ".half 0x8000",
    ".half 0x6101",  # c.addi16sp with 0
    ".half 0x6081",  # c.lui with 0
    ".half 0x9001",  # c.srli with bit 5
    ".half 0x9c01",  # c.subw
    ".half 0x1002",  # c.slli with bit 5
    ".half 0x4002",  # c.lwsp to x0
    ".half 0x8002",  # c.jr x0
)

START = """\
    .section .text.start, "ax", @progbits
    .globl _start, body, body_end, data, words_end
_start:
    la   t0, vectors
    li   t1, {elsewhere:#x}
    xor  t0, t0, t1
    ori  t0, t0, {vectored}
    csrw mtvec, t0
    csrr t0, mtvec
    la   sp, data + {sp}
    la   s0, data + {s0}
    la   gp, data + {gp}
    {device}
    li   s11, 0
    li   t4, 0
    li   t5, 0
    li   t6, 0
{values}
again:
    li   t3, {enabled}
    csrw mie, t3
    csrsi mstatus, 8
body:
"""

END = """\
body_end:
    csrci mstatus, 8
    la   t3, passes
    lw   t4, 0(t3)
    addi t4, t4, -1
    sw   t4, 0(t3)
    beqz t4, 1f
    li   t4, 0
    j    again
1:  li   t3, 1
    {exit}
1:  j    1b
{outside}

    .balign 128
vectors:
    .option push
    .option norvc
    j    handler
{table}
    .option pop

handler:
    csrr t5, mcause
    bltz t5, interrupt
    li   t6, 1
    beq  t5, t6, nowhere
    csrr t5, mepc
    lhu  t6, 0(t5)
    andi t6, t6, 3
    addi t6, t6, -3
    bnez t6, 1f
    addi t5, t5, 2
1:  addi t5, t5, 2
    csrw mepc, t5
    mret
nowhere:
    beqz t4, 2f
    csrw mepc, t4
    li   t4, 0
2:  mret
interrupt:
    csrr t5, mcause
    li   t6, 1
    sll  t6, t6, t5
    sw   t6, 12(tp)
    mret

    .data
    .balign 4
data:
{data}
words_end:
    .word 0
safe:
    .word 0
passes:
    .word {passes}
"""


class Writer:
    """Writes instructions; the kinds are methods. A subclass for another machine changes what is
    where, and what there may be."""

    device = "li   tp, 0x20000000"
    exit = "sw   t3, 0(tp)"
    nowhere: tuple[int, ...] = (0x20000000, 0x00002000, 0x1000FFFE, 0xFFFFFFFE)
    ram_end = 0x10010000
    no_memory: tuple[int, ...] = (
        0x30000000, 0x0FFFFFFC, 0x10010000, 0xFFFFFFFC, 0x00002000, 0x20000100,
    )  # fmt: skip
    second = True  # the RAM is there again with the upper half of addresses inverted
    misaligned = True
    half_outside = True  # an instruction whose upper half cannot be fetched
    interrupts = True
    illegal = ILLEGAL
    csrs: tuple[str, ...] = ("mscratch", "mtval", "mcause", "mhartid", "0x7c0", "0xc01", "0xb81")

    def __init__(self, random: Random):
        self.random = random
        self.lines: list[str] = []
        self.outside: list[str] = []  # routines where no fetch fails
        self.labels = 0

    def put(self, text: str) -> None:
        self.lines.append(f"    {text}")

    def label(self) -> str:
        self.labels += 1
        return f"label{self.labels}"

    def place(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def resume_at(self, label: str) -> None:
        """Set t4 in one instruction: a fetch may fail in front of each."""
        self.put(f"la t3, {label}")
        self.put("mv t4, t3")

    def source(self) -> str:
        r = self.random
        return r.choice(SHORT) if r.random() < 0.5 else r.choice(TARGETS)

    def target(self) -> str:
        r = self.random
        return r.choice(SHORT) if r.random() < 0.6 else r.choice(TARGETS)

    # Kinds of instruction

    def arithmetic(self) -> None:
        r = self.random
        rd, rs = self.target(), self.source()
        if r.random() < 0.4:
            rs = rd
        kind = r.random()
        if kind < 0.5:
            self.put(f"{r.choice(OP)} {rd}, {rs}, {self.source()}")
        elif kind < 0.75:
            imm = r.randint(-32, 31) if r.random() < 0.6 else r.randint(-2048, 2047)
            self.put(f"{r.choice(OP_IMM)} {rd}, {rs}, {imm}")
        elif kind < 0.85:
            self.put(f"{r.choice(SHIFT_IMM)} {rd}, {rs}, {r.randint(0, 31)}")
        elif kind < 0.92:
            self.put(f"lui {rd}, {r.choice((r.getrandbits(20), r.randint(1, 31)))}")
        elif kind < 0.95:
            self.put(f"auipc {rd}, {r.getrandbits(20)}")
        elif kind < 0.97:
            self.put(f"addi {rd}, sp, {4 * r.randint(0, 255)}")
        else:
            self.put(f"li {rd}, {r.choice(CORNERS)}")

    def memory(self) -> None:
        r = self.random
        pointer = r.choice(list(POINTERS))
        low, high = POINTERS[pointer]
        if r.random() < 0.5:
            low, high = max(low, 0), 124
        offset = r.randint(low, high)
        table = LOADS if r.random() < 0.6 else STORES
        name = r.choice([*table, "lw" if table is LOADS else "sw"])
        if r.random() < 0.95 or not self.misaligned:
            offset -= offset % table[name]
        register = self.target() if table is LOADS else self.source()
        self.put(f"{name} {register}, {offset}({pointer})")

    def bad_access(self) -> None:
        r = self.random
        address = r.choice(self.no_memory)
        if r.random() < 0.3 and self.misaligned:
            address += r.randint(0, 3)
        self.put(f"li t3, {address & 0xFFFFFFFF}")
        name = r.choice([*LOADS, *STORES])
        self.put(f"{name} {self.target() if name in LOADS else self.source()}, 0(t3)")

    def rom_store(self) -> None:
        self.put(f"{self.random.choice(list(STORES))} {self.source()}, 0(x0)")

    def branch(self) -> None:
        r = self.random
        over = self.label()
        first, second = self.source(), self.source()
        if r.random() < 0.3:
            self.put(f"{r.choice(('beqz', 'bnez'))} {r.choice(SHORT)}, {over}")
        else:
            self.put(f"{r.choice(BRANCH)} {first}, {second}, {over}")
        for _ in range(r.randint(0, 4)):
            self.simple()
        self.place(over)

    def loop(self) -> None:
        r = self.random
        top = self.label()
        self.put(f"li s11, {r.randint(1, 5)}")
        self.place(top)
        for _ in range(r.randint(1, 8)):
            self.simple()
        self.put("addi s11, s11, -1")
        self.put(f"bnez s11, {top}")

    def jump(self) -> None:
        r = self.random
        over, register = self.label(), r.choice(FREE)
        kind = r.random()
        if kind < 0.3:
            self.put(f"jal {r.choice(TARGETS)}, {over}")
        else:
            self.put(f"la {register}, {over}")
            if self.second and r.random() < 0.25:
                self.put("lui t3, 0xffff0")
                self.put(f"xor {register}, {register}, t3")
            if kind < 0.5:
                self.put(f"jr {register}")
            elif kind < 0.7:
                self.put(f"jalr {register}")
            else:
                shift = r.randint(-100, 100)
                self.put(f"addi {register}, {register}, {shift}")
                self.put(f"jalr {r.choice(TARGETS)}, {-shift}({register})")
        for _ in range(r.randint(0, 3)):
            self.simple()
        self.place(over)

    def jump_to_nowhere(self) -> None:
        r = self.random
        resume, register = self.label(), r.choice(FREE)
        self.resume_at(resume)
        self.put(f"li {register}, {r.choice(self.nowhere)}")
        if r.random() < 0.5 and self.half_outside:
            # The last half word of the RAM begins an instruction whose upper half lies outside.
            self.put(f"li t3, {self.ram_end - 4}")
            self.put(f"li {register}, 0x00030000")
            self.put(f"sw {register}, 0(t3)")
            self.put("fence.i")
            self.put(f"li {register}, {self.ram_end - 2}")
        self.put(f"jr {register}")
        self.place(resume)
        self.put("li t4, 0")

    def csr(self) -> None:
        r = self.random
        op = r.choice(CSR_OP)
        operand = r.randint(0, 31) if op.endswith("i") else self.source()
        kind = r.random()
        if kind < 0.5:
            self.put(f"csrr {self.target()}, {r.choice(READABLE)}")
        elif kind < 0.8:
            self.put(f"{op} {self.target()}, {r.choice(WRITABLE)}, {operand}")
        elif kind < 0.87:
            self.put(
                f"{op} {self.target()}, {r.choice(('mhartid', 'cycle', 'instreth'))}, {operand}"
            )
        elif kind < 0.94:
            self.put(f"{op} {self.target()}, {r.choice(NO_CSR):#x}, {operand}")
        elif kind < 0.96:
            self.put(f"li t3, {r.getrandbits(32) | r.getrandbits(32) | 0x80}")
            self.put("csrw mie, t3")
            self.put(f"{r.choice(('csrrs', 'csrrc'))} {self.target()}, mie, {self.source()}")
        elif kind < 0.97:
            self.put(f"csrr{r.choice('sc')}i {self.target()}, mtvec, 1")
        elif kind < 0.98:
            self.change_vector()
        else:
            self.put(f"csrr{r.choice('sc')}i {self.target()}, mstatus, 8")

    def change_vector(self) -> None:
        """Any value in mtvec and mstatus for a moment, in which nothing traps."""
        routine = self.label()
        self.put(f"jal t3, {routine}")
        op = self.random.choice(CSR_OP[:3])
        self.outside += [
            f"{routine}:",
            "    csrci mstatus, 8",
            "    csrr t4, mtvec",
            f"    {op} {self.random.choice(FREE)}, mtvec, {self.random.choice(FREE)}",
            f"    csrr {self.random.choice(FREE)}, mtvec",
            "    csrw mtvec, t4",
            "    li   t4, -9",
            f"    and  t4, t4, {self.random.choice(FREE)}",
            f"    csrrw {self.random.choice(FREE)}, mstatus, t4",
            f"    csrr {self.random.choice(FREE)}, mstatus",
            "    li   t4, 0",
            "    csrsi mstatus, 8",
            "    jr   t3",
        ]

    def system(self) -> None:
        r = self.random
        kind = r.random() if self.interrupts else r.uniform(0, 0.85)
        if kind < 0.2:
            self.put(r.choice(("ecall", "ebreak", "c.ebreak")))
        elif kind < 0.55:
            self.put(r.choice(self.illegal))
        elif kind < 0.75:
            self.put(r.choice(("fence", "fence.i", "fence rw, w")))
            self.memory()
        elif kind < 0.85:
            after = self.label()
            self.put("csrci mstatus, 8")
            self.resume_at(after)
            self.put("csrw mepc, t4")
            self.put("li t3, 0x1800")  # mstatus.MPP, for machines with other modes
            self.put("csrs mstatus, t3")
            self.put("mret")
            self.put("nop")
            self.place(after)
            self.put("li t4, 0")
        elif kind < 0.93:
            line = r.choice((3, 7, 11, *range(16, 32)))
            self.put("csrci mstatus, 8")
            self.put(f"li t3, {1 << line}")
            self.put("csrs mie, t3")
            self.put("sw t3, 8(tp)")
            self.put("csrsi mstatus, 8")
        else:
            self.put("csrci mstatus, 8")
            self.put("li t3, 0x80")
            self.put("csrs mie, t3")
            self.put(f"li t3, {r.randint(1, 60)}")
            self.put("sw t3, 16(tp)")
            self.put("wfi")
            if r.random() < 0.3:
                self.memory()
            self.put("csrsi mstatus, 8")

    def hazard(self) -> None:
        """An instruction that needs what one of the two in front of it has made: either operand,
        as data, address, target or CSR value."""
        r = self.random
        made, other = r.sample(FREE, 2)
        kinds = "alu muldiv load store store store branch branch jump csr".split()
        kind = r.choice(kinds)
        over = self.label()
        second = r.random() < 0.5 and kind not in ("load", "jump", "csr")
        pointer = (kind in ("load", "store") and not second) or kind == "jump"
        make = f"{r.choice(OP[:10])} {made}, {self.source()}, {self.source()}"
        if kind == "jump":
            self.put(f"la {made}, {over}")
            make = f"mv {made}, {made}"
        elif pointer:
            align = r.choice((1, 2, 4, 4, 4, 4)) if self.misaligned else 4
            make = f"addi {made}, {r.choice(('sp', 's0'))}, {align * r.randint(0, 1020 // align)}"
        if self.interrupts and r.random() < 0.4:
            self.put(f"li t3, {r.randint(1, 16)}")
            self.put("sw t3, 16(tp)")
        gap = r.random()
        if gap < 0.4 and pointer:
            # Not in the data: a load that fails there would leave a wrong address.
            if kind != "jump":
                self.put(make)
            self.put("la t3, safe")
            self.put(f"sw {made}, 0(t3)")
            self.put(f"lw {made}, 0(t3)")
        elif gap < 0.4:
            self.put(f"lw {made}, {4 * r.randint(0, 255)}(sp)")
        else:
            self.put(make)
            if gap < 0.7:
                self.put(f"{r.choice(OP[:10])} {other}, s0, {r.choice(('gp', 'sp'))}")
                other = "s0"
        rs1, rs2 = ("s0", made) if second else (made, r.choice((other, "s0", "x0")))
        if kind in ("alu", "muldiv"):
            name = r.choice(OP[:10] if kind == "alu" else OP[10:])
            self.put(f"{name} {self.target()}, {rs1}, {rs2}")
        elif kind in ("load", "store"):
            loads = kind == "load"
            name = r.choice([*LOADS] if loads else [*STORES])
            self.put(f"{name} {self.target() if loads else rs2}, {r.choice((0, 4))}({rs1})")
        elif kind == "branch":
            self.put(f"{r.choice(BRANCH)} {rs1}, {rs2}, {over}")
        elif kind == "jump":
            self.put(r.choice((f"jr {made}", f"jalr {self.target()}, 0({made})")))
        else:
            self.put(f"{r.choice(CSR_OP[:3])} {self.target()}, {r.choice(self.csrs)}, {made}")
        self.place(over)
        if r.random() < 0.4:
            self.memory()

    def patch(self) -> None:
        """The instruction behind a fence.i is replaced, often when it has been fetched already."""
        r = self.random
        place, word = self.label(), r.choice(FREE)
        self.put(f"la t3, {place}")
        self.put(f"li {word}, {r.getrandbits(12) << 20 | r.randint(9, 26) << 7 | 0x13}")
        if r.random() < 0.7:
            self.put(f"divu {r.choice([x for x in FREE if x != word])}, t3, {word}")
        self.put(".balign 4")
        self.put(f"sw {word}, 0(t3)")
        self.put("fence.i")
        self.put(".balign 4")
        self.place(place)
        self.put(".word 0x13")

    def move_stack(self) -> None:
        step = 16 * self.random.randint(1, 31)
        self.put(f"addi sp, sp, {step}")
        self.put(f"addi sp, sp, -{step}")

    def simple(self) -> None:
        kind = self.random.random()
        if kind < 0.62:
            self.arithmetic()
        elif kind < 0.94:
            self.memory()
        else:
            self.csr()

    def any(self) -> None:
        r = self.random
        makers = (self.simple, self.hazard, self.branch, self.loop, self.jump, self.system)
        rare = (self.bad_access, self.rom_store, self.jump_to_nowhere, self.move_stack, self.patch)
        r.choices((*makers, *rare), weights=(30, 35, 12, 4, 8, 8, 3, 1, 2, 1, 2))[0]()


def generate(random: Random, items: int, passes: int = 1, kind: type[Writer] = Writer) -> str:
    """Assembly text of a program with about 3 * `items` instructions, which runs `passes` times."""
    writer = kind(random)
    for _ in range(items):
        writer.any()
    return assemble(writer, passes)


def assemble(writer: Writer, passes: int) -> str:
    """The text of the writer's instructions with start, end, handlers and random data."""
    random, kind = writer.random, type(writer)

    def value() -> int:
        return random.choice(CORNERS) if random.random() < 0.3 else random.getrandbits(32)

    start = START.format(
        sp=4 * random.randint(0, 256),
        s0=4 * random.randint(0, 256),
        gp=2048 + 4 * random.randint(0, 511),
        values="\n".join(f"    li   {x}, {value()}" for x in FREE)
        + "\n    li x27, 0\n    li x28, 0",
        device=kind.device,
        enabled=random.getrandbits(32) | random.getrandbits(32) | 0x80 if kind.interrupts else 0,
        elsewhere=0xFFFF0000 if kind.second and random.random() < 0.5 else 0,
        vectored=random.getrandbits(1),
    )
    table = "\n".join("    j    interrupt" for _ in range(31))
    data = "\n".join(f"    .word {value()}" for _ in range(DATA_WORDS))
    return start + "\n".join(writer.lines) + "\n" + END.format(
        exit=kind.exit, table=table, data=data, passes=passes, outside="\n".join(writer.outside)
    )
