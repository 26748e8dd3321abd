# SPDX-License-Identifier: Apache-2.0
"""A goal of dimc_macro's functional coverage that is not met makes `make cover BLOCK=dimc` fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import cover
from tb.common.coverage import Coverage
from tb.dimc.macro_coverage import columns_kind, macro_store, rows_kind


def full() -> Coverage:
    store = macro_store()
    for point in store.points.values():
        point.counts = {name: int(name not in point.excluded) for name in point.counts}
    return store


@pytest.mark.parametrize("hole", [None, "int4 x 4 x switch x row x burst x part x odd"])
def test_unmet_goal_fails(
    hole: str | None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture,
) -> None:
    store = full()
    if hole:
        store.points["traffic"].counts[hole] = 0

    def tests(_: object) -> int:
        store.save(tmp_path / "dimc" / "run.json")
        return 0

    monkeypatch.setenv("BLOCK", "dimc")
    monkeypatch.setenv("COVER", "1")  # main sets it
    monkeypatch.setattr(cover, "COVER", tmp_path)
    monkeypatch.setattr(cover, "relative", str)
    monkeypatch.setattr(cover.pytest, "main", tests)
    status = cover.main()
    shown = capsys.readouterr().out
    assert status == (1 if hole else 0), shown
    assert (f"unmet dimc_macro.traffic: {hole} 0/1" in shown) == bool(hole)


def test_kinds_of_ranges() -> None:
    assert [rows_kind(n, 8) for n in (1, 2, 7, 8)] == ["one", "part", "part", "all"]
    assert [columns_kind(n, 8, True) for n in (1, 2, 7, 8)] == ["one", "part", "odd", "all"]
    assert [columns_kind(n, 8, False) for n in (1, 3, 8)] == ["one", "part", "all"]
