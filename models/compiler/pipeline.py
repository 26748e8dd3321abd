# SPDX-License-Identifier: Apache-2.0
"""The chunks of a step list: in which order they go through the layers, and which tokens they are.

A list has 1, 2, 4, ... chunks. All but the last are full; base registers say where the first one
begins and how many tokens the last one has.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from models.commands import Command

POS, M, END, ROPE, LAST = 1, 2, 3, 4, 5
"""Base registers, set by the firmware before a list: POS tokens before this list, M tokens in its
last chunk, END = POS + tokens in this list, ROPE = POS * beats of a RoPE row, LAST = (tokens in
this list - 1) * beats of a row of x."""

Based = tuple[int, int]
"""Value of a field, and the base register that is added to it (0: none)."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """A chunk's turn at a stage of a layer. job counts the chunks of all layers; `tokens` is how
    many a full chunk has."""

    layer: int
    chunk: int
    stage: int
    job: int
    tokens: int
    last: bool

    @property
    def rows(self) -> Based:
        """Tokens in this chunk."""
        return (0, M) if self.last else (self.tokens, 0)

    @property
    def before(self) -> int:
        """Tokens of the list before this chunk."""
        return self.chunk * self.tokens

    @property
    def end(self) -> Based:
        """Tokens of the sequence up to the last one of this chunk."""
        return (0, END) if self.last else (self.before + self.tokens, POS)


def pipeline(layers: int, chunks: int, stages: int, tokens: int) -> Iterator[Turn]:
    """Every chunk one stage behind the one before it, a layer after its last layer. One after the
    other these turns are right; of two in the same step, the chunk that is ahead goes first."""
    period = max(chunks, stages)
    for step in range((layers - 1) * period + chunks - 1 + stages):
        for start in range(max(0, step - stages + 1), step + 1):
            layer, chunk = divmod(start, period)
            if layer < layers and chunk < chunks:
                yield Turn(layer, chunk, step - start, layer * chunks + chunk, tokens,
                           chunk == chunks - 1)


def command(name: str, queue: int, fields: dict[str, int | Based]) -> Command:
    """A command from field values, with or without base registers."""
    pairs = {f: v if isinstance(v, tuple) else (v, 0) for f, v in fields.items()}
    return Command(name, queue, {f: v for f, (v, _) in pairs.items()},
                   {f: base for f, (_, base) in pairs.items() if base})
