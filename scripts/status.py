# SPDX-License-Identifier: Apache-2.0
"""Test plans (tests/plans/<block>.toml): check them, record results, write the status table.

    python -m scripts.status            check the plans, and that README.md and docs/status.md
                                        are current
    python -m scripts.status --record   take the results of build/test/*.xml over into
                                        tests/plans/results.json and rewrite both tables

The schema is in docs/verification.md; a plan names tests of pytest and runs of `make mutate`. A
stage is reached when each test planned for it, and for the stages below, is written and passed when
last recorded.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

from scripts.blocks import blocks, settings
from tb.common.filelist import ROOT, relative

PLANS = ROOT / "tests" / "plans"
RESULTS = PLANS / "results.json"
README = ROOT / "README.md"
STATUS = ROOT / "docs" / "status.md"
BEGIN, END = "<!-- status:begin (make docs) -->", "<!-- status:end -->"
STAGES = ("V1", "V2", "V3")
KEYS = {"name", "drives", "checks", "stage", "tests"}
MUTATE = re.compile(r"make mutate BLOCK=(\w+)( MUTANTS=\d+)?")


@dataclass
class PlannedTest:
    """One entry of a plan."""

    name: str
    drives: str
    checks: str
    stage: str
    tests: list[str]


@dataclass
class Plan:
    """The plan of one block."""

    block: str
    description: str
    tests: list[PlannedTest]


def read_plan(path: Path) -> tuple[Plan | None, list[str]]:
    """A plan and what is wrong with it."""
    place = relative(path)
    try:
        data = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        return None, [f"{place}: {error}"]
    if set(data) != {"block", "description", "test"}:
        return None, [f"{place}: needs block, description and [[test]], has {sorted(data)}"]
    errors, tests, names = [], [], set()
    if data["block"] != path.stem:
        errors.append(f"{place}: block is {data['block']!r}, the file says {path.stem!r}")
    for entry in data["test"]:
        title = f"{place}: {entry.get('name', '?')}"
        if set(entry) != KEYS:
            errors.append(f"{title}: keys are {sorted(entry)}, not {sorted(KEYS)}")
            continue
        test = PlannedTest(**entry)
        if test.stage not in STAGES:
            errors.append(f"{title}: stage {test.stage!r} is not one of {', '.join(STAGES)}")
        if not isinstance(test.tests, list) or not all(isinstance(t, str) for t in test.tests):
            errors.append(f"{title}: tests is not a list of pytest node ids")
            continue
        if not test.drives.strip() or not test.checks.strip():
            errors.append(f"{title}: drives or checks is empty")
        if test.stage == "V1" and not test.tests:
            errors.append(f"{title}: a V1 test must name the tests that do it")
        if test.name in names:
            errors.append(f"{title}: planned twice")
        names.add(test.name)
        tests.append(test)
    return Plan(data["block"], data["description"], tests), errors


def read_plans(folder: Path = PLANS) -> tuple[list[Plan], list[str]]:
    """All plans in a folder, and what is wrong with them."""
    plans, errors = [], []
    for path in sorted(folder.glob("*.toml")):
        plan, wrong = read_plan(path)
        errors += wrong
        if plan:
            plans.append(plan)
    return plans, errors


def matching(reference: str, known: set[str]) -> set[str]:
    """Node ids that a reference stands for: a test, all forms of one, or all of a file."""
    return {node for node in known if stands_for(reference, node)}


def stands_for(reference: str, node: str) -> bool:
    """Whether `reference` names `node` or something that holds it."""
    return node == reference or node.startswith((reference + "[", reference + "::"))


def all_nodes(plans: list[Plan]) -> set[str]:
    """What a plan may name: all tests, and the runs of `make mutate` that there can be."""
    return collect() | commands(plans)


def collect() -> set[str]:
    """Node ids of all tests, the long ones included.

    Raises:
        RuntimeError: pytest could not collect them.
    """
    env = {k: v for k, v in os.environ.items() if k not in ("SIM", "CI", "PYTEST_CURRENT_TEST")}
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--regress", "tests"]
    done = subprocess.run(
        [*command, "-o", "addopts=--import-mode=importlib -p no:cacheprovider"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=env,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"pytest cannot collect the tests:\n{done.stdout[-3000:]}")
    return {line for line in done.stdout.splitlines() if "::" in line}


def commands(plans: list[Plan]) -> set[str]:
    """Runs of `make mutate` that plans name, of blocks that have mutants."""
    named = {reference for plan in plans for test in plan.tests for reference in test.tests}
    return {r for r in named if (m := MUTATE.fullmatch(r)) and settings(m[1]).get("mutate")}


def missing_tests(plans: list[Plan], known: set[str]) -> list[str]:
    """References of the plans that no test answers to."""
    return [
        f"tests/plans/{plan.block}.toml: {test.name}: there is no test {reference}"
        for plan in plans
        for test in plan.tests
        for reference in test.tests
        if not matching(reference, known)
    ]


def missing_plans(plans: list[Plan]) -> list[str]:
    """Blocks of rtl/ without a plan."""
    have = {plan.block for plan in plans}
    return [f"block {name} has no plan tests/plans/{name}.toml" for name in blocks()
            if name not in have]


def recorded() -> dict[str, str]:
    """Outcome by node id, as last recorded."""
    return json.loads(RESULTS.read_text())["results"] if RESULTS.is_file() else {}


def read_junit(paths: list[Path]) -> dict[str, str]:
    """Outcome (passed, failed, skipped) by node id; later files win.

    pytest writes the module with dots; a plan's ids have the path. A command is its own name.
    """
    outcome = {}
    for path in sorted(paths, key=lambda p: p.stat().st_mtime):
        for case in ElementTree.parse(path).getroot().iter("testcase"):
            module = case.get("classname", "").replace(".", "/")
            result = "passed"
            if case.find("failure") is not None or case.find("error") is not None:
                result = "failed"
            elif case.find("skipped") is not None:
                result = "skipped"
            outcome[f"{module}.py::{case.get('name')}" if module else case.get("name")] = result
    return outcome


def result_of(test: PlannedTest, results: dict[str, str]) -> str:
    """open (not written), not run, failed, skipped or passed: the worst of all its tests."""
    if not test.tests:
        return "open"
    worst = "passed"
    order = ("passed", "skipped", "failed", "not run")
    for reference in test.tests:
        nodes = matching(reference, set(results))
        for outcome in [results[node] for node in nodes] or ["not run"]:
            worst = max(worst, outcome, key=order.index)
    return worst


def stage_reached(plan: Plan, results: dict[str, str]) -> str:
    """Highest stage all of whose tests, and those below, passed; "-" if none."""
    reached = "-"
    for stage in STAGES:
        tests = [test for test in plan.tests if test.stage == stage]
        if not tests or any(result_of(test, results) != "passed" for test in tests):
            break
        reached = stage
    return reached


def readme_table(plans: list[Plan], results: dict[str, str]) -> str:
    """Markdown: a row per block, passed / planned tests per stage."""
    lines = [
        "| block | what it is | V1 | V2 | V3 | reached |",
        "|---|---|---|---|---|---|",
    ]
    for plan in plans:
        cells = []
        for stage in STAGES:
            tests = [test for test in plan.tests if test.stage == stage]
            passed = sum(result_of(test, results) == "passed" for test in tests)
            cells.append(f"{passed}/{len(tests)}" if tests else "")
        reached = stage_reached(plan, results)
        row = [plan.block, plan.description.strip(), *cells, reached]
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines)


def status_page(plans: list[Plan], results: dict[str, str]) -> str:
    """docs/status.md: every planned test with its outcome."""
    lines = [
        "# Status",
        "",
        "Generated by `make docs` from tests/plans/ and the results recorded there. Stages are",
        "explained in [verification.md](verification.md).",
        "",
        readme_table(plans, results),
    ]
    for plan in plans:
        lines += ["", f"## {plan.block}", "", "| test | drives | checks | stage | result |"]
        lines.append("|---|---|---|---|---|")
        for test in plan.tests:
            cells = [test.name, test.drives, test.checks, test.stage, result_of(test, results)]
            lines.append("| " + " | ".join(" ".join(cell.split()) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def with_table(readme: str, table: str) -> str:
    """The README with the text between the markers replaced.

    Raises:
        ValueError: the markers are missing.
    """
    if BEGIN not in readme or END not in readme:
        raise ValueError("README.md has no status markers")
    pattern = re.escape(BEGIN) + r".*?" + re.escape(END)
    return re.sub(pattern, lambda _: f"{BEGIN}\n{table}\n{END}", readme, flags=re.DOTALL)


def stale_pages(plans: list[Plan]) -> list[str]:
    """Pages that differ from what the plans and recorded results give."""
    results = recorded()
    stale = []
    readme = README.read_text()
    if readme != with_table(readme, readme_table(plans, results)):
        stale.append("README.md: the status table is not current; run make docs")
    if not STATUS.is_file() or STATUS.read_text() != status_page(plans, results):
        stale.append("docs/status.md is not current; run make docs")
    return stale


def record(plans: list[Plan], nodes: set[str]) -> None:
    """Take over results of tests that plans name, and rewrite the pages.

    Args:
        nodes: all tests that exist; one without a result counts as not run.
    """
    known = recorded() | read_junit(list((ROOT / "build" / "test").glob("*.xml")))
    wanted = [r for plan in plans for test in plan.tests for r in test.tests]
    kept = {
        node: known.get(node, "not run")
        for node in sorted(nodes)
        if any(stands_for(reference, node) for reference in wanted)
    }
    RESULTS.write_text(json.dumps({"results": kept}, indent=1) + "\n")
    README.write_text(with_table(README.read_text(), readme_table(plans, kept)))
    STATUS.write_text(status_page(plans, kept))
    print(f"status: {len(kept)} results of {len(plans)} plans")


def main() -> int:
    """Check, or with --record rewrite."""
    plans, errors = read_plans()
    nodes = all_nodes(plans)
    if "--record" in sys.argv[1:]:
        record(plans, nodes)
    errors += missing_tests(plans, nodes) + missing_plans(plans) + stale_pages(plans)
    for error in errors:
        print(f"status: {error}", file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
