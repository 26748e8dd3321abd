# SPDX-License-Identifier: Apache-2.0
"""Negative tests of dimc_macro: each disturbs one thing and must fail."""

from __future__ import annotations

import numpy as np
import pyuvm
from cocotb.types import Logic
from pyuvm import uvm_factory

from tb.common.agents import BeatMonitor, StreamDriver
from tb.common.bus import no_pause
from tb.dimc.macro_directed import Directed
from tb.dimc.macro_env import size
from tb.dimc.macro_model import Tile


class Smoke(Directed):
    """What the negative tests disturb: a filled set and some tiles."""

    async def stimulus(self) -> None:
        self.env.res.set_pause(no_pause())
        await self.write(*self.plain_fill(0))
        cols = self.model.cols
        tiles = [Tile([self.vector(0)], cols, False, n) for n in range(4)]
        tiles[3].preload = np.arange(cols, dtype=np.float32)
        await self.run_tiles(*tiles)


class HoldPreload(StreamDriver):
    """Never sends a preload beat."""

    def shape(self, fields):
        return None


class FlipWeightBit(StreamDriver):
    """Changes one bit of one column write on its way to the macro."""

    def shape(self, fields):
        if fields["index"] == 2:
            fields["data"] ^= 1 << 5
        return fields


class LoseVector(StreamDriver):
    """Drops one activation vector."""

    def shape(self, fields):
        return None if fields["tag"] == 2 else fields


class LoseBeat(BeatMonitor):
    """Does not report one result beat."""

    def see(self, beat):
        if (beat["tag"], beat["index"]) != (1, 1):
            super().see(beat)


class SwapBeats(BeatMonitor):
    """Reports two result beats in the wrong order."""

    held = None

    def see(self, beat):
        if (beat["tag"], beat["index"]) == (1, 0):
            self.held = beat
            return
        super().see(beat)
        if self.held is not None:
            held, self.held = self.held, None
            super().see(held)


class Disturbed(Smoke):
    """Smoke with one component replaced; must fail."""

    replaced: type
    by: type
    path: str

    def build_phase(self) -> None:
        path = f"uvm_test_top.env.{self.path}"
        uvm_factory().set_inst_override_by_type(self.replaced, self.by, path)
        super().build_phase()


@pyuvm.test()
class Undisturbed(Smoke):
    """The control of the negative tests: passes."""


@pyuvm.test()
class FlippedWeightBit(Disturbed):
    replaced, by, path = StreamDriver, FlipWeightBit, "wr.driver"


@pyuvm.test()
class LostVector(Disturbed):
    replaced, by, path = StreamDriver, LoseVector, "act.driver"


@pyuvm.test()
class LostPreload(Disturbed):
    replaced, by, path = StreamDriver, HoldPreload, "pre.driver"


@pyuvm.test()
class LostBeat(Disturbed):
    replaced, by, path = BeatMonitor, LoseBeat, "res.monitor"


@pyuvm.test()
class SwappedBeats(Disturbed):
    replaced, by, path = BeatMonitor, SwapBeats, "res.monitor"


@pyuvm.test()
class BrokenRule(Smoke):
    """The checker on the macro's ports is shown something else in one respect: it must stop the
    run. A dropped write, a preload and many tiles give each rule something to look at."""

    async def stimulus(self) -> None:
        self.dut.disturb.value = 1 << size("DISTURB", 0)
        self.lock(1, 1)
        await self.write(self.column(1, 0, self.random_bytes(), drop=True))
        await super().stimulus()
        await self.run_tiles(*[Tile([self.vector(0)], 1, False, n) for n in range(20)])


@pyuvm.test()
class UnknownLock(Smoke):
    """lock_valid is X (on Icarus), so that wr_conflict becomes X: the checker must see it."""

    async def stimulus(self) -> None:
        self.lock(0)
        self.dut.lock_valid.value = Logic("X")
        await super().stimulus()
