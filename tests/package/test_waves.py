# SPDX-License-Identifier: Apache-2.0
"""Waveforms of make sim: the window that was asked for, and the view of the package."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts import sim as sim_command
from scripts import waves
from tb.common.filelist import ROOT
from tb.common.runner import missing_simulator
from tests.package.support import WORK, tiny_weights
from tests.package.test_sim_command import write_llama2c

FIRST, LAST = 500, 600  # cycles: the boot ROM loads the header
CYCLE = 2_000           # of the waveform's steps of time
RESET = 20              # cycles at most, before they are counted


def test_a_window_of_cycles_with_names(tmp_path: Path, monkeypatch) -> None:
    """Nothing before the first cycle or behind the last; every signal of the view is there, and
    the names are those of what the chip does at this time."""
    if reason := missing_simulator("icarus"):
        pytest.skip(reason)
    monkeypatch.setattr(sim_command, "OUT", WORK / "window")
    monkeypatch.setattr(sim_command, "packed", lambda wave: wave)  # leave it a VCD
    write_llama2c(tmp_path / "tiny.bin", tiny_weights())
    result = CliRunner().invoke(sim_command.main, [
        "--model", str(tmp_path / "tiny.bin"), "--prompt-ids", "1", "--config", "nano",
        "--tokens", "1", "--sim", "icarus", "--waves", "--wave-from", str(FIRST),
        "--wave-to", str(LAST)])
    assert result.exit_code == 0 and "Waves end in cycle 60" in result.output, result.output
    text = (WORK / "window" / "run" / "waves.vcd").read_text()
    times = [int(t) for t in re.findall(r"^#(\d+)$", text, re.MULTILINE)]
    assert FIRST * CYCLE <= times[0] <= (FIRST + RESET) * CYCLE
    assert LAST * CYCLE <= times[-1] <= (LAST + RESET) * CYCLE
    view = (ROOT / "tb" / "package" / "package.gtkw").read_text()
    known = waves.signals(text.splitlines())
    assert waves.view_for(known) == ROOT / "tb" / "package" / "package.gtkw"
    named = [match["name"] for match in waves.SIGNAL.finditer(view)]
    here = [name for name in named if not re.search(
        r"(g_chiplet|g_names)\[[2-7]\]|g_queue\[([5-9]|1\d)\]|g_peer\[[2-7]\]", name)
        and not re.search(r"g_names\[(\d)\]\.g_peer\[\1\]", name)]
    assert len(here) > 50 and set(here) <= set(known)
    written = {int(bits, 2).to_bytes(8, "big").strip(b"\0").decode(errors="replace")
               for bits in re.findall(r"^b([01]{6,64}) ", text, re.MULTILINE)}
    assert {"load", "idle", "run", "active", "booting"} <= written
