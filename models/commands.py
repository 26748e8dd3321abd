# SPDX-License-Identifier: Apache-2.0
"""Encoder, decoder and disassembler of 256-bit commands, from rtl/chiplet/commands.yaml."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path

import yaml

SOURCE = Path(__file__).parent.parent / "rtl" / "chiplet" / "commands.yaml"
BITS = 256
BYTES = BITS // 8
BASE_BITS = 4


class IllegalCommand(ValueError):
    """A command that the hardware answers with error ILLEGAL; the text says why."""


@dataclasses.dataclass(frozen=True)
class Field:
    """One field: `width` bits from bit `lsb`; its base-register number is at `base_lsb`."""

    name: str
    width: int
    lsb: int
    base_lsb: int | None
    text: str


@dataclasses.dataclass(frozen=True)
class Format:
    """Layout of one command: header fields first, then its own."""

    name: str
    queue: str
    opcode: int
    text: str
    fields: dict[str, Field]

    @functools.cached_property
    def used_bits(self) -> int:
        """Bits from 0 that have a meaning; those above are reserved."""
        ends = [f.lsb + f.width for f in self.fields.values()]
        ends += [f.base_lsb + BASE_BITS for f in self.fields.values() if f.base_lsb is not None]
        return max(ends)


@functools.cache
def specification() -> dict:
    """The parsed command set."""
    return yaml.safe_load(SOURCE.read_text())


@functools.cache
def formats() -> dict[str, Format]:
    """All command formats by name."""
    spec = specification()
    out = {}
    for name, command in spec["commands"].items():
        fields: dict[str, Field] = {}
        lsb = 0
        relocatable = []
        for fname, entry in {**spec["header"], **command["fields"]}.items():
            width, text = entry[0], entry[-1]
            if len(entry) == 3:
                relocatable.append(fname)
            fields[fname] = Field(fname, width, lsb, None, text)
            lsb += width
        for fname in relocatable:
            fields[fname] = dataclasses.replace(fields[fname], base_lsb=lsb)
            lsb += BASE_BITS
        if lsb > BITS:
            raise ValueError(f"{SOURCE.name}: command {name} needs {lsb} bits, there are {BITS}")
        out[name] = Format(name, command["queue"], command["opcode"], command["text"], fields)
    return out


def queue_number(queue: str) -> int:
    """Number of a queue by name: `ve`, `dma`, `move`, `send`, `macro3`."""
    queues = specification()["queues"]
    if queue.startswith("macro"):
        return queues["macro0"] + int(queue[len("macro"):])
    return queues[queue]


def queue_name(number: int) -> str:
    """Name of a queue or producer number."""
    spec = specification()
    for name, value in spec["queues"].items():
        if number == value and name != "macro0":
            return name
    if number >= spec["producers"]["peer0"]:
        return f"peer{number - spec['producers']['peer0']}"
    return f"macro{number - spec['queues']['macro0']}"


@functools.cache
def format_of(queue: int, opcode: int) -> Format:
    """Format of the command with this opcode in this queue; raises IllegalCommand."""
    kind = queue_name(queue).rstrip("0123456789")
    for fmt in formats().values():
        if fmt.opcode == opcode and fmt.queue in (kind, "any"):
            return fmt
    raise IllegalCommand(f"queue {queue_name(queue)} has no opcode {opcode}")


@dataclasses.dataclass
class Command:
    """One command: field values, and the base registers of relocatable fields that use one."""

    name: str
    queue: int
    values: dict[str, int] = dataclasses.field(default_factory=dict)
    bases: dict[str, int] = dataclasses.field(default_factory=dict)

    def __getattr__(self, field: str) -> int:
        if field.startswith("_") or field not in formats()[self.name].fields:
            raise AttributeError(field)
        return self.values.get(field, 0)

    def encode(self) -> bytes:
        """The 32 bytes of the command. Raises ValueError: unknown field, or value too wide."""
        fmt = formats()[self.name]
        word = 0
        for name, value in {**self.values, "opcode": fmt.opcode, "queue": self.queue}.items():
            if name not in fmt.fields:
                raise ValueError(f"{self.name} has no field {name}")
            field = fmt.fields[name]
            if not 0 <= value < 1 << field.width:
                raise ValueError(f"{self.name}.{name} = {value} does not fit {field.width} bits")
            word |= value << field.lsb
        for name, base in self.bases.items():
            field = fmt.fields[name]
            if field.base_lsb is None or not 0 <= base < 1 << BASE_BITS:
                raise ValueError(f"{self.name}.{name} cannot use base register {base}")
            word |= base << field.base_lsb
        return word.to_bytes(BYTES, "little")

    def relocate(self, base: list[int]) -> Command:
        """The command as the fetcher queues it: field + base register, modulo the width."""
        fields = formats()[self.name].fields
        values = dict(self.values)
        for name, number in self.bases.items():
            values[name] = (values.get(name, 0) + base[number]) % (1 << fields[name].width)
        return Command(self.name, self.queue, values)

    def __str__(self) -> str:
        skip = ("opcode", "queue")
        parts = [
            f"{name}={value}" + (f"+r{self.bases[name]}" if self.bases.get(name) else "")
            for name in formats()[self.name].fields
            if name not in skip and ((value := self.values.get(name, 0)) or self.bases.get(name))
        ]
        return f"{queue_name(self.queue)}.{self.name} " + " ".join(parts)


def decode(data: bytes) -> Command:
    """Command from its 32 bytes. Raises IllegalCommand: unknown opcode, reserved bit set."""
    word = int.from_bytes(data, "little")
    header = formats()["sync"].fields

    def take(lsb: int, width: int) -> int:
        return word >> lsb & (1 << width) - 1

    opcode = take(header["opcode"].lsb, header["opcode"].width)
    queue = take(header["queue"].lsb, header["queue"].width)
    fmt = format_of(queue, opcode)
    if fmt.name == "end":
        return Command("end", queue)
    if word >> fmt.used_bits:
        raise IllegalCommand(f"{fmt.name}: reserved bits above {fmt.used_bits - 1} are set")
    values = {n: v for n, f in fmt.fields.items() if (v := take(f.lsb, f.width))}
    bases = {
        n: v for n, f in fmt.fields.items()
        if f.base_lsb is not None and (v := take(f.base_lsb, BASE_BITS))
    }
    values.pop("opcode", None)
    values.pop("queue", None)
    return Command(fmt.name, queue, values, bases)
