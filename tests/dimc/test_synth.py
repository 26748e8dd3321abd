# SPDX-License-Identifier: Apache-2.0
"""Area of the columns: all netlists of `make synth BLOCK=dimc` with the IHP library."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from scripts.synth import sram_bits
from tb.common.filelist import ROOT

LIBERTY = "lib/sg13g2_stdcell_typ_1p20V_25C.lib"
LEAST_RATIO, MOST_RATIO = 0.5, 0.65  # below the aim something is left out of the column


@pytest.mark.regress
def test_area(shared_data: Path) -> None:
    subprocess.run(
        ["make", "synth", "BLOCK=dimc"],
        cwd=ROOT,
        env=os.environ | {"LIBERTY": str(shared_data / LIBERTY)},
        check=True,
    )
    report = json.loads((ROOT / "build" / "synth" / "dimc.json").read_text())
    netlists = report["netlists"]
    for radix in (2, 4):
        for tree in ("plain" if radix == 2 else "radix4_ripple", f"radix{radix}_carry_save"):
            column = netlists[f"column_{tree}"]
            assert column["nand2_per_int8_mac_per_cycle"] == pytest.approx(
                column["nand2"] / (4 * radix), abs=0.01
            )
            assert column["nand2_per_stored_weight"] == pytest.approx(
                column["nand2"] / 64, abs=0.01
            )
            assert column["path_cells"] > 10
    # 8 columns, each of 4 sets of 8 rows of a byte and two exponent bytes
    for name in ("macro_8x8", "macro_8x8_radix4"):
        assert netlists[name]["sram_bits"] == 8 * 4 * (8 * 8 + 16)
    assert LEAST_RATIO < report["ratio_to_plain"] <= MOST_RATIO


def test_sram_bits() -> None:
    text = "parameter \\DEPTH 4\nparameter signed \\WIDTH 32'00000000000000000000000001010000\n"
    assert sram_bits(text + text) == 2 * 320
