# SPDX-License-Identifier: Apache-2.0
"""The timing diagrams of docs/dimc are what their directed tests show."""

from __future__ import annotations

import pytest

from scripts import timing


@pytest.mark.sim("icarus")
@pytest.mark.parametrize("run", timing.runs("dimc"))
def test_diagrams_are_current(simulator: str, run: str) -> None:
    assert timing.stale([run]) == []


@pytest.mark.sim("icarus")
def test_a_changed_diagram_is_found(simulator: str, tmp_path, monkeypatch) -> None:
    drawn = (timing.IMAGES / "timing_plane.svg").read_text()
    (tmp_path / "timing_plane.svg").write_text(drawn.replace(">826<", ">825<"))
    monkeypatch.setattr(timing, "IMAGES", tmp_path)
    assert timing.stale(["plane"]) == ["timing_plane.svg is not current; run make docs"]
