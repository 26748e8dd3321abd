# SPDX-License-Identifier: Apache-2.0
"""The firmware build: what it makes, that it builds once, and how it fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import elf
from scripts.firmware import FIRMWARE, FirmwareError, build


def program(folder: Path, body: str) -> Path:
    source = folder / "program.c"
    source.write_text(f"int main(void) {{ {body} }}\n")
    return source


def test_files_agree(tmp_path: Path) -> None:
    """ELF, binary and hex hold the same bytes; the program starts at its first word."""
    image = build("files_agree", [program(tmp_path, "return VALUE;")], defines={"VALUE": 7})
    base, flat = elf.read(image.elf).flat()
    words = [int(line, 16).to_bytes(4, "little") for line in image.hex.read_text().split()]
    assert image.bin.read_bytes() == flat and b"".join(words)[: len(flat)] == flat
    assert base == image.base == image.entry == image.symbols["_start"] == 0x10000000
    assert image.size == len(flat)


def test_built_once(tmp_path: Path) -> None:
    """An unchanged program is not rebuilt; another value of a macro is another build."""
    source = program(tmp_path, "return VALUE;")
    first = build("built_once", [source], defines={"VALUE": 1})
    stamp = first.elf.stat().st_mtime_ns
    again = build("built_once", [source], defines={"VALUE": 1})
    other = build("built_once", [source], defines={"VALUE": 2})
    assert again.elf == first.elf and again.elf.stat().st_mtime_ns == stamp
    assert other.elf != first.elf and other.bin.read_bytes() != first.bin.read_bytes()


def test_errors(tmp_path: Path) -> None:
    """Compiler errors, missing files and programs that do not fit are named."""
    with pytest.raises(FirmwareError, match="unknown_function"):
        build("errors", [program(tmp_path, "return unknown_function();")])
    with pytest.raises(FirmwareError, match=r"no such file.*missing\.c"):
        build("errors", [tmp_path / "missing.c"])
    large = program(tmp_path, "static volatile char x[5000]; return x[4999];")
    with pytest.raises(FirmwareError, match="sram"):
        build("errors", [large], FIRMWARE / "link_rom.ld")


@pytest.mark.parametrize(
    "data, message",
    [
        (b"hello", "not an ELF file"),
        (b"\x7fELF\x02\x01" + bytes(60), "not a 32-bit"),
        (b"\x7fELF\x01\x01" + bytes(60), "not RISC-V"),
        (b"\x7fELF\x01\x01", "damaged"),
    ],
)
def test_bad_elf(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.elf"
    path.write_bytes(data)
    with pytest.raises(elf.ElfError, match=message):
        elf.read(path)
