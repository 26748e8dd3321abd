# SPDX-License-Identifier: Apache-2.0
"""Makes build/gen/ from the single sources: command fields, numeric tables, register map."""

from __future__ import annotations

from pathlib import Path

from models import commands, image, registers, transcendental
from scripts import firmware

ROOT = Path(__file__).parent.parent
OUT = ROOT / "build" / "gen"


def command_constants() -> dict[str, int]:
    """Constants of the command set: queues, errors, opcodes (CMD_<COMMAND>), and for each field
    CMD_<COMMAND>_<FIELD>_LSB, _W and _BASE (lsb of the base number)."""
    spec = commands.specification()
    out = {"CMD_BITS": commands.BITS}
    out |= {f"QUEUE_{n.upper()}": v for n, v in spec["queues"].items()}
    out |= {f"PRODUCER_{n.upper()}": v for n, v in spec["producers"].items()}
    out |= {f"ERROR_{n.upper()}": v for n, v in spec["errors"].items()}
    header = commands.formats()["sync"].fields
    for field in header.values():
        out[f"CMD_{field.name.upper()}_LSB"] = field.lsb
        out[f"CMD_{field.name.upper()}_W"] = field.width
    for fmt in commands.formats().values():
        prefix = f"CMD_{fmt.name.upper()}"
        out[prefix] = fmt.opcode
        out[f"{prefix}_USED"] = fmt.used_bits
        for field in list(fmt.fields.values())[len(header):]:
            name = f"{prefix}_{field.name.upper()}"
            out[f"{name}_LSB"] = field.lsb
            out[f"{name}_W"] = field.width
            if field.base_lsb is not None:
                out[f"{name}_BASE"] = field.base_lsb
    return out


def commands_h() -> str:
    """The constants for firmware."""
    lines = [f"#define {name} {value}u" for name, value in command_constants().items()]
    return "\n".join(["// Generated from rtl/chiplet/commands.yaml", "#pragma once", *lines, ""])


def commands_vh() -> str:
    """The constants for RTL: opcodes and error codes are 4 bits wide, all others integers."""
    opcodes = {f"CMD_{name.upper()}" for name in commands.formats()}
    lines = [
        f"localparam [3:0] {name} = 4'd{value};"
        if name in opcodes or name.startswith("ERROR_") else f"localparam {name} = {value};"
        for name, value in command_constants().items()
    ]
    return verilog_header("commands.yaml", lines)


def command_names_vh() -> str:
    """Verilog function command_name(queue, opcode): the command's name in ASCII, for waveforms."""
    macro0 = commands.specification()["queues"]["macro0"]
    rows = []
    for fmt in commands.formats().values():
        names = ["ve", "dma", "move", "send", "macro0"] if fmt.queue == "any" else [
            "macro0" if fmt.queue == "macro" else fmt.queue]
        rows += [f"    8'h{commands.queue_number(queue):x}{fmt.opcode:x}: command_name = "
                 f'"{fmt.name}";' for queue in names]
    return "\n".join([
        "// Generated from rtl/chiplet/commands.yaml: names in ASCII",
        "function [63:0] command_name(input [3:0] queue, input [3:0] opcode);",
        f"  case ({{queue < 4'd{macro0} ? queue : 4'd{macro0}, opcode}})",
        *rows,
        '    default: command_name = "illegal";',
        "  endcase",
        "endfunction",
        "",
    ])


def registers_vh() -> str:
    """Verilog localparams: <CORE|HOST>_<REGISTER> (byte address), ..._<FIELD>_LSB and _W."""
    lines = []
    for addrmap in registers.MAPS:
        side = addrmap.split("_")[0].upper()
        for reg in registers.registers(addrmap).values():
            lines.append(f"localparam [11:0] {side}_{reg.name} = 12'h{reg.address:03x};")
            for field, (lsb, width, _) in reg.fields.items():
                lines.append(f"localparam {side}_{reg.name}_{field.upper()}_LSB = {lsb};")
                lines.append(f"localparam {side}_{reg.name}_{field.upper()}_W = {width};")
    return verilog_header("registers.rdl", lines)


def registers_h() -> str:
    """C macros: REG_<REGISTER> (byte offset), ..._<FIELD>_LSB and _MASK, for firmware."""
    lines = ["#pragma once"]
    for reg in registers.registers("core_registers").values():
        lines.append(f"#define REG_{reg.name} {reg.address:#05x}u")
        for field, (lsb, width, _) in reg.fields.items():
            if field != "value":
                lines.append(f"#define REG_{reg.name}_{field.upper()}_LSB {lsb}")
                lines.append(f"#define REG_{reg.name}_{field.upper()}_MASK {(1 << width) - 1:#x}u")
    return "\n".join(["// Generated from rtl/chiplet/registers.rdl", *lines, ""])


def verilog_header(source: str, lines: list[str]) -> str:
    """A generated Verilog header; not every user needs every constant."""
    return "\n".join([
        f"// Generated from rtl/chiplet/{source}",
        "/* verilator lint_off UNUSEDPARAM */",
        *lines,
        "/* verilator lint_on UNUSEDPARAM */",
        "",
    ])


def vector_tables_vh() -> str:
    """Verilog functions table_<name>(index) = {c2, c1, c0}, from models/transcendental.py."""
    lines = ["// Generated from models/transcendental.py: coefficients {c2, c1, c0} of quadratics"]
    for name in ("exp2", "recip", "rsqrt", "tail"):
        rows = transcendental.tables()[name]
        bits = (len(rows) - 1).bit_length()
        lines += [f"function automatic [95:0] table_{name}(input [{bits - 1}:0] f_index);",
                  "  /*verilator no_inline_task*/", "  case (f_index)"]
        for i, (c0, c1, c2) in enumerate(rows):
            label = "default" if i == len(rows) - 1 else f"{bits}'d{i}"
            lines.append(f"    {label}: table_{name} = 96'h{c2:08x}_{c1:08x}_{c0:08x};")
        lines += ["  endcase", "endfunction", ""]
    return "\n".join(lines)


ROM_WORDS = 2048


def boot_rom_vh() -> str:
    """Contents of the boot ROM as assignments, for rtl/chiplet/core_memory.v."""
    program = firmware.build("boot", [ROOT / "firmware" / "boot.c"],
                             linker_script=ROOT / "firmware" / "link_rom.ld", include_dirs=[OUT],
                             optimize="-Os")
    words = [int(line, 16) for line in program.hex.read_text().split() if line[0] != "@"]
    if len(words) > ROM_WORDS:
        raise firmware.FirmwareError(f"the boot ROM has {len(words)} words, {ROM_WORDS} fit")
    words += [0] * (ROM_WORDS - len(words))
    return "\n".join([f"    rom[{i}] = 32'h{word:08x};" for i, word in enumerate(words)] + [""])


def main_firmware() -> firmware.Image:
    """The firmware that the images carry."""
    return firmware.build("main", [ROOT / "firmware" / "main.c"], include_dirs=[OUT])


def write(path: Path, text: str) -> None:
    """Write only what has changed, so that nothing is rebuilt for nothing."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def main() -> None:
    write(OUT / "commands.vh", commands_vh())
    write(OUT / "command_names.vh", command_names_vh())
    write(OUT / "commands.h", commands_h())
    write(OUT / "vector_tables.vh", vector_tables_vh())
    write(OUT / "registers.vh", registers_vh())
    write(OUT / "registers.h", registers_h())
    write(OUT / "image.h", image.c_header())
    write(OUT / "boot_rom.vh", boot_rom_vh())
    main_firmware()


if __name__ == "__main__":
    main()
