# SPDX-License-Identifier: Apache-2.0
"""make test and make regress: pytest with BLOCK= and TEST= turned into its arguments."""

from __future__ import annotations

import os
import sys

import pytest

from scripts.blocks import chosen, stop
from tb.common.filelist import ROOT

RESULTS = ROOT / "build" / "test"


def arguments(block: str | None, test: str | None, regress: bool) -> list[str]:
    """Arguments of pytest.

    Args:
        block: tests of this block only.
        test: a node id (tests/...), or words as of pytest -k.
        regress: include the long tests.
    """
    name = "regress" if regress else "test"
    label = f"{name}-{block}" if block else name
    args = [f"--junitxml={RESULTS / label}.xml"]
    args += ["--durations=10", "--durations-min=20"]
    args += [f"--numprocesses={os.cpu_count() or 1}", "--dist=worksteal"]
    if regress:
        args.append("--regress")
    if test and test.startswith("tests/"):
        return [*args, test]
    if test:
        args += ["-k", test]
    if block:
        folder = f"tests/{block}"
        if not list((ROOT / folder).glob("test_*.py")):
            stop(f"test: block {block} has no tests ({folder}/test_*.py)")
        return [*args, folder]
    return [*args, "tests"]


def main() -> int:
    """Run pytest; its exit status is ours."""
    os.chdir(ROOT)
    RESULTS.mkdir(parents=True, exist_ok=True)
    return int(
        pytest.main(arguments(chosen(), os.environ.get("TEST"), "--regress" in sys.argv[1:]))
    )


if __name__ == "__main__":
    raise SystemExit(main())
