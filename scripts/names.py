# SPDX-License-Identifier: Apache-2.0
"""Names of states and codes, for waveforms: each set from the file that defines it."""

from __future__ import annotations

import re

from models import commands, registers, vector_engine
from tb.common.filelist import ROOT

QUEUES = ("ve", "dma", "move", "send", "macro")
VECTOR = ("scale", "bin", "fn", "reduce", "post", "out")  # fields of `ve`


def _constants(path: str, prefix: str) -> dict[int, str]:
    """Localparams PREFIX_... of a Verilog header, in lower case without the prefix."""
    text = (ROOT / path).read_text()
    found = re.findall(rf"^localparam [^=]*\b{prefix}_(\w+) = \d+'d(\d+);", text, re.MULTILINE)
    return {int(value): name.lower() for name, value in found}


def _states() -> dict[int, str]:
    """STATUS of the host port: the text beside the register."""
    text = registers.registers("host_registers")["STATUS"].fields["state"][2]
    return {int(value): name for value, name in re.findall(r"(\d+) (\w+)", text)}


def _vector(field: str) -> dict[int, str]:
    """Values of a field of `ve`: the constants FIELD_... of models/vector_engine.py."""
    prefix = f"{field.upper()}_"
    return {value: name.removeprefix(prefix).lower()
            for name, value in reversed(vars(vector_engine).items())
            if name.startswith(prefix) and isinstance(value, int)}


def _commands(queue: str) -> dict[int, str]:
    """Opcodes that a queue takes."""
    return {fmt.opcode: fmt.name for fmt in commands.formats().values()
            if fmt.queue in ("any", queue)}


def all_names() -> dict[str, dict[int, str]]:
    """Sets of names by what they are names of."""
    spec = commands.specification()
    return {
        "link_state": _constants("rtl/link/link_lanes.vh", "STATE"),
        "link_cause": _constants("rtl/link/link_format.vh", "CAUSE"),
        "host_status": _states(),
        "queue": {number: commands.queue_name(number) for number in range(32)},
        "error": {number: name for name, number in spec["errors"].items()},
        **{f"command_{queue}": _commands(queue) for queue in QUEUES},
        **{f"ve_{field}": _vector(field) for field in VECTOR},
    }
