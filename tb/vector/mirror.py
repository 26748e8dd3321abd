# SPDX-License-Identifier: Apache-2.0
"""What stash, scalar file and held row of the vector engine must hold, command by command."""

from __future__ import annotations

import dataclasses

import numpy as np

from models import fp32, signature, vector_engine
from models.commands import Command, IllegalCommand, queue_number
from models.errors import AddressError, Code
from tb.vector import stimulus


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one command writes (nothing if it is refused), how it ends, how much it reads."""

    code: Code
    signature: int
    sticky: int  # the bit once the command is over
    effect: vector_engine.Effect | None = None
    reads: tuple[int, int] = (0, 0)  # beats of A and B


class Mirror:
    """The golden's copy of all that commands read and write."""

    def __init__(self, block: int, beats: int) -> None:
        self.block, self.lanes = block, block // 4
        self.data = np.zeros((beats, block), np.uint8)
        self.scalars = np.zeros(vector_engine.SCALARS, np.float32)
        self.held = np.zeros(vector_engine.HELD_BEATS * self.lanes, np.float32)
        self.sticky = 0

    def put(self, addresses: np.ndarray, values: np.ndarray) -> list[tuple[int, np.ndarray]]:
        """Write whole beats; the same as (address, beat uint8 [block]), for the design."""
        beats = values.view(np.uint8).reshape(-1, self.block)
        self.data[addresses] = beats
        return [(int(a), beat) for a, beat in zip(addresses, beats)]

    def operands(
        self, c: Command, kind_a: str, kind_b: str, rng: np.random.Generator
    ) -> list[tuple[int, np.ndarray]]:
        """Fresh operands for a legal command, see `put`. Beats of A without a valid element are not
        written, so that they stay X under Icarus until another command has used them."""
        p = vector_engine.plan(c, self.block, len(self.data))
        valid = np.arange(p.a.shape[-1])[None, :] * self.lanes < p.valid[:, None]
        used = np.unique(p.a[np.broadcast_to(valid[:, None, :], p.a.shape)])
        out = self.put(used, stimulus.floats(kind_a, used.size * self.lanes, rng))
        if p.b is None:
            return out
        used = np.unique(p.b)
        if not c.fold:
            return out + self.put(used, stimulus.floats(kind_b, used.size * self.lanes, rng))
        byte = rng.integers(117, 137, used.size * self.block)
        odd = rng.random(byte.size) < 0.1
        byte[odd] = rng.integers(0, 256, int(odd.sum()))
        if kind_b != "special":
            byte[byte == 255] = 254
        return out + self.put(used, byte.astype(np.uint8))

    def run(self, c: Command) -> Outcome:
        """Execute a command."""
        try:
            e = vector_engine.execute(c, self.data, self.scalars, self.block, self.held)
        except (IllegalCommand, AddressError) as error:
            code = Code.ADDRESS if isinstance(error, AddressError) else Code.ILLEGAL
            return Outcome(code, 0, self.sticky)
        p = vector_engine.plan(c, self.block, len(self.data))
        signed = signature.array_signature(e.address - c.d, e.data, e.exps)
        self.data[e.address] = e.data
        self.scalars[e.scalar_index] = e.scalar_value
        if e.held is not None:
            self.held[: e.held.size] = e.held
        words = e.data.view(np.float32).reshape(len(e.data), self.lanes)
        if c.out == vector_engine.OUT_MX:
            bad = (e.exps == 255).any()
        elif c.reduce == vector_engine.REDUCE_ARGMAX:
            bad = fp32.is_nonfinite(words[:, 0]).any()
        else:
            bad = fp32.is_nonfinite(words).any()
        self.sticky |= int(bad or fp32.is_nonfinite(e.scalar_value).any())
        return Outcome(Code.NONE, signed, self.sticky, e, (p.a.size, b_reads(c, p)))


def b_reads(c: Command, p: vector_engine.Plan) -> int:
    """Beats of B that are asked for: those of o, again for each i."""
    return 0 if p.b is None else p.b.size * c.inner


def hold(block: int) -> Command:
    """A command that fills the held row."""
    return Command("ve", queue_number("ve"), {
        "out": vector_engine.OUT_HOLD, "outer": 1, "inner": 1,
        "len": vector_engine.HELD_BEATS * block // 4})


def first_scalars(beats: int) -> list[Command]:
    """Commands that give every scalar a value: the maxima of rows of one element."""
    rows = min(beats // 4, 256)
    return [Command("ve", queue_number("ve"), {
        "reduce": vector_engine.REDUCE_MAX, "outer": rows, "inner": 1, "len": 1, "a_outer": 1,
        "s_dst": first}) for first in range(0, vector_engine.SCALARS, rows)]
