# SPDX-License-Identifier: Apache-2.0
"""The coverage store counts, merges, and reports goals that are not met."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb.common.coverage import Coverage, CoverageError, load, merge, reached, unmet


def store(goal: int = 1) -> Coverage:
    cov = Coverage("unit")
    cov.point("format", ["int8", "int4"], goal)
    cov.point("rows", {"none": [0], "some": range(1, 64)}, goal)
    cov.cross("both", ["format", "rows"], goal, exclude={("int4", "none"): "illegal"})
    return cov


def test_unmet_goal_is_reported() -> None:
    cov = store()
    cov.sample(format="int8", rows=0)
    cov.sample(format="int4", rows=63)
    assert unmet(cov) == ["unit.both: int8 x some 0/1"]
    assert reached(cov) == (6, 7)
    cov.sample(format="int8", rows=5)
    assert unmet(cov) == []


def test_goal_counts_hits() -> None:
    cov = store(goal=2)
    cov.sample(format="int8", rows=0)
    assert "unit.format: int8 1/2" in unmet(cov)


def test_runs_add_up(tmp_path: Path) -> None:
    paths = []
    for index, values in enumerate([("int8", 0), ("int8", 1), ("int4", 2)]):
        cov = store()
        cov.sample(format=values[0], rows=values[1])
        assert unmet(cov)
        paths.append(cov.save(tmp_path / f"{index}.json"))
    total = merge(load(path) for path in paths)["unit"]
    assert unmet(total) == []
    assert total.points["format"].counts == {"int8": 2, "int4": 1}


def test_tests_of_one_run_add_up(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for rows in (0, 1, 2):
        cov = store()
        cov.sample(format="int8", rows=rows)
        cov.save(path)
    assert load(path).points["rows"].counts == {"none": 1, "some": 2}


def test_different_definitions_do_not_merge(tmp_path: Path) -> None:
    with pytest.raises(CoverageError, match="differ"):
        merge([store(1), store(2)])
    path = store(1).save(tmp_path / "run.json")
    with pytest.raises(CoverageError, match="differ"):
        store(2).save(path)


@pytest.mark.parametrize("values", [{"rows": 64}, {"format": "int16"}, {"colour": 1}])
def test_unknown_values_are_errors(values: dict) -> None:
    with pytest.raises(CoverageError):
        store().sample(**values)


def test_unknown_exclusion_is_an_error() -> None:
    with pytest.raises(CoverageError, match="to exclude"):
        Coverage("unit").point("p", ["a"], exclude={"b": "typo"})
