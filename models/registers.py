# SPDX-License-Identifier: Apache-2.0
"""The register map, read from rtl/chiplet/registers.rdl."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

from systemrdl import RDLCompiler
from systemrdl.node import AddrmapNode, FieldNode, RegNode

SOURCE = Path(__file__).parent.parent / "rtl" / "chiplet" / "registers.rdl"
MAPS = ("core_registers", "link_registers", "host_registers")


@dataclasses.dataclass(frozen=True)
class Register:
    """One register (or array of `count` words): byte address, text, fields
    name -> (lsb, width, text)."""

    name: str
    address: int
    count: int
    text: str
    fields: dict[str, tuple[int, int, str]]


@functools.cache
def elaborate(addrmap: str) -> AddrmapNode:
    """The elaborated SystemRDL node of one of MAPS."""
    compiler = RDLCompiler()
    compiler.compile_file(str(SOURCE))
    return compiler.elaborate(top_def_name=addrmap).top


@functools.cache
def registers(addrmap: str) -> dict[str, Register]:
    """Registers of one of MAPS by name."""
    out = {}
    for node in elaborate(addrmap).children(unroll=False):
        assert isinstance(node, RegNode)
        fields = {
            f.inst_name: (f.lsb, f.width, " ".join((f.get_property("desc") or "").split()))
            for f in node.children() if isinstance(f, FieldNode)
        }
        out[node.inst_name] = Register(
            node.inst_name, node.raw_address_offset,
            node.array_dimensions[0] if node.is_array else 1,
            " ".join((node.get_property("desc") or "").split()), fields)
    return out
