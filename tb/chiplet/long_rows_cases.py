# SPDX-License-Identifier: Apache-2.0
"""cocotb test of rows that do not fit the mac sequencer's buffer; needs 160 sets."""

from __future__ import annotations

import cocotb

from models.commands import Command
from tb.chiplet.engines_cases import Bench


@cocotb.test()
async def long_rows(dut) -> None:
    """Rows longer than the sequencer's buffer are read again for each tile."""
    b = Bench(dut, "long_rows")
    await b.begin(noise=40)
    await b.idle()
    for blocks in (64, 65, 70, 129):
        for accumulate in (0, 1):
            await b.push(Command("mac", 4, {
                "src": b.r.randrange(300), "cols": 2 * b.block - 1, "depth": blocks * b.block - 3,
                "outer": 2, "inner": 1, "src_outer": 5, "dst": 700, "dst_outer": 8,
                "tile_stride": b.sets - blocks - 1, "accumulate": accumulate}))
    await b.idle()
    await b.compare()
