# SPDX-License-Identifier: Apache-2.0
"""All that tests drive through the vector engine in bulk: what tb/vector/bulk.py draws at random,
and sweeps, limits and resets."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models import fp32, vector_engine
from tb.vector import mirror, stimulus, vector_coverage
from tb.vector.bulk import Bulk, ve


class Everything(Bulk):
    """A stream that reaches all of tb/vector/vector_coverage.py."""

    def sweeps(self) -> Iterator[bytes]:
        """Every function on a quarter of the stash, rsqrt and reciprocal on rows of one element:
        a sweep of their range, all exponents, special values."""
        rows = min(self.beats // 4, 256)
        count = rows * self.lanes
        whole = {"outer": 1, "inner": 1, "len": count, "d": self.beats // 2, "out": 1}
        one = {"outer": rows, "inner": 1, "len": 1, "a_outer": 1}
        sweep = self.numpy.uniform(-140, 140, count)
        near = self.numpy.uniform(-9, 9, count)
        powers = (1 + self.numpy.random(count)) * 2.0 ** self.numpy.integers(-4, 4, count)
        number = np.arange(count)  # every mantissa of seven bits
        grid = (1 + number % 128 / 128) * 2.0 ** (number // 128 - 4)
        roots = np.sqrt(1 + number % 64) * 2.0 ** (number // 64 % 8 - 4)  # of squares of few bits
        signs = self.numpy.choice((-1, 1), count)
        kinds = [sweep, near, powers, grid * signs, roots * signs, -roots]
        kinds += [stimulus.floats(kind, count, self.numpy)
                  for kind in ("short", "near", "wide", "special") * 2]
        for values in kinds:
            commands = [ve(**whole, fn=vector_engine.FN_EXP2, imm=0x3F800000)]
            commands += [ve(**whole, fn=fn) for fn in vector_engine.FUNCTIONS]
            commands += [
                ve(**one, reduce=vector_engine.REDUCE_SUM, post=vector_engine.POST_RSQRT),
                ve(**one, reduce=vector_engine.REDUCE_MAX, post=vector_engine.POST_RECIP)]
            loads = self.mirror.put(np.arange(rows), values.astype(np.float32))
            yield self.episode(commands, loads)

    def arithmetic(self) -> Iterator[bytes]:
        """Every adder and multiplier of chain and reducer on operands of each kind, those that
        nearly cancel most of all: x - S, x + C, x + B, pairs, x*B + C, products, sums of rows."""
        rows = min(self.beats // 4, 256)
        length = min(vector_engine.HELD_BEATS, rows) * self.lanes
        place = {"inner": 1, "b": self.beats // 4, "d": self.beats // 2, "out": 1}
        lines = {**place, "outer": rows, "len": self.lanes, "s_row": 1}
        lines |= {"a_outer": 1, "b_outer": 1, "d_outer": 1}
        whole = {**place, "outer": rows * self.lanes // length, "len": length}
        whole |= {f"{name}_outer": length // self.lanes for name in "abd"}
        sums = [{**place, "out": 0, "outer": rows // n, "a_outer": n, "len": count}
                for n, count in ((1, 2), (1, 4), (1, 8), (1, self.lanes), (2, 2 * self.lanes),
                                 (4, 4 * self.lanes), (5, 5 * self.lanes), (9, 9 * self.lanes - 1))
                if count <= n * self.lanes]
        scalars = {"inner": 1, "outer": rows, "len": 1, "a_outer": 1, "reduce": 3}
        for kind in (*stimulus.VALUES, "near", "near", "near"):
            yield self.alone(mirror.hold(self.block), kind)
            for post in (vector_engine.POST_RSQRT, vector_engine.POST_MUL, 0):
                imm = int(fp32.bits(stimulus.floats(kind, 1, self.numpy))[0])
                yield self.alone(ve(**scalars, post=post, imm=imm), kind)
            for other, commands in {
                kind: [ve(**lines, scale=2), ve(**lines, scale=1, bin=1), ve(**lines, bin=2),
                       ve(**whole, scale=3), ve(**lines, scale=1, bin=4), ve(**lines, bin=3)],
                "ones": [ve(**lines, bin=3), ve(**whole, bin=5), ve(**sums[-1], reduce=2),
                         *(ve(**row, reduce=code) for row in sums for code in (1, 3))],
            }.items():
                loads = self.mirror.put(np.arange(rows), stimulus.floats(
                    kind, rows * self.lanes, self.numpy))
                loads += self.mirror.put(self.beats // 4 + np.arange(rows), stimulus.floats(
                    other, rows * self.lanes, self.numpy))
                yield self.episode(commands, loads)

    def longest(self) -> Iterator[bytes]:
        """Rows of 65,535 elements, or as many as a quarter of the stash holds, and others of many
        beats."""
        quarter = self.beats // 4
        most = min(quarter * self.lanes, 65535)
        long = {"inner": 1, "b": quarter, "d": 2 * quarter, "len": most}
        for fields in (
            {"outer": 1, "bin": 2, "reduce": 4, "out": 3, "imm": 0x12345},
            {"outer": 1, "bin": 1, "reduce": 1, "out": 1},
            {"outer": 2, "len": most - 1, "causal": 1, "fold": 1, "reduce": 3, "out": 2},
        ):
            yield self.alone(ve(**{**long, **fields}))
        for k in range(8):
            few = self.random.randint(most >> k + 1, most >> k)
            yield self.alone(ve(**{**long, "outer": 3, "a_outer": 1, "len": few, "reduce": 1}))

    def large(self) -> Iterator[bytes]:
        """Rows as long as the stash allows, trip counts up to the field limits."""
        quarter, lanes = min(self.beats // 4, 256), self.lanes
        place = {"outer": 1, "inner": 1, "b": quarter, "d": 2 * quarter, "scale": 1, "bin": 1}
        pool = {"reduce": 5, "out": 1, "scale": 0, "bin": 0}
        long = quarter * lanes - self.random.randrange(1, self.block)
        held = min(64, quarter // 3)
        for fields in (
            {"len": long, "reduce": 1, "out": 2},
            {"len": long, "reduce": 4, "out": 3, "imm": 0xFFFFFF00},
            {"len": long - 20, "outer": 21, "causal": 1, "reduce": 3, "out": 1},
            {"len": 3, "outer": 4095, "reduce": 4, "out": 3, "scale": 0},
            {"len": 1, "outer": 200, "causal": 1, "reduce": 2, "s_dst": 512, "out": 2},
            {"len": lanes + 1, "inner": 255, "outer": 4, "s_row": 1, "reduce": 3, "out": 1},
            {"len": 2, "inner": 250, "outer": 4, "a_outer": 60, "b_outer": 50, "d_inner": 2,
             "d_outer": 1, "reduce": 1, "post": 2, "scale": 0, "bin": 0, "fold": 1, "out": 2},
            {"len": long, **pool},
            {"len": 9 * lanes + 1, "outer": 600, "a_outer": 0, **pool},
            {"len": 2 * lanes, "outer": 4095, "a_outer": 0, **pool},
            {"len": held * lanes, "outer": 3, "a_outer": held, "scale": 3, "bin": 0, "out": 2},
            {"len": 63 * lanes + 1, "outer": 3, "a_outer": 64, "bin": 5, "out": 1},
        ):
            yield self.alone(ve(**{**place, **fields}), stalls=self.random.choice(("none", "d")))

    def resets(self) -> Iterator[bytes]:
        """A reset at every time of `vector_coverage.RESETS` after the acceptance of a command."""
        for cycles in vector_coverage.RESETS:
            c = stimulus.command(self.chain(), self.block, self.beats, self.random)
            loads = self.mirror.operands(c, "normal", "normal", self.numpy)
            yield self.episode([c], loads, self.random.choice(list(stimulus.STALLS)), cycles)
            self.coverage.sample(reset=cycles)
            self.mirror.sticky = 0
            p = vector_engine.plan(c, self.block, self.beats)
            if p.d is not None:  # who knows what was written
                d = np.unique(p.d)
                values = stimulus.floats("normal", d.size * self.lanes, self.numpy)
                yield self.episode([], self.mirror.put(d, values))
            yield self.state()
            yield from self.chains([self.chain() for _ in range(4)])

    def everything(self) -> Iterator[bytes]:
        """All of this, every chain included."""
        yield self.first()
        pools = [c for c in stimulus.CHAINS if c["reduce"] == vector_engine.REDUCE_ROWS]
        chains = stimulus.CHAINS + 60 * pools
        self.random.shuffle(chains)
        yield from self.chains(chains[:200])
        yield from self.rules()
        yield from self.sweeps()
        yield from self.ends()
        yield from self.far()
        yield from self.arithmetic()
        yield from self.longest()
        yield from self.large()
        yield from self.resets()
        yield from self.chains(chains[200:])
