# SPDX-License-Identifier: Apache-2.0
"""Read 32-bit little-endian RISC-V ELF files: loadable segments, entry point, symbols."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

EM_RISCV = 243
PT_LOAD = 1
SHT_SYMTAB = 2


class ElfError(Exception):
    """The file is not an ELF file of the kind that the core runs; the text says why."""


@dataclass(frozen=True)
class Segment:
    """Bytes to be loaded at `address` (the load address, not the run address)."""

    address: int
    data: bytes


@dataclass(frozen=True)
class Elf:
    entry: int
    segments: tuple[Segment, ...]
    symbols: dict[str, int]

    def flat(self) -> tuple[int, bytes]:
        """Lowest load address, and all segments from there on with gaps as zeros."""
        if not self.segments:
            raise ElfError("nothing to load")
        base = min(s.address for s in self.segments)
        image = bytearray(max(s.address + len(s.data) for s in self.segments) - base)
        for s in self.segments:
            image[s.address - base : s.address - base + len(s.data)] = s.data
        return base, bytes(image)


def read(path: Path) -> Elf:
    """Parse `path`.

    Raises:
        ElfError: not an ELF file, not RISC-V, not 32 bits, or cut short.
    """
    raw = path.read_bytes()
    if raw[:4] != b"\x7fELF":
        raise ElfError(f"{path.name} is not an ELF file")
    if raw[4:6] != b"\x01\x01":
        raise ElfError(f"{path.name} is not a 32-bit little-endian ELF file")
    try:
        return _parse(raw, path.name)
    except (struct.error, IndexError, ValueError) as error:
        raise ElfError(f"{path.name} is damaged: {error}") from error


def _parse(raw: bytes, name: str) -> Elf:
    (_, machine, _, entry, phoff, shoff, _, _, phsize, phnum, shsize, shnum, _) = (
        struct.unpack_from("<HHIIIIIHHHHHH", raw, 16)
    )
    if machine != EM_RISCV:
        raise ElfError(f"{name} is for machine {machine}, not RISC-V")

    segments = []
    for i in range(phnum):
        kind, offset, _, address, size = struct.unpack_from("<IIIII", raw, phoff + i * phsize)
        if kind == PT_LOAD and size:
            data = raw[offset : offset + size]
            if len(data) != size:
                raise ElfError(f"{name} is cut short")
            segments.append(Segment(address, data))

    sections = [struct.unpack_from("<IIIIIIIIII", raw, shoff + i * shsize) for i in range(shnum)]
    symbols: dict[str, int] = {}
    for section in sections:
        if section[1] != SHT_SYMTAB:
            continue
        offset, size, strings = section[4], section[5], sections[section[6]][4]
        for at in range(offset, offset + size, 16):
            label, value = struct.unpack_from("<II", raw, at)
            end = raw.index(b"\0", strings + label)
            if end > strings + label:
                symbols[raw[strings + label : end].decode()] = value
    return Elf(entry, tuple(segments), symbols)
