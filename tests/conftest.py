# SPDX-License-Identifier: Apache-2.0
"""Options, fixtures and rules that all tests share.

Fixtures
    simulator    name of the simulator; the test runs once per simulator. `@pytest.mark.sim(
                 "verilator")` narrows the choice, SIM= or --sim picks one.
    seed         the run's seed (SEED= or --seed, default 1); derive all randomness from it.
    shared_data  folder with public data files (checkpoints, quantiser vectors); the test is
                 skipped where it is missing.

Rules
    Tests marked `regress` run under --regress (make regress) or when named by node id.
    Every skipped test is listed with its reason; with CI=true a skip whose reason is not in
    .ci/allowed_skips is a failure.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import models  # noqa: F401  (before numpy is loaded: it sets the number of BLAS threads)
from tb.common.filelist import ROOT
from tb.common.runner import SIMULATORS, current_seed, missing_simulator

ALLOWED_SKIPS = ROOT / ".ci" / "allowed_skips"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("tessera")
    group.addoption("--sim", choices=SIMULATORS, help="run on this simulator only")
    group.addoption("--seed", help="random seed of all tests (default 1)")
    group.addoption("--regress", action="store_true", help="include tests marked regress")


def pytest_configure(config: pytest.Config) -> None:
    for option, variable in (("sim", "SIM"), ("seed", "SEED")):
        if value := config.getoption(option):
            os.environ[variable] = value
    if (sim := os.environ.get("SIM")) and sim not in SIMULATORS:
        raise pytest.UsageError(f"SIM={sim} is not one of {', '.join(SIMULATORS)}")
    try:
        current_seed()
    except ValueError as error:
        raise pytest.UsageError(str(error)) from None


def pytest_report_header(config: pytest.Config) -> str:
    return f"tessera: SIM={os.environ.get('SIM') or 'both'} SEED={current_seed()}"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "simulator" not in metafunc.fixturenames:
        return
    names = [n for mark in metafunc.definition.iter_markers("sim") for n in mark.args]
    names = names or list(SIMULATORS)
    if chosen := os.environ.get("SIM"):
        names = [name for name in names if name == chosen]
    metafunc.parametrize("simulator", names, indirect=True, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    # A test parametrised over no simulator (it offers none that SIM= asks for) is deselected.
    unusable = [i for i in items if any("simulator" in str(m) for m in i.iter_markers("skip"))]
    named = [arg for arg in config.args if "::" in arg]
    long = []
    if not config.getoption("regress") and not named:
        long = [i for i in items if i.get_closest_marker("regress")]
    dropped = [i for i in items if i in unusable or i in long]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [i for i in items if i not in dropped]


@pytest.fixture(scope="session")
def simulator(request: pytest.FixtureRequest) -> str:
    """Name of the simulator to use; skips the test where it is not installed."""
    if reason := missing_simulator(request.param):
        pytest.skip(reason)
    return request.param


@pytest.fixture(scope="session")
def seed() -> int:
    """Seed of this run."""
    return current_seed()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public data files: TESSERA_DATA, or shared/data beside the repository."""
    folder = Path(os.environ.get("TESSERA_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"shared data not found: {folder} (set TESSERA_DATA)")
    return folder


def skip_is_allowed(reason: str, listed: str) -> bool:
    """Whether `reason` starts with a line of the text `listed` (comments left out)."""
    lines = [line.strip() for line in listed.splitlines()]
    return any(reason.startswith(line) for line in lines if line and not line.startswith("#"))


def _skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI turn a skip that is not on the list into a failure."""
    if not report.skipped or hasattr(report, "wasxfail") or os.environ.get("CI") != "true":
        return
    reason = _skip_reason(report)
    if not skip_is_allowed(reason, ALLOWED_SKIPS.read_text()):
        report.outcome = "failed"
        report.longrepr = f"skipped, and .ci/allowed_skips does not list the reason: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    report = yield
    _forbid_skip(report)
    return report


def pytest_terminal_summary(terminalreporter) -> None:
    skipped = terminalreporter.stats.get("skipped", [])
    if skipped:
        terminalreporter.section("skipped tests")
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {_skip_reason(report)}")
