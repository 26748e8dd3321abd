# SPDX-License-Identifier: Apache-2.0
"""Makes build/gen/ from the single sources: command fields, numeric tables, register map."""

from __future__ import annotations

from pathlib import Path

from models import commands

ROOT = Path(__file__).parent.parent
OUT = ROOT / "build" / "gen"


def commands_vh() -> str:
    """Verilog localparams: CMD_<COMMAND>_<FIELD>_LSB, _W and _BASE (lsb of the base number)."""
    spec = commands.specification()
    lines = [f"localparam CMD_BITS = {commands.BITS};"]
    lines += [f"localparam QUEUE_{n.upper()} = {v};" for n, v in spec["queues"].items()]
    lines += [f"localparam PRODUCER_{n.upper()} = {v};" for n, v in spec["producers"].items()]
    header = commands.formats()["sync"].fields
    for field in header.values():
        lines.append(f"localparam CMD_{field.name.upper()}_LSB = {field.lsb};")
        lines.append(f"localparam CMD_{field.name.upper()}_W = {field.width};")
    for fmt in commands.formats().values():
        prefix = f"CMD_{fmt.name.upper()}"
        lines.append(f"localparam {prefix} = 4'd{fmt.opcode};")
        lines.append(f"localparam {prefix}_USED = {fmt.used_bits};")
        for field in list(fmt.fields.values())[len(header):]:
            name = f"{prefix}_{field.name.upper()}"
            lines.append(f"localparam {name}_LSB = {field.lsb};")
            lines.append(f"localparam {name}_W = {field.width};")
            if field.base_lsb is not None:
                lines.append(f"localparam {name}_BASE = {field.base_lsb};")
    return "\n".join([
        "// Generated from rtl/chiplet/commands.yaml",
        "/* verilator lint_off UNUSEDPARAM */",
        *lines,
        "/* verilator lint_on UNUSEDPARAM */",
        "",
    ])


def write(path: Path, text: str) -> None:
    """Write only what has changed, so that nothing is rebuilt for nothing."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main() -> None:
    write(OUT / "commands.vh", commands_vh())


if __name__ == "__main__":
    main()
