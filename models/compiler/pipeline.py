# SPDX-License-Identifier: Apache-2.0
"""The chunks of a step list: in which order they go through the layers, and which tokens they are.

A step list has 1, 2, 4, ... chunks. All but the last are full; base registers say where the first
one begins, how many tokens the last one has, and which slot of the KV cache is the sequence's. In a
batch list chunk s is the next token of the sequence in slot s, wherever that is.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from models.commands import Command
from models.compiler.program import Part

POS, M, END, CACHE, LAST, SLOT, SLOT_K = range(1, 8)
"""Base registers, set by the firmware before a list: POS tokens before this list, M tokens in its
last chunk, END = POS + tokens in this list, CACHE = POS + positions of the slots before its own,
LAST = beats of x before the row that the head list takes, SLOT = blocks of positions in the slots
before its own (head list: argmax beats of the sequences before), SLOT_K = sets of a K cache in
them."""
SEQUENCE0 = 8
"""Base register SEQUENCE0 + s of a batch list: tokens before this one in the sequence of slot s."""

Based = tuple[int, int]
"""Value of a field, and the base register that is added to it (0: none)."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """A chunk's turn at a stage of a layer. job counts the chunks of all layers; `tokens` is how
    many a full chunk has. batch: chunk s is the next token of the sequence in slot s."""

    layer: int
    chunk: int
    stage: int
    job: int
    tokens: int
    last: bool
    batch: bool = False

    @property
    def rows(self) -> Based:
        """Tokens in this chunk."""
        return (0, M) if self.last and not self.batch else (self.tokens, 0)

    @property
    def before(self) -> int:
        """Tokens of the list before this chunk."""
        return self.chunk * self.tokens

    @property
    def position(self) -> Based:
        """Tokens of the sequence before this chunk."""
        return (0, SEQUENCE0 + self.chunk) if self.batch else (self.before, POS)

    @property
    def end(self) -> Based:
        """Tokens of the sequence up to the last one of this chunk."""
        if self.last and not self.batch:
            return 0, END
        return shift(self.tokens, self.position)

    def cached(self, positions: int) -> Based:
        """`position` in a cache of slots of so many positions, one after the other."""
        return (self.chunk * positions, SEQUENCE0 + self.chunk) if self.batch else (
            self.before, CACHE)

    def slot(self, size: int, register: int) -> Based:
        """Where the slot of this sequence begins, each of `size`; register: SLOT or SLOT_K."""
        return (self.chunk * size, 0) if self.batch else (0, register)

    def cache_part(self, name: str) -> Part:
        """The slot as what commands read and write."""
        first = self.chunk if self.batch else 0
        return Part(name, first, first + 1)


def shift(by: int, based: Based) -> Based:
    """A value that is larger by `by`."""
    return based[0] + by, based[1]


def pipeline_of_all(layers: int, chunks: int, stages: int, tokens: int, cut: int) -> Iterator[Turn]:
    """Where stages from `cut` on need what all chunks have done in the stages before it: every
    chunk one stage behind the one before it, from `cut` of a layer to `cut` of the next one."""
    for layer in range(layers + 1):
        part = [(layer - 1, s) for s in range(cut, stages) if layer > 0]
        part += [(layer, s) for s in range(cut) if layer < layers]
        for step in range(len(part) + chunks - 1):
            for chunk in range(max(0, step - len(part) + 1), min(step + 1, chunks)):
                at, stage = part[step - chunk]
                yield Turn(at, chunk, stage, at * chunks + chunk, tokens, chunk == chunks - 1)


def pipeline(layers: int, chunks: int, stages: int, tokens: int,
             batch: bool = False) -> Iterator[Turn]:
    """Every chunk one stage behind the one before it, a layer after its last layer. One after the
    other these turns are right; of two in the same step, the chunk that is ahead goes first."""
    period = max(chunks, stages)
    for step in range((layers - 1) * period + chunks - 1 + stages):
        for start in range(max(0, step - stages + 1), step + 1):
            layer, chunk = divmod(start, period)
            if layer < layers and chunk < chunks:
                yield Turn(layer, chunk, step - start, layer * chunks + chunk, tokens,
                           chunk == chunks - 1, batch)


def command(name: str, queue: int, fields: dict[str, int | Based]) -> Command:
    """A command from field values, with or without base registers."""
    pairs = {f: v if isinstance(v, tuple) else (v, 0) for f, v in fields.items()}
    return Command(name, queue, {f: v for f, (v, _) in pairs.items()},
                   {f: base for f, (_, base) in pairs.items() if base})
