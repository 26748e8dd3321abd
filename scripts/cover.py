# SPDX-License-Identifier: Apache-2.0
"""make cover BLOCK=...: runs the block's tests with coverage and adds up what all runs reached.

Line and toggle counters come from Verilator (one point is reached if any instance of its module
reached it), functional coverage from tb/common/coverage.py. Prints the figures per file and the
unmet goals, writes everything to build/cover/<block>.json, and ends with status 1 if a goal is
not met: lines and port toggles 90 % unless scripts/blocks.toml says otherwise, functional 100 %.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from scripts.blocks import require_block, settings, stop
from scripts.run_tests import arguments
from tb.common import coverage
from tb.common.filelist import ROOT, relative
from tb.common.runner import COVER

POINT = re.compile(r"^C '(?P<keys>[^']*)' (?P<count>\d+)$")
PORT = re.compile(r"^\s*(?:input|output|inout)\b[^;)]*?(\w+)\s*(?:,|\)|//|$)")
GOAL = 90.0


def read_points(text: str) -> dict[tuple[str, str, str, str], int]:
    """Counts of a Verilator coverage.dat by (file, kind, line, what), added over instances."""
    counts: dict[tuple[str, str, str, str], int] = defaultdict(int)
    for line in text.splitlines():
        match = POINT.match(line)
        if not match:
            continue
        keys = dict(
            item.split("\x02", 1) for item in match["keys"].split("\x01") if "\x02" in item
        )
        kind = keys.get("page", "").split("/")[0]
        place = keys.get("l", "") + ":" + keys.get("n", "")
        counts[keys.get("f", ""), kind, place, keys.get("o", "")] += int(match["count"])
    return counts


def ports(source: str) -> set[str]:
    """Names of the ports that a module's text declares."""
    return {m.group(1) for line in source.splitlines() if (m := PORT.match(line))}


def of_block(points: dict, block: str) -> dict[str, dict[str, dict[str, int]]]:
    """Counts of the block's own files as file -> line or toggle -> place -> count."""
    folder = (ROOT / "rtl" / block).resolve()
    result: dict = defaultdict(lambda: {"line": {}, "toggle": {}})
    port_names: dict[str, set[str]] = {}
    for (file, kind, place, what), count in points.items():
        path = Path(file).resolve()
        if not path.is_relative_to(folder):
            continue
        name = relative(path)
        if kind == "v_toggle":
            if name not in port_names:
                port_names[name] = ports(path.read_text())
            if re.split(r"[\[:]", what)[0] in port_names[name]:
                result[name]["toggle"][what] = result[name]["toggle"].get(what, 0) + count
        elif kind in ("v_line", "v_branch"):
            result[name]["line"][f"{place} {what}"] = count
    return result


def percent(counts: dict[str, int]) -> float:
    """Share of points with a count, in percent; 100 if there are none."""
    return 100.0 * sum(c > 0 for c in counts.values()) / len(counts) if counts else 100.0


def main() -> int:
    """Run, merge, print, judge."""
    block = require_block("cover")
    os.environ["COVER"] = "1"
    shutil.rmtree(COVER, ignore_errors=True)
    status = pytest.main(arguments(block, os.environ.get("TEST"), regress=False))
    if status:
        stop("cover: tests failed, so there is no coverage to report")
    points: dict = defaultdict(int)
    for path in COVER.glob("*/*.dat"):
        for key, count in read_points(path.read_text(errors="replace")).items():
            points[key] += count
    goals = settings(block).get("cover", {})
    files = of_block(points, block)
    stores = coverage.merge(coverage.load(path) for path in sorted(COVER.glob("*/*.json")))
    if not files and not stores:
        stop(f"cover: no test of {block} ran on Verilator or saved functional coverage")

    failed, report = [], {"files": {}, "functional": {}, "unmet": []}
    total: dict[str, dict[str, int]] = {"line": {}, "toggle": {}}
    for name in sorted(files):
        shares = {kind: percent(files[name][kind]) for kind in total}
        print(f"  {name}: lines {shares['line']:.1f} %, port toggles {shares['toggle']:.1f} %")
        for kind in total:
            total[kind] |= {f"{name}:{k}": c for k, c in files[name][kind].items()}
        report["files"][name] = shares | {
            "holes": {k: [p for p, c in files[name][k].items() if c == 0] for k in total}
        }
    for kind, counts in total.items():
        share, goal = percent(counts), float(goals.get(kind, GOAL))
        report[kind] = share
        print(f"{kind}: {share:.1f} % of {len(counts)} points, goal {goal:g} %")
        if share < goal:
            failed.append(kind)
    for name, store in stores.items():
        done, wanted = coverage.reached(store)
        report["functional"][name] = {"reached": done, "bins": wanted}
        report["unmet"] += coverage.unmet(store)
        print(f"functional {name}: {done} of {wanted} bins")
    for line in report["unmet"]:
        print(f"  unmet {line}")
    if report["unmet"]:
        failed.append("functional")
    path = COVER / f"{block}.json"
    path.write_text(json.dumps(report, indent=1) + "\n")
    print(f"written: {relative(path)}")
    if failed:
        print(f"cover: below the goal: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
