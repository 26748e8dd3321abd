# SPDX-License-Identifier: Apache-2.0
"""make waves: the views name signals that exist, and take their ranges from the waveform."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from scripts import waves
from scripts.names import all_names
from tb.common.filelist import ROOT, block_list

VCD = """$timescale 1ns $end
$scope module top $end
$var wire 1 ! clk $end
$scope begin g_unit[0] $end
$var reg 8 " word [7:0] $end
$upscope $end
$upscope $end
$enddefinitions $end
$var wire 1 # late $end
"""
VIEW = """[*] a view
@28
top.clk
top.missing
@22
+{the word} top.g_unit[0].word
-end
"""
DEFINES = ("-DRISCV_FORMAL", "-DRVFI", "-DCORE_DEBUG")  # all that the core can show
# View: its top module, and the values of a parameter that between them show all its signals.
TOPS = {
    "dimc/dimc": ("dimc", "dimc_macro_tb", [""]),
    "common_units/stream": ("common", "stream_tb", ["DEPTH=0", "DEPTH=2"]),
    "common_units/arbiter": ("common", "arbiter", [""]),
    "common_units/sram_1p": ("common", "sram_1p", [""]),
    "common_units/signature": ("common", "signature", [""]),
    "core/core": ("core", "core_tb", [""]),
    "link/link": ("link", "link_tb", [""]),
    "vector/vector": ("vector", "vector_tb", [""]),
    "chiplet/chiplet": ("package", "chiplet_tb", [""]),
}


def test_ranges_and_missing_signals() -> None:
    known = waves.signals(VCD.splitlines())
    assert known == {"top.clk": "", "top.g_unit[0].word": "[7:0]"}
    assert waves.filled(VIEW, known).splitlines() == [
        "[*] a view",
        "@28",
        "top.clk",
        "@22",
        "+{the word} top.g_unit[0].word[7:0]",
        "-end",
    ]


def test_a_view_is_found_by_its_top(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "other.gtkw").write_text(VIEW.replace("top.", "other."))
    assert waves.view_for({"top.clk": ""}, tmp_path) is None
    (tmp_path / "x" / "this.gtkw").write_text(VIEW)
    assert waves.view_for({"top.clk": ""}, tmp_path) == tmp_path / "x" / "this.gtkw"


def test_every_view_of_these_blocks_is_checked() -> None:
    """That of the package is checked on a run, in tests/package/test_waves.py."""
    views = {str(path.relative_to(ROOT / "tb"))[:-5] for path in ROOT.glob("tb/*/*.gtkw")}
    assert views == {*TOPS, "package/package"}


@pytest.mark.sim("icarus")
@pytest.mark.parametrize("view", TOPS)
def test_signals_of_a_view_exist(simulator: str, view: str, tmp_path: Path) -> None:
    block, top, choices = TOPS[view]
    files = block_list(block)
    folders = [ROOT / "tb" / "common", (ROOT / "tb" / view).parent]
    known: dict[str, str] = {}
    for choice in choices:
        program, vcd = tmp_path / "program", tmp_path / "waves.vcd"
        command = ["iverilog", "-g2005", *DEFINES, "-o", program, "-s", top, "-s", "wave_dump"]
        command += [f"-I{path}" for path in files.incdirs]
        for folder in folders:
            command += ["-y", folder]
        command += [f"-P{top}.{choice}"] if choice else []
        wrapper = folders[1] / f"{top}.v"
        command += [*files.sources, folders[0] / "wave_dump.v"]
        subprocess.run([*command, *([wrapper] if wrapper.is_file() else [])], check=True)
        subprocess.run(["vvp", program, f"+vcd={vcd}", "+folder=."], check=True,
                       stdout=subprocess.DEVNULL)
        known |= waves.header(vcd)
    text = (ROOT / "tb" / f"{view}.gtkw").read_text()
    named = [match["name"] for match in waves.SIGNAL.finditer(text)]
    named = [name for name in named if not name.startswith("TOP.")]  # the core alone, in run_core
    assert named and [name for name in named if name not in known] == []


def test_values_are_shown_by_name(tmp_path: Path) -> None:
    """A set of names becomes a file with each value as wide as a signal may show it."""
    text = waves.with_names("@2022\n^1 link_state\ntop.state[3:0]\n", tmp_path)
    path = tmp_path / "link_state.txt"
    assert text == f"@2022\n^1 {path}\ntop.state[3:0]\n"
    lines = path.read_text().splitlines()
    assert lines[:3] == ["0 reset", "00 reset", "00000000 reset"] and "5 active" in lines


def test_names_are_those_of_the_sources() -> None:
    names = all_names()
    assert names["link_state"][5] == "active" and len(names["link_state"]) == 9
    assert names["link_cause"][9] == "peer_reset" and names["host_status"][15] == "error"
    assert names["command_ve"] == {0: "sync", 1: "ve", 15: "end"}
    assert names["ve_fn"][4] == "gelu_tanh" and names["ve_scale"][3] == "add"
    assert {"none", "mx", "fp32", "argmax"} == set(names["ve_out"].values())
    used = {match["set"] for path in ROOT.glob("tb/*/*.gtkw")
            for match in waves.NAMES.finditer(path.read_text())}
    assert used <= set(names)


def test_ascii_names_of_the_package_are_those_of_the_sources() -> None:
    """tb/package/state_names.v, whose names any viewer shows, against the definitions."""
    text = (ROOT / "tb" / "package" / "state_names.v").read_text()
    for register, width, wanted in (("link", 4, "link_state"), ("status", 32, "host_status")):
        rows = re.findall(rf"{width}'d(\d+): {register} = \"(\w+)\";", text)
        assert {int(value): name for value, name in rows} == all_names()[wanted]
