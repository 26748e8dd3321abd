# SPDX-License-Identifier: Apache-2.0
"""The engines in C against their numpy definitions: the same state and signatures after every
command, legal or not, on contents with every kind of number."""

from __future__ import annotations

import numpy as np
import pytest

from models import config, native, signature
from models.chiplet import Chiplet
from models.commands import Command, IllegalCommand, formats
from models.errors import AddressError, MemoryAccessError

pytestmark = pytest.mark.skipif(native.library() is None, reason="no C compiler")

SPECIAL = np.array([0, 0x80000000, 1, 0x007FFFFF, 0x00800000, 0x80800000, 0x00800001, 0x7F7FFFFF,
                    0x7F800000, 0xFF800000, 0x7FC00000, 0x7F800001, 0xFFFFFFFF, 0x3F800000,
                    0xBF800000, 0x42FF0000, 0xC2FC0000, 0x40FF0000], np.uint32)


def contents(rng: np.random.Generator, words: int) -> np.ndarray:
    """uint32 [words]: mostly numbers of a transformer's size, and all else."""
    usual = rng.standard_normal(words).astype(np.float32).view(np.uint32)
    scaled = (rng.standard_normal(words) * 2.0 ** rng.integers(-40, 40, words)).astype(np.float32)
    kind = rng.random(words)
    out = np.where(kind < 0.7, usual, scaled.view(np.uint32))
    out = np.where(kind > 0.93, rng.integers(0, 1 << 32, words, np.uint64).astype(np.uint32), out)
    return np.where(kind > 0.97, rng.choice(SPECIAL, words), out)


class Pair:
    """A chiplet with the engines in C and one without, alike."""

    def __init__(self, seed: int, block: int, wild: bool) -> None:
        self.rng = np.random.default_rng([seed, block, wild])
        self.block = block
        cfg = config.load("nano", n_chiplets=1, n_macros=2, block=block, sets=24, stash_beats=512)
        memory = self.rng.integers(0, 256, (400, block), np.uint8)
        self.chips = [Chiplet(cfg, 0, memory, False) for _ in range(2)]
        self.chips[1].native = None
        assert self.chips[0].native is not None
        words = contents(self.rng, 512 * block // 4) if wild else (
            self.rng.standard_normal(512 * block // 4).astype(np.float32).view(np.uint32))
        exps = self.rng.integers(0, 256, (512, 1)) if wild else self.rng.integers(
            110, 140, (512, 1))
        scalars = contents(self.rng, 1024).view(np.float32)
        weights = [self.rng.integers(-128, 128, (24, block, block)) for _ in range(2)]
        steps = [self.rng.integers(0 if wild else 110, 256 if wild else 140, (24, block, 1))
                 for _ in range(2)]
        for chip in self.chips:
            chip.data[:] = words.view(np.uint8).reshape(512, block)
            chip.exps[:] = exps
            chip.scalars[:] = scalars
            for macro, w, e in zip(chip.macros, weights, steps):
                macro.weights[:], macro.exps[:] = w, e

    def pick(self, *values: int) -> int:
        return int(self.rng.choice(values))

    def below(self, end: int) -> int:
        return int(self.rng.integers(0, end))

    def both(self, c: Command) -> bool:
        """Execute on both; False if it was refused (by both, for the same reason)."""
        got = []
        for chip in self.chips:
            try:
                got.append(chip.execute(c))
            except (IllegalCommand, AddressError, MemoryAccessError) as error:
                got.append(str(error))
        assert got[0] == got[1], str(c)
        a, b = self.chips
        assert np.array_equal(a.data, b.data) and np.array_equal(a.exps, b.exps), str(c)
        assert a.scalars.tobytes() == b.scalars.tobytes(), str(c)
        assert a.held.tobytes() == b.held.tobytes(), str(c)
        for m, n in zip(a.macros, b.macros):
            assert np.array_equal(m.weights, n.weights) and np.array_equal(m.exps, n.exps), str(c)
        return isinstance(got[0], int)

    def draw(self, name: str) -> Command:
        """A command of small sizes, now and then beyond an end."""
        queue = {"mac": 4 + self.below(2), "ve": 0, "column": 2, "row": 2}.get(name, 1)
        spread = self.pick(1, 1, 1, 2)
        values: dict[str, int] = {}
        for f in formats()[name].fields.values():
            if f.name in formats()["sync"].fields:
                continue
            values[f.name] = self.below(min(1 << f.width, {
                "outer": 4, "inner": 4, "rows": 4, "count": 20, "cols": 3 * self.block,
                "depth": 3 * self.block, "len": 5 * self.block, "set": 10, "tiles": 3,
                "macro": 2, "index": self.block, "pos": 2 * self.block, "mem": 300, "ev": 400,
                "tile_stride": 4, "block_stride": 3, "ev_stride": 3, "s_src": 900, "s_dst": 900,
            }.get(f.name, 12 if "outer" in f.name or "inner" in f.name or "stride" in f.name
                  else 300) * spread))
        if name == "ve":
            values["imm"] = int(contents(self.rng, 1)[0])
            values["scale"], values["fn"] = self.below(4), self.pick(0, 0, 1, 2, 3, 4)
            values["bin"], values["reduce"] = self.below(6), self.pick(0, 0, 1, 2, 3, 4, 5)
            values["out"], values["fold"] = self.below(4), self.pick(0, 0, 0, 1)
            if values["fold"]:
                values["bin"] = 0
            if values["reduce"] == 4:
                values["out"] = 3
            if values["out"] == 3 and values["reduce"] != 4:
                values |= {"outer": 1, "inner": 1, "reduce": 0, "scale": self.below(3)}
                values["bin"] %= 5
        if name == "mac":
            values["int4"] = self.pick(0, 0, 0, 1)
        return Command(name, queue, {k: v for k, v in values.items() if v})


@pytest.mark.parametrize("wild", [False, True])
@pytest.mark.parametrize("block", [16, 32, 64])
@pytest.mark.parametrize("name", list(native.KINDS))
def test_same_as_numpy(name: str, block: int, wild: bool, seed: int) -> None:
    pair = Pair(seed, block, wild)
    done = sum(pair.both(pair.draw(name)) for _ in range(50))
    assert done > 12


@pytest.mark.regress
@pytest.mark.parametrize("block", [16, 32, 64])
def test_same_as_numpy_for_long(block: int, seed: int) -> None:
    """All kinds of commands on contents that they leave to each other."""
    for run in range(20):
        pair = Pair(seed * 1000 + run, block, wild=bool(run % 2))
        names = list(native.KINDS)
        done = sum(pair.both(pair.draw(pair.rng.choice(names))) for _ in range(1500))
        assert done > 400


@pytest.mark.parametrize("n", [0, 1, 100])
def test_signature(n: int, seed: int) -> None:
    rng = np.random.default_rng([seed, n])
    data, exps = rng.integers(0, 256, (n, 64), np.uint8), rng.integers(0, 256, (n, 2), np.uint8)
    offset = rng.integers(0, 1 << 32, n)
    beats = [(int(o), d.tobytes(), e.tolist()) for o, d, e in zip(offset, data, exps)]
    assert native.signature(offset, data, exps) == signature.command_signature(beats)
