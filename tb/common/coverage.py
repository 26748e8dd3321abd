# SPDX-License-Identifier: Apache-2.0
"""Functional coverage: points and crosses of named bins, with goals, merged over runs.

    cov = Coverage("dimc_macro")
    cov.point("format", ["int8", "int4"])
    cov.point("rows", {"none": range(0, 1), "part": range(1, 64), "all": [64]}, goal=3)
    cov.cross("format_x_rows", ["format", "rows"], exclude={("int4", "none"): "illegal command"})
    cov.sample(format="int8", rows=17)
    cov.save()                   # one JSON per run; tb.common.runner says where

`make cover` merges the files of all runs and fails if a goal is not met.
"""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tb.common.filelist import ROOT


class CoverageError(Exception):
    """A sample fits no bin, or stores that are merged differ in their definition."""


@dataclass
class Point:
    """Bins with hit counts. `matches` says which values fall into a bin; None: its own name."""

    counts: dict[str, int]
    goal: int = 1
    excluded: dict[str, str] = field(default_factory=dict)
    matches: dict[str, Container] | None = None
    axes: list[str] = field(default_factory=list)  # of a cross

    def bin_of(self, value: object) -> str | None:
        """Name of the bin that holds `value`, or None."""
        if self.matches is None:
            return str(value) if str(value) in self.counts else None
        return next((name for name, values in self.matches.items() if value in values), None)

    def unmet(self) -> dict[str, int]:
        """Counts of the bins below the goal that are not excluded."""
        return {
            name: count
            for name, count in self.counts.items()
            if count < self.goal and name not in self.excluded
        }


class Coverage:
    """A named set of points and crosses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.points: dict[str, Point] = {}

    def point(
        self,
        name: str,
        bins: Sequence[object] | Mapping[str, Container],
        goal: int = 1,
        exclude: Mapping[str, str] | None = None,
    ) -> None:
        """Define a point.

        Args:
            bins: names (a value falls into the bin whose name is str(value)), or a mapping from
                name to the values of the bin; the first that contains the value counts.
            goal: hits that each bin needs.
            exclude: bins that need none, with the reason.
        """
        matches = dict(bins) if isinstance(bins, Mapping) else None
        counts = {str(bin_name): 0 for bin_name in bins}
        self._define(name, Point(counts, goal, dict(exclude or {}), matches))

    def cross(
        self,
        name: str,
        axes: Sequence[str],
        goal: int = 1,
        exclude: Mapping[tuple[str, ...], str] | None = None,
    ) -> None:
        """Define a cross: one bin for each combination of the bins of the points in `axes`."""
        combinations = itertools.product(*(self.points[axis].counts for axis in axes))
        counts = {" x ".join(bins): 0 for bins in combinations}
        excluded = {" x ".join(bins): why for bins, why in (exclude or {}).items()}
        self._define(name, Point(counts, goal, excluded, axes=list(axes)))

    def _define(self, name: str, point: Point) -> None:
        if name in self.points:
            raise CoverageError(f"{self.name}: {name} is defined twice")
        if unknown := set(point.excluded) - set(point.counts):
            raise CoverageError(f"{self.name}: {name} has no bins {sorted(unknown)} to exclude")
        self.points[name] = point

    def sample(self, **values: object) -> None:
        """Count the bins of the named points, and of each cross over points that are all named.

        Raises:
            CoverageError: a value falls into no bin, or a point is not defined.
        """
        bins: dict[str, str] = {}
        for name, value in values.items():
            if name not in self.points:
                raise CoverageError(f"{self.name}: no point {name}")
            found = self.points[name].bin_of(value)
            if found is None:
                raise CoverageError(f"{self.name}: {name}={value!r} falls into no bin")
            bins[name] = found
            self.points[name].counts[found] += 1
        for point in self.points.values():
            if point.axes and all(axis in bins for axis in point.axes):
                point.counts[" x ".join(bins[axis] for axis in point.axes)] += 1

    def save(self, path: Path | None = None) -> Path:
        """Add the counts to the file of this run; default build/cover/<name>.json, or as the
        runner says. Each test of a run saves a store of its own, once.

        Raises:
            CoverageError: the file holds a store that is defined otherwise.
        """
        if path is None:
            stem = os.environ.get("FUNCTIONAL_COVERAGE")
            default = ROOT / "build" / "cover" / f"{self.name}.json"
            path = Path(stem).with_suffix(f".{self.name}.json") if stem else default
        path.parent.mkdir(parents=True, exist_ok=True)
        saved = merge([load(path), self])[self.name] if path.exists() else self
        data = {
            "name": self.name,
            "points": {
                name: {"goal": p.goal, "excluded": p.excluded, "counts": p.counts}
                for name, p in saved.points.items()
            },
        }
        path.write_text(json.dumps(data, indent=1) + "\n")
        return path


def load(path: Path) -> Coverage:
    """The counts of one run."""
    data = json.loads(path.read_text())
    coverage = Coverage(data["name"])
    for name, point in data["points"].items():
        coverage.points[name] = Point(point["counts"], point["goal"], point["excluded"])
    return coverage


def merge(runs: Iterable[Coverage]) -> dict[str, Coverage]:
    """Add up runs, by store name.

    Raises:
        CoverageError: two runs of a store differ in points, bins, goals or exclusions.
    """
    total: dict[str, Coverage] = {}
    for run in runs:
        if run.name not in total:
            total[run.name] = run
            continue
        base = total[run.name]
        if _definition(base) != _definition(run):
            raise CoverageError(f"{run.name}: runs differ in their definition; clean and rerun")
        for name, point in run.points.items():
            for bin_name, count in point.counts.items():
                base.points[name].counts[bin_name] += count
    return total


def _definition(coverage: Coverage) -> dict[str, tuple]:
    return {n: (list(p.counts), p.goal, p.excluded) for n, p in coverage.points.items()}


def unmet(coverage: Coverage) -> list[str]:
    """One line for each bin below its goal."""
    return [
        f"{coverage.name}.{name}: {bin_name} {count}/{point.goal}"
        for name, point in coverage.points.items()
        for bin_name, count in point.unmet().items()
    ]


def reached(coverage: Coverage) -> tuple[int, int]:
    """Number of bins at their goal, and of bins that have one."""
    wanted = sum(len(set(p.counts) - set(p.excluded)) for p in coverage.points.values())
    return wanted - len(unmet(coverage)), wanted
