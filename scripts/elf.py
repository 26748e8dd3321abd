# SPDX-License-Identifier: Apache-2.0
"""Read 32-bit little-endian RISC-V ELF files: loadable segments, entry point, symbols."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

ELFCLASS32, ELFDATA2LSB = 1, 1
ET_EXEC, ET_DYN = 2, 3
EM_RISCV = 243
PT_LOAD = 1
SHT_SYMTAB = 2
PROGRAM_HEADER, SECTION_HEADER = struct.Struct("<IIIIII8x"), struct.Struct("<10I")


class ElfError(Exception):
    """The file is not an ELF file of the kind that the core runs; the text says why."""


class NotElf(ElfError):
    """Not an ELF file, or a damaged one."""


class WrongClass(ElfError):
    """Not 32 bits, or not little-endian."""


class WrongMachine(ElfError):
    """Not for RISC-V."""


@dataclass(frozen=True)
class Segment:
    """What is loaded at `address`: `data`, and zeros up to `size` bytes. The program finds it at
    `run_address`, which is another one if it copies the segment itself."""

    address: int
    data: bytes
    size: int
    run_address: int


@dataclass(frozen=True)
class Elf:
    entry: int
    segments: tuple[Segment, ...]
    symbols: dict[str, int]

    def flat(self) -> tuple[int, bytes]:
        """Lowest load address, and all data from there on with gaps as zeros."""
        loaded = [s for s in self.segments if s.data]
        if not loaded:
            raise NotElf("nothing to load")
        base = min(s.address for s in loaded)
        image = bytearray(max(s.address + len(s.data) for s in loaded) - base)
        for s in loaded:
            image[s.address - base : s.address - base + len(s.data)] = s.data
        return base, bytes(image)


def read(path: Path) -> Elf:
    """Parse `path`.

    Raises:
        ElfError: one of its kinds; the file is not ELF, not RISC-V, not 32 bits, or cut short.
        OSError: the file cannot be read.
    """
    raw = path.read_bytes()
    if raw[:4] != b"\x7fELF":
        raise NotElf(f"{path.name} is not an ELF file")
    if len(raw) < 52:
        raise NotElf(f"{path.name} is damaged: it ends in its header")
    if (raw[4], raw[5]) != (ELFCLASS32, ELFDATA2LSB):
        raise WrongClass(f"{path.name} is not a 32-bit little-endian ELF file")
    try:
        return _parse(raw, path.name)
    except (struct.error, IndexError, ValueError) as error:
        raise NotElf(f"{path.name} is damaged: a table points outside the file") from error


def _parse(raw: bytes, name: str) -> Elf:
    (kind, machine, _, entry, phoff, shoff, _, _, phsize, phnum, shsize, shnum, _) = (
        struct.unpack_from("<HHIIIIIHHHHHH", raw, 16)
    )
    if machine != EM_RISCV:
        raise WrongMachine(f"{name} is for machine {machine}, not RISC-V")
    if kind not in (ET_EXEC, ET_DYN):
        raise NotElf(f"{name} is no program but an ELF file of type {kind} (not linked?)")
    if phnum and phsize != PROGRAM_HEADER.size or shnum and shsize != SECTION_HEADER.size:
        raise NotElf(f"{name} is damaged: its tables have entries of a wrong size")

    segments: list[Segment] = []
    for i in range(phnum):
        kind, offset, run_address, address, size, memory = PROGRAM_HEADER.unpack_from(
            raw, phoff + i * phsize
        )
        if kind == PT_LOAD and (size or memory):
            data = raw[offset : offset + size]
            if len(data) != size:
                raise NotElf(f"{name} is damaged: it ends in a segment")
            if size > memory:
                raise NotElf(f"{name} is damaged: a segment has more data than memory")
            for other in segments:
                if address < other.address + len(other.data) and other.address < address + size:
                    raise NotElf(f"{name} is damaged: segments overlap at {address:#010x}")
            segments.append(Segment(address, data, memory, run_address))

    sections = [SECTION_HEADER.unpack_from(raw, shoff + i * shsize) for i in range(shnum)]
    symbols: dict[str, int] = {}
    for section in sections:
        if section[1] != SHT_SYMTAB:
            continue
        offset, size, strings = section[4], section[5], sections[section[6]][4]
        for at in range(offset, offset + size, 16):
            label, value, _, _, _, defined_in = struct.unpack_from("<IIIBBH", raw, at)
            end = raw.index(b"\0", strings + label)
            if end > strings + label and defined_in:
                symbols[raw[strings + label : end].decode()] = value
    return Elf(entry, tuple(segments), symbols)
