# SPDX-License-Identifier: Apache-2.0
"""Programs for scripts/run_core.py: reading them, and what keeps one from being run."""

from __future__ import annotations

from pathlib import Path

from scripts import elf

RAM_BASE, RAM_SIZE, PAGE = 0x8000_0000, 16 << 20, 1 << 20
LIMIT = 1 << 32
MEMORY_LIMIT = 1 << 30  # of all segments together

# Exit status of scripts/run_core.py for each trouble; its --help says more
(USAGE, UNREADABLE, NOT_ELF, NOT_32_BIT, NOT_RISCV, OUTSIDE, NO_TOHOST, NO_SIGNATURE, TOO_LONG,
 BROKEN) = range(240, 250)
ELF_STATUS = {elf.NotElf: NOT_ELF, elf.WrongClass: NOT_32_BIT, elf.WrongMachine: NOT_RISCV}


class RunError(Exception):
    """The program cannot be run.

    Attributes:
        status: exit status that names the kind of trouble.
    """

    def __init__(self, status: int, text: str):
        super().__init__(text)
        self.status = status


def load(path: Path, signature: bool = False) -> tuple[elf.Elf, list[str]]:
    """Read and check the program; return it and what the harness needs to know of it.

    Raises:
        RunError: it cannot be run; the status names why.
    """
    try:
        program = elf.read(path)
    except OSError as error:
        raise RunError(UNREADABLE, f"{path}: {error.strerror}") from error
    except elf.ElfError as error:
        raise RunError(ELF_STATUS[type(error)], str(error)) from error
    if not program.segments:
        raise RunError(NOT_ELF, f"{path.name} has no segment to load")
    spans = [(RAM_BASE, RAM_SIZE)]
    for segment in program.segments:
        for base in {segment.address, segment.run_address}:
            if base + segment.size > LIMIT:
                raise RunError(OUTSIDE, f"segment at {base:#010x} of {segment.size:#x} bytes ends "
                                        "outside the 32-bit address space")
            spans.append((base, segment.size))
    if sum(size for _, size in spans) > MEMORY_LIMIT:
        raise RunError(OUTSIDE, f"segments need more than {MEMORY_LIMIT >> 20} MiB of memory")

    def present(address: int, size: int) -> bool:
        return all(any(base & -PAGE <= at < -(-(base + length) // PAGE) * PAGE
                       for base, length in spans) for at in (address, address + size - 1))

    if program.entry % 2 or not any(
        s.run_address <= program.entry < s.run_address + s.size for s in program.segments
    ):
        raise RunError(OUTSIDE, f"entry point {program.entry:#010x} lies in no segment")
    tohost = program.symbols.get("tohost")
    if tohost is None:
        raise RunError(NO_TOHOST, f"{path.name} has no symbol tohost: it could not end")
    if tohost % 4 or not present(tohost, 4):
        raise RunError(OUTSIDE, f"tohost at {tohost:#010x} is not a word in memory")
    begin, end = (program.symbols.get(f"{name}_signature") for name in ("begin", "end"))
    if signature and (begin is None or end is None or begin % 4 or end % 4
                      or end < begin or (end > begin and not present(begin, end - begin))):
        raise RunError(NO_SIGNATURE, f"{path.name} has no words between begin_signature and "
                                     "end_signature")
    fromhost = program.symbols.get("fromhost", 0)
    return program, [f"ram={base},{size}" for base, size in spans] + [
        f"entry={program.entry}", f"tohost={tohost}",
        f"fromhost={fromhost if present(fromhost, 4) else 0}"]
