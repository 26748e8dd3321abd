# SPDX-License-Identifier: Apache-2.0
"""The generated reference pages are current and leave nothing out."""

from __future__ import annotations

import re

from models import commands, registers
from scripts import reference


def test_pages_are_current() -> None:
    assert not reference.stale(), "run make docs"


def test_registers_page_names_every_register_and_field() -> None:
    sections = reference.registers_page().split("\n## ")[1:]
    for name, section in zip(registers.MAPS, sections, strict=True):
        rows = section.splitlines()
        for reg in registers.registers(name).values():
            row = [r for r in rows if r.startswith(f"| {reg.address:#05x} | `{reg.name}`")]
            assert len(row) == 1, reg
            assert re.search(r"\| (r|w|rw) \|", row[0]), row
            for field, (lsb, width, _) in reg.fields.items():
                place = reference.bits(lsb, width)
                assert field == "value" or any(
                    r.startswith(f"|  | `{field}` | {place} |") for r in rows), (reg.name, field)


def test_registers_page_says_reset_values() -> None:
    page = reference.registers_page()
    assert "| 0x01c | `MTIMECMP_LO` | 31:0 | rw | 0xffffffff |" in page
    assert "| 0x080 | `BASE` x 16 | 31:0 | rw | 0x0 |" in page
    assert "| 0x000 | `ID` | 31:0 | r |  |" in page


def test_commands_page_names_every_command_field_and_error() -> None:
    page = reference.commands_page()
    header = set(commands.specification()["header"])
    for fmt in commands.formats().values():
        section = page.split(f"## {fmt.name}\n")[1].split("\n## ")[0]
        assert section.strip().startswith(f"Opcode {fmt.opcode}, ")
        assert all(f"| `{field}` |" in section for field in set(fmt.fields) - header)
    for name, code in commands.specification()["errors"].items():
        assert re.search(rf"\| {code} \| `{name}` \| {'' if code == 0 else '.+'}", page), name
