# SPDX-License-Identifier: Apache-2.0
"""Images for macros that hold their weights before the chip boots (LOAD=preload of make sim).

Nothing in hardware or firmware knows of it: the load list of such an image has no `weights`
commands, and its load_signature is the sum of what is left. All the rest is the image as compiled.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from models import commands, image
from models.chiplet import Chiplet
from models.commands import Command
from models.config import Config
from models.csim import Package
from models.image import Image, Kind, to_beats

HEADER = ("wait_first", "wait_count", "signal_first", "signal_count", "notify")


@dataclasses.dataclass(frozen=True)
class Columns:
    """What a macro holds: column index[i] % BLOCK of set index[i] // BLOCK has the weights
    data[i] uint8 [n, BLOCK] and the exponents exps[i] uint8 [n, 2]."""

    index: np.ndarray
    data: np.ndarray
    exps: np.ndarray


@dataclasses.dataclass(frozen=True)
class Preloaded:
    """An image without `weights` commands, and the commands that it is without."""

    image: Image
    weights: list[Command]


def _commands(built: Image) -> list[tuple[bytes, Command]]:
    raw = built.section(Kind.LOAD_LIST).tobytes()
    parts = [raw[at : at + commands.BYTES] for at in range(0, len(raw), commands.BYTES)]
    decoded = [(part, commands.decode(part)) for part in parts]
    return decoded[: 1 + next(i for i, (_, c) in enumerate(decoded) if c.name == "end")]


def preloaded(built: Image, config: Config) -> Preloaded:
    """`built` with `weights` left out of its load list. One that waits or signals becomes a `sync`
    that does the same."""
    scratch = Chiplet(config, built.chiplet, built.beats)
    kept, weights, signature = [], [], built.load_signature
    for raw, command in _commands(built):
        if command.name != "weights":
            kept.append(raw)
            continue
        weights.append(command)
        signature -= scratch.execute(command)
        values = {name: command.values[name] for name in HEADER if command.values.get(name)}
        if values:
            kept.append(Command("sync", command.queue, values).encode())
    order = sorted(built.sections.values(), key=lambda s: s.first)
    sections = {s.kind: built.section(s.kind) for s in order}
    sections[Kind.LOAD_LIST] = to_beats(b"".join(kept), built.block)
    signatures = {kind: s.signature for kind, s in built.sections.items()}
    header = {**built.header, "load_signature": signature & 0xFFFFFFFF}
    return Preloaded(image.build(header, sections, signatures=signatures), weights)


def fill(package: Package, parts: Sequence[Preloaded]) -> None:
    """Put the weights into the macros of the command-level simulator, without records."""
    for chiplet, part in zip(package.chiplets, parts):
        for command in part.weights:
            chiplet.execute(command)


def columns(part: Preloaded, config: Config) -> list[Columns]:
    """What each macro of the chiplet has to hold: the columns that the commands write."""
    chiplet = Chiplet(config, part.image.chiplet, part.image.beats)
    found: list[list[np.ndarray]] = [[] for _ in range(config.n_macros)]
    for command in part.weights:
        chiplet.execute(command)
        first = command.set * config.block + command.index
        found[command.macro].append(np.arange(first, first + command.count))
    out = []
    for macro, indices in zip(chiplet.macros, found):
        index = np.concatenate([np.zeros(0, np.int64), *indices])
        data = macro.weights.reshape(-1, config.block).view(np.uint8)[index]
        out.append(Columns(index, data, macro.exps.reshape(-1, 2)[index]))
    return out
