# SPDX-License-Identifier: Apache-2.0
"""make mutate BLOCK=...: do the block's tests notice faults?

MUTANTS= (default 300) random bit-level faults, seeded by SEED=, are made in the netlists that
scripts/blocks.toml lists under `mutate`, and the named faults of tests/mutants/<block>.toml in the
sources (scripts/mutants.py). For each fault the listed tests run in their order until one fails.
First they must pass without a fault, so that nothing counts as killed for another reason. A test
that runs much longer than it did then is stopped, and the fault counts as killed by timeout.
A mutant that survives does not count if it is proved equivalent to the original
(scripts/equivalence.py), or if a waiver in the toml file names it; else it is listed with its place
in the source, to become a test. Writes build/mutate/<block>.json, and for the status table
build/test/mutate-<block>.xml; status 1 if a fault survives.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import resource
import shutil
import signal
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from scripts.blocks import require_block, settings, stop
from scripts.mutants import OUT, Fault, Mutant, Netlist, data
from scripts.run_tests import RESULTS
from tb.common.filelist import ROOT, relative
from tb.common.runner import current_seed

# What ends a test from outside; a mutant may crash it (SIGSEGV) or use up its time (SIGXCPU).
FOREIGN_SIGNALS = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGKILL}


class FirstFailure:
    """pytest plugin: the first failing test, and the tests that passed."""

    def __init__(self) -> None:
        self.test, self.text, self.passed = "", "", 0

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.passed += report.when == "call" and report.passed
        if report.failed and not self.test:
            crash = getattr(report.longrepr, "reprcrash", None)
            self.test, self.text = report.nodeid, crash.message if crash else str(report.longrepr)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            stop(f"mutate: {report.longrepr}")


def first_failure(tests: list[str], folder: Path, number: int, seconds: int) -> FirstFailure:
    """Run the tests in this process with a fault in place, up to the first that fails."""
    os.environ |= {"MUTANT": f"{folder}:{number}", "MUTANT_SECONDS": str(seconds)}
    os.environ["COCOTB_MAX_FAILURES"] = "1"
    result = FirstFailure()
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        code = pytest.main(["-q", "-x", *tests], plugins=[result])
    if code not in (0, 1) or (not result.test and not result.passed):
        stop(f"mutate: the tests did not run\n{shown.getvalue()[-2000:]}")
    killed = re.search(r"\b(ended with|status|code) -(\d+)", result.text)
    if killed and int(killed[2]) in FOREIGN_SIGNALS:
        stop(f"mutate: somebody ended {result.test}\n{result.text[-2000:]}")
    if "MUTANT: " in result.text or re.search(r"\w+ build of \w+ failed", result.text):
        stop(f"mutate: {relative(folder)} cannot be tested\n{result.text[-2000:]}")
    return result


def processor_time() -> float:
    """Seconds that finished child processes took."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@dataclass
class Report:
    """What became of each fault."""

    block: str
    waivers: list[dict]
    killed: Counter = field(default_factory=Counter)
    timeouts: int = 0
    named: dict[str, str] = field(default_factory=dict)
    equivalent: list[dict] = field(default_factory=list)
    waived: list[dict] = field(default_factory=list)
    survivors: list[dict] = field(default_factory=list)

    def count(self, result: FirstFailure) -> str:
        """Enter a killed fault; say by what."""
        late = f"ended with {-signal.SIGXCPU}" in result.text
        self.timeouts += late
        self.killed[result.test] += 1
        return f"{'timeout of ' if late else ''}{result.test.split('::')[-1]}"

    def survived(self, netlist: Netlist, mutant: Mutant) -> str:
        """Enter a mutant that no test noticed; say why, if it is known."""
        entry = {"netlist": netlist.name, "module": mutant.module, "place": mutant.place}
        entry |= {"what": mutant.what, "number": mutant.number}
        if kind := netlist.proof(mutant):
            self.equivalent.append(entry | {"proof": kind})
            return f"equivalent (proved: {kind})"
        for waiver in self.waivers:
            if waives(waiver, netlist, mutant):
                self.waived.append(entry | {"reason": waiver["reason"]})
                return "equivalent (waived)"
        self.survivors.append(entry)
        return "SURVIVED"


def waives(waiver: dict, netlist: Netlist, mutant: Mutant) -> bool:
    """Whether a waiver is meant: its `file`, its `line` as part of the source text of the place,
    its pattern `what`, and `netlist` and `module` if it names them."""
    return (
        mutant.place.startswith(waiver["file"] + ":")
        and waiver["line"] in mutant.text
        and re.search(waiver["what"], mutant.what) is not None
        and waiver.get("netlist", netlist.name) == netlist.name
        and waiver.get("module", mutant.module) == mutant.module
    )


def make_netlists(block: str, entries: list[dict], counts: list[int]) -> list[tuple[Netlist, Path]]:
    """The netlists, each with the folder for MUTANT=: its own, or that of its `build`."""
    made: list[tuple[Netlist, Path]] = []
    for entry, count in zip(entries, counts):
        build = entry.get("build")
        front = [n for n, _ in made if build and n.entry.get("build") == build]
        netlist = Netlist(block, entry, sum(len(n.mutants) for n in front))
        tree = OUT / block / "builds" / build if build else netlist.folder / "tree"
        if not front:
            shutil.rmtree(tree, ignore_errors=True)
        netlist.make(count, current_seed())
        netlist.put_into(tree)
        made.append((netlist, tree))
    return made


def try_netlist(report: Report, netlist: Netlist, tree: Path) -> None:
    """Run the tests on each mutant of a netlist."""
    tests = netlist.entry["tests"]
    first_failure(tests, tree, 0, 600)  # builds
    started = processor_time()
    original = first_failure(tests, tree, 0, 600)
    if original.test:
        stop(f"mutate: {original.test} fails without a fault\n{original.text[-2000:]}")
    seconds = processor_time() - started
    mutants = netlist.mutants
    print(f"{netlist.name}: {len(mutants)} mutants, tests of {seconds:.1f} s", flush=True)
    for mutant in mutants:
        number = netlist.before + mutant.number
        result = first_failure(tests, tree, number, 5 + round(3 * seconds))
        said = report.count(result) if result.test else report.survived(netlist, mutant)
        print(f"  {mutant.number:4d} {mutant.place} {mutant.what}: {said}", flush=True)


def try_named(report: Report, fault: Fault, tests: list[str]) -> None:
    """Run the tests of a named fault."""
    folder = fault.make(report.block)
    result = first_failure(tests, folder, 0, 60)
    said = report.count(result) if result.test else "SURVIVED"
    report.named[fault.name] = said
    if not result.test:
        report.survivors.append({"named": fault.name, "place": fault.file, "what": fault.why})
    print(f"  {fault.name}: {said}", flush=True)


def record(block: str, count: str | None, survivors: int) -> None:
    """The outcome of this command, as pytest writes that of a test."""
    name = f"make mutate BLOCK={block}" + (f" MUTANTS={count}" if count else "")
    suite = ElementTree.Element("testsuite")
    case = ElementTree.SubElement(suite, "testcase", classname="", name=name)
    if survivors:
        ElementTree.SubElement(case, "failure", message=f"{survivors} survived")
    RESULTS.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(suite).write(RESULTS / f"mutate-{block}.xml")


def main() -> int:
    """All faults of BLOCK."""
    block = require_block("mutate")
    entries = settings(block).get("mutate")
    if not entries:
        stop(f"mutate: no netlists for {block}: add `mutate` to scripts/blocks.toml")
    os.chdir(ROOT)
    listed = data(block)
    report = Report(block, listed.get("waiver", []))
    started = time.monotonic()
    every = [test for e in entries for test in e["tests"] + e.get("named", [])]
    with contextlib.redirect_stdout(io.StringIO()) as shown:
        if pytest.main(["-q", "--collect-only", *every]):
            stop(f"mutate: scripts/blocks.toml names unknown tests\n{shown.getvalue()[-2000:]}")
    wanted = os.environ.get("MUTANTS")
    total = int(wanted or 300)
    whole = sum(entry.get("share", 1) for entry in entries)
    counts = [round(total * entry.get("share", 1) / whole) for entry in entries]
    used = [(entry, count) for entry, count in zip(entries, counts) if count]
    for netlist, tree in make_netlists(block, *map(list, zip(*used))):
        try_netlist(report, netlist, tree)
    tests = {e.get("name", e["top"]): e.get("named", e["tests"]) for e in entries}
    for fault in [Fault(**fault) for fault in listed.get("fault", [])]:
        try_named(report, fault, tests[fault.netlist])
    killed, survivors = sum(report.killed.values()), len(report.survivors)
    result = {"seed": current_seed(), "seconds": round(time.monotonic() - started)}
    result |= {key: value for key, value in vars(report).items() if key not in ("waivers", "block")}
    (OUT / f"{block}.json").write_text(json.dumps(result, indent=1) + "\n")
    record(block, wanted, survivors)
    print(
        f"mutate: {killed} killed ({report.timeouts} by timeout), {len(report.equivalent)} proved "
        f"equivalent, {len(report.waived)} waived, {survivors} survived"
    )
    return 1 if survivors else 0


if __name__ == "__main__":
    raise SystemExit(main())
