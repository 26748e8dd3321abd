# SPDX-License-Identifier: Apache-2.0
"""Reference pages of the command set and the register map, made from their single sources.

`make docs` writes docs/commands.md and docs/registers.md; a test holds them current.
"""

from __future__ import annotations

import re
from pathlib import Path

from systemrdl.node import RegNode

from models import commands, registers
from tb.common.filelist import ROOT


def table(head: list[str], rows: list[list[object]]) -> list[str]:
    """A Markdown table."""
    shown = [[str(cell).replace("|", "\\|") for cell in row] for row in rows]
    return ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *shown]]


def bits(lsb: int, width: int) -> str:
    """A bit range as high:low."""
    return f"{lsb + width - 1}:{lsb}" if width > 1 else str(lsb)


def error_meanings() -> dict[str, str]:
    """What the error codes mean: the comments beside them in the command set."""
    return dict(re.findall(r"^  (\w+): \d+ +# (.+)$", commands.SOURCE.read_text(), re.MULTILINE))


def commands_page() -> str:
    """Every command with its fields, from rtl/chiplet/commands.yaml."""
    spec = commands.specification()
    formats = commands.formats()
    header = len(formats["sync"].fields)
    head = ["bits", "field", "base", "meaning"]

    def rows(fields: list[commands.Field]) -> list[list[object]]:
        return [
            [
                bits(f.lsb, f.width),
                f"`{f.name}`",
                "" if f.base_lsb is None else bits(f.base_lsb, commands.BASE_BITS),
                f.text,
            ]
            for f in fields
        ]

    lines = [
        "# Commands",
        "",
        "Made by `make docs` from rtl/chiplet/commands.yaml. A command has 256 bits; bits without "
        "a field must be 0. `base` is where the number of the base register stands that is added "
        "to the field; number 0 adds nothing. Macro m has queue `macro0` + m, the packets of "
        "chiplet p are producer `peer0` + p. What the engines do is on the pages of "
        "[the architecture](architecture.md), [the chiplet](chiplet.md) and "
        "[the vector engine](vector.md).",
        "",
    ]
    for title, names in (
        ("Queues", spec["queues"]),
        ("Producers", spec["producers"]),
    ):
        listed = ", ".join(f"{number} `{name}`" for name, number in names.items())
        lines += [f"{title}: {listed}.", ""]
    meanings = error_meanings()
    errors = [[code, f"`{name}`", meanings.get(name, "")] for name, code in spec["errors"].items()]
    lines += [*table(["error code", "name", "cause"], errors), ""]
    lines += ["## All commands", "", *table(head, rows(list(formats["sync"].fields.values()))), ""]
    for fmt in formats.values():
        queue = "any queue" if fmt.queue == "any" else f"queue {fmt.queue}"
        lines += [f"## {fmt.name}", "", f"Opcode {fmt.opcode}, {queue}. {fmt.text}", ""]
        own = list(fmt.fields.values())[header:]
        lines += [*table(head, rows(own)), ""] if own else []
    return "\n".join(lines)


def access(reg: RegNode) -> str:
    """r, w or rw: what software can do with its fields."""
    return "".join(a for a in "rw" if any(a in f.get_property("sw").name for f in reg.fields()))


def reset_value(reg: RegNode) -> str:
    """Value after reset; empty for constants and states."""
    known = [f for f in reg.fields() if f.get_property("reset") is not None]
    return f"{sum(f.get_property('reset') << f.lsb for f in known):#x}" if known else ""


def registers_page() -> str:
    """Every register with its fields, from rtl/chiplet/registers.rdl."""
    lines = [
        "# Registers",
        "",
        "Made by `make docs` from rtl/chiplet/registers.rdl. Registers are 32-bit words and are "
        "written whole. An address without a register reads 0 and ignores writes, as do bits "
        "without a field. Where no reset value stands, the register shows a constant or a state.",
        "",
    ]
    for addrmap in registers.MAPS:
        node = registers.elaborate(addrmap)
        lines += [f"## {node.get_property('name')}", "", node.get_property("desc"), ""]
        rows: list[list[object]] = []
        for reg in registers.registers(addrmap).values():
            name = f"`{reg.name}`" + (f" x {reg.count}" if reg.count > 1 else "")
            source = node.get_child_by_name(reg.name)
            whole = reg.fields.get("value")
            rows.append([f"{reg.address:#05x}", name, bits(*whole[:2]) if whole else "",
                         access(source), reset_value(source), reg.text])
            rows += [
                ["", f"`{field}`", bits(lsb, width), "", "", text]
                for field, (lsb, width, text) in reg.fields.items()
                if field != "value"
            ]
        head = ["offset", "register, field", "bits", "access", "reset", "meaning"]
        lines += [*table(head, rows), ""]
    return "\n".join(lines)


def pages() -> dict[Path, str]:
    """The pages and what must stand in them."""
    return {
        ROOT / "docs" / "commands.md": commands_page(),
        ROOT / "docs" / "registers.md": registers_page(),
    }


def stale() -> list[Path]:
    """Pages that are missing or not what their source says."""
    return [
        path for path, text in pages().items() if not path.is_file() or path.read_text() != text
    ]


def write() -> None:
    """Write the pages."""
    for path, text in pages().items():
        path.write_text(text)
