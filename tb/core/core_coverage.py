# SPDX-License-Identifier: Apache-2.0
"""Functional coverage of the control core, from its trace records.

`flow` is instruction class x hazard x what follows x which port let it wait. A hazard is between an
instruction and the nearest one in front of it that wrote an operand: rs1 or rs2, one or two
instructions ahead, or `load` if it is a load directly ahead. `jumps` crosses control flow with the
alignment of its source and of its target. Others name each instruction, 16-bit form, trap cause and
interrupt.
"""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from pyuvm import uvm_subscriber

from models.iss import IRQ_ORDER, expand
from scripts.core_trace import BRANCH, CSR_OP, LOAD, MULDIV, OP, OP_IMM, STORE, disassemble
from tb.common.coverage import Coverage
from tb.core.lock_step import Record

CLASSES = (
    "alu", "upper", "muldiv", "load", "store", "branch", "jump", "csr", "fence", "system", "illegal"
)  # fmt: skip
HAZARDS = ("none", "rs1_1", "rs2_1", "rs1_2", "rs2_2", "rs1_load", "rs2_load")
FOLLOWS = ("next", "trap", "interrupt")
WAITS = ("none", "i", "d", "both")
RS1_ONLY, NO_SOURCES = ("load", "jump", "csr"), ("upper", "fence", "system", "illegal")
# Classes that can trap for what they do; the others only if they cannot be fetched
TRAPS = ("load", "store", "csr", "system", "illegal")
MNEMONICS = (
    *OP, *OP_IMM, *MULDIV, *BRANCH.values(), *LOAD.values(), *STORE.values(), *CSR_OP.values(),
    "sub", "sra", "srai", "lui", "auipc", "jal", "jalr", "fence", "fence.i",
    "ecall", "ebreak", "mret", "wfi", "illegal",
)  # fmt: skip
SHORT = (
    "addi4spn lw sw addi jal li addi16sp lui srli srai andi sub xor or and j beqz bnez slli lwsp "
    "jr mv ebreak jalr add swsp illegal"
).split()
JUMPS = ("branch", "jal", "jalr", "mret", "trap", "interrupt")
SAMPLES = 100  # a combination is counted so many times per run at most

_KINDS = {
    0x13: "alu", 0x33: "alu", 0x37: "upper", 0x17: "upper", 0x03: "load", 0x23: "store",
    0x63: "branch", 0x6F: "jump", 0x67: "jump", 0x0F: "fence",
}  # fmt: skip


@lru_cache(maxsize=1 << 16)
def describe(insn: int) -> tuple[str, str, str, str]:
    """(class, mnemonic, 16-bit form or "", kind of jump or "") of an instruction."""
    name = disassemble(insn, 0).split()[0]
    form = short_form(insn) if insn & 3 != 3 else ""
    if name == "illegal":
        return "illegal", name, form and "illegal", ""
    word = insn if insn & 3 == 3 else expand(insn)
    jump = name if name in ("jal", "jalr", "mret") else "branch" if word & 127 == 0x63 else ""
    if word & 127 == 0x73:
        return "csr" if word >> 12 & 3 else "system", name, form, jump
    muldiv = word & 0xFE00007F == 0x02000033
    return "muldiv" if muldiv else _KINDS[word & 127], name, form, jump


def short_form(half: int) -> str:
    """Name of a 16-bit instruction, if it is legal."""
    quadrant, funct3, rd, rs2 = half & 3, half >> 13, half >> 7 & 31, half >> 2 & 31
    if quadrant == 0:
        return {0: "addi4spn", 2: "lw", 6: "sw"}.get(funct3, "illegal")
    if quadrant == 2:
        if funct3 != 4:
            return {0: "slli", 2: "lwsp", 6: "swsp"}.get(funct3, "illegal")
        if rs2:
            return "add" if half >> 12 & 1 else "mv"
        return ("jalr" if rd else "ebreak") if half >> 12 & 1 else "jr"
    if funct3 == 4:
        kind = half >> 10 & 3
        return ("srli", "srai", "andi", ("sub", "xor", "or", "and")[half >> 5 & 3])[kind]
    if funct3 == 3:
        return "addi16sp" if rd == 2 else "lui"
    return ("addi", "jal", "li", "", "", "j", "beqz", "bnez")[funct3]


def core_store() -> Coverage:
    """All points and crosses, without counts."""
    cov = Coverage("core")
    cov.point("class", CLASSES)
    cov.point("hazard", HAZARDS)
    cov.point("follows", FOLLOWS)
    cov.point("waited", WAITS)
    exclude = {}
    for kind in CLASSES:
        for hazard in HAZARDS:
            for follows in FOLLOWS:
                for waited in WAITS:
                    if reason := _impossible(kind, hazard, follows, waited):
                        exclude[kind, hazard, follows, waited] = reason
    cov.cross("flow", ["class", "hazard", "follows", "waited"], exclude=exclude)
    cov.point("jump", JUMPS)
    cov.point("from", ("word", "half"))
    cov.point("to", ("word", "half"))
    cov.point("target", ("short", "long"))
    fixed = {}
    for jump in ("trap", "interrupt"):
        for source in ("word", "half"):
            for to, target in (("half", "short"), ("half", "long"), ("word", "short")):
                fixed[jump, source, to, target] = "the vector is an aligned 32-bit jump"
    cov.cross("jumps", ["jump", "from", "to", "target"], exclude=fixed)
    cov.point("instruction", MNEMONICS)
    cov.point("short_form", SHORT)
    cov.point("cause", (1, 2, 3, 4, 5, 6, 7, 11))
    cov.point("interrupt", IRQ_ORDER)
    return cov


def _impossible(kind: str, hazard: str, follows: str, waited: str) -> str:
    if kind in NO_SOURCES and hazard != "none":
        return "reads no register"
    if kind in RS1_ONLY and hazard.startswith("rs2"):
        return "has no rs2"
    if follows == "trap" and kind not in TRAPS:
        return "never traps by itself"
    if kind == "illegal" and follows != "trap":
        return "always traps"
    if waited in ("d", "both") and kind not in ("load", "store"):
        # Only a load or store behind it can wait, and then that one comes next.
        if follows != "next":
            return "no access is begun behind it"
        if kind == "jump":
            return "nothing is behind a jump yet"
    return ""


class CoreCoverage(uvm_subscriber):
    def build_phase(self) -> None:
        self.flow: Counter = Counter()
        self.jumps: Counter = Counter()
        self.seen: Counter = Counter()
        self.restart()

    def restart(self) -> None:
        """Behind a reset."""
        self.before: Record | None = None
        self.writers: list[tuple[int, bool]] = [(0, False), (0, False)]  # (rd, load), latest first
        self.pending: tuple | None = None  # (class, hazard, trap, waited, jump) of `before`

    def write(self, got: Record) -> None:
        self._finish(got)
        kind, name, form, jump = describe(got.insn)
        fetch_failed = got.fault and not got.fault_masks
        if fetch_failed:
            self.pending = None
        else:
            self.pending = kind, self._hazard(got), got.trap, got.waited, jump
            self.seen["instruction", name] += 1
            if form:
                self.seen["short_form", form] += 1
        self.writers = [(got.rd, bool(got.rmask)), self.writers[0]]
        self.before = got

    def _hazard(self, got: Record) -> str:
        for ahead, (rd, load) in enumerate(self.writers, 1):
            for name, (number, _) in zip(("rs1", "rs2"), got.sources):
                if rd and number == rd:
                    return f"{name}_load" if load and ahead == 1 else f"{name}_{ahead}"
        return "none"

    def _finish(self, got: Record) -> None:
        """Count the record before `got`, now that it is known what followed."""
        if self.before is None or self.pending is None:
            return
        before = self.before
        kind, hazard, trap, waited, jump = self.pending
        follows = "interrupt" if got.intr else "trap" if trap else "next"
        if not (trap and got.intr):
            self.flow[kind, hazard, follows, WAITS[waited]] += 1
        if got.intr:
            jump = "interrupt"
        elif trap:
            jump = "trap"
        elif jump == "branch" and got.pc == before.pc + (4 if before.insn & 3 == 3 else 2):
            jump = ""
        if jump and not (got.fault and not got.fault_masks):
            places = (("word", "half")[before.pc >> 1 & 1], ("word", "half")[got.pc >> 1 & 1])
            self.jumps[jump, *places, "long" if got.insn & 3 == 3 else "short"] += 1

    def trapped(self, cause: int) -> None:
        """An exception or interrupt was taken, with this mcause."""
        self.seen["interrupt" if cause >> 31 else "cause", cause & 31] += 1

    def save(self) -> None:
        """Write the counts of this run."""
        cov = core_store()
        for (kind, hazard, follows, waited), count in self.flow.items():
            values = {"class": kind, "hazard": hazard, "follows": follows, "waited": waited}
            for _ in range(min(count, SAMPLES)):
                cov.sample(**values)
        for (jump, source, to, target), count in self.jumps.items():
            values = {"jump": jump, "from": source, "to": to, "target": target}
            for _ in range(min(count, SAMPLES)):
                cov.sample(**values)
        for (point, value), count in self.seen.items():
            for _ in range(min(count, SAMPLES)):
                cov.sample(**{point: value})
        cov.save()
