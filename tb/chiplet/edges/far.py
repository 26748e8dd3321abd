# SPDX-License-Identifier: Apache-2.0
"""Commands whose fields go over their whole ranges, and commands that crowd the stash."""

from __future__ import annotations

import random

from models.config import Config
from tb.chiplet.random_commands import Commands, Draw
from tb.chiplet.scenario import Scenario

REACH = {20: 16000}  # of all steps in memory, by the width of the stride; else in the stash:
NEAR = 1000
WORK = 5000          # cycles, about, of one command
PAGE = 4096


def spread(r: random.Random, top: int) -> int:
    """0 to `top`, every length of number alike, often a power of two."""
    value = r.getrandbits(r.randint(0, top.bit_length()))
    if r.random() < 0.3:
        value = 1 << r.randrange(top.bit_length()) if top else 0
    return min(value, top)


class FarCommands(Commands):
    """Shapes from one beat to the whole stash, more often than not at one of its ends."""

    tries = 5000
    long_rows = 0.2

    def draw(self, name: str) -> Draw:
        most = WORK if self.r.random() < 0.97 else 6 * WORK
        while work(drawn := super().draw(name), self.block) > most:
            pass
        return drawn

    def count(self, width: int, usual: tuple[int, ...]) -> int:
        if self.r.random() < 0.6:
            return super().count(width, usual)
        if width <= 8 and self.r.random() < 0.5:
            return self.r.randrange(1, 1 << width)
        if width == 20 and self.r.random() < 0.5:  # columns: whole sets
            return self.block * self.r.randint(1, self.config.sets)
        return max(1, spread(self.r, (1 << width) - 1))

    def stride(self, count: int, width: int, low: int, high: int) -> int:
        reach = REACH.get(width, self.r.choice((10, 100, 450, NEAR)))
        top = min((1 << width) - 1, reach // max(count - 1, 1))
        if count == 1 or top <= low or self.r.random() < 0.3:
            return super().stride(count, width, low, high)
        return max(low, spread(self.r, top))

    def place(self, extent: int) -> int | None:
        at = self.r.choice((0, self.core.last, self.core.first - extent,
                            self.config.stash_beats - extent))
        inside = 0 <= at and at + extent <= self.config.stash_beats
        clear = at >= self.core.last or at + extent <= self.core.first
        return at if inside and clear and self.r.random() < 0.7 else super().place(extent)


class CrowdCommands(Commands):
    """Macros that start from results and write results, beside engines that never rest."""

    long_rows = 0
    accumulates = 0.9

    def count(self, width: int, usual: tuple[int, ...]) -> int:
        return self.r.choice((1, 2, 3, 5)) if width < 16 else self.r.randint(1, 120)


def work(drawn: Draw, block: int) -> int:
    c = drawn.command
    if c.name == "mac":
        return 8 * c.outer * c.inner * -(-c.cols // (block << c.int4)) * -(-c.depth // block)
    if c.name == "ve":
        return 2 * c.outer * c.inner * -(-4 * c.len // block)
    if c.name == "weights":
        return c.count
    return 2 * c.rows * max(1, c.tiles if c.name in ("column", "row") else c.count)


class FarScenario(Scenario):
    """The memories of the machine begin at a random page, one half of the scenarios at one whose
    number has all the bits that the other half's lack."""

    DRAWS = FarCommands
    LISTS = 20000
    WEIGHTS = {
        "mac": 16, "ve": 2, "load": 4, "store": 4, "weights": 3, "column": 4, "row": 4, "send": 4,
        "sync": 1,
    }

    def __init__(self, config: Config, seed: int) -> None:
        super().__init__(config, seed)
        page = random.Random(seed // 2).getrandbits(32) ^ (0xFFFFFFFF if seed % 2 else 0)
        self.memory_base = page // (PAGE // config.block) * (PAGE // config.block)


class CrowdScenario(Scenario):
    DRAWS = CrowdCommands
    WEIGHTS = {"mac": 8, "ve": 2, "load": 3, "store": 1, "weights": 1, "column": 2, "row": 4,
               "send": 4}
