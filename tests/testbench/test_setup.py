# SPDX-License-Identifier: Apache-2.0
"""scripts/setup.sh on machines that lack something: stub tools on a PATH of their own."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tb.common.filelist import ROOT

BASIC = "bash cat cut dirname env head id mkdir rm sha256sum tail touch chmod cp sed".split()
OK = "#!/bin/sh\nexit 0\n"
# Python that succeeds at everything, makes a virtual environment of itself, counts calls of pip,
# and fails where a file named after a module in the command says so.
PYTHON = """#!/bin/sh
for part in ensurepip find_libpython; do
  case "$*" in *$part*) [ -e "$STUBS/no-$part" ] && exit 1;; esac
done
case "$*" in
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
  *"pip install"*) echo "$*" >> "$STUBS/pip-calls";;
  *libpython%d*) echo libpython3.11;;
esac
exit 0
"""
# apt-get that makes the thing appear.
APT = """#!/bin/sh
echo "$*" >> "$STUBS/apt-calls"
for package; do
  case "$package" in
    g++|iverilog) printf '#!/bin/sh\\nexit 0\\n' > "$STUBS/$package"; chmod +x "$STUBS/$package";;
    libpython3.11) rm -f "$STUBS/no-find_libpython";;
    python3-venv) rm -f "$STUBS/no-ensurepip";;
  esac
done
exit 0
"""


class Machine:
    """A project folder and a PATH that holds only stubs."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stubs = folder / "project", folder / "stubs"
        (self.folder / "scripts").mkdir(parents=True)
        (self.folder / "requirements").mkdir()
        self.stubs.mkdir()
        shutil.copy(ROOT / "scripts" / "setup.sh", self.folder / "scripts")
        for name in ("base", "models"):
            (self.folder / "requirements" / f"{name}.txt").write_text("numpy==1\n")
        for name in BASIC:
            (self.stubs / name).symlink_to(shutil.which(name))
        for name in ("g++", "make", "perl", "iverilog"):
            self.tool(name, OK)
        self.tool("python3", PYTHON)
        self.tool("id", "#!/bin/sh\necho 0\n")

    def tool(self, name: str, text: str) -> None:
        (self.stubs / name).unlink(missing_ok=True)
        (self.stubs / name).write_text(text)
        (self.stubs / name).chmod(0o755)

    def without(self, name: str) -> None:
        if name in ("ensurepip", "find_libpython"):
            (self.stubs / f"no-{name}").touch()
        else:
            (self.stubs / name).unlink()

    def setup(self, *groups: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.folder / "scripts" / "setup.sh", *groups],
            env={"PATH": str(self.stubs), "STUBS": str(self.stubs)},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_second_run_is_quiet_until_requirements_change(machine: Machine) -> None:
    assert machine.setup("base", "models").returncode == 0
    calls = (machine.stubs / "pip-calls").read_text()
    assert calls.count("--require-hashes") == 2 and calls.count("--no-deps") == 1
    again = machine.setup("base", "models")
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    (machine.folder / "requirements" / "models.txt").write_text("numpy==2\n")
    assert "requirements/models.txt" in machine.setup("base", "models").stdout
    assert len((machine.stubs / "pip-calls").read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("missing", "package"),
    [
        ("g++", "g++"),
        ("iverilog", "iverilog"),
        ("ensurepip", "python3-venv"),
        ("find_libpython", "libpython3.11"),
    ],
)
def test_missing_package_is_installed(machine: Machine, missing: str, package: str) -> None:
    machine.without(missing)
    machine.tool("apt-get", APT)
    done = machine.setup("base")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"install -q -y --no-install-recommends {package}" in (
        machine.stubs / "apt-calls"
    ).read_text()


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("g++", "install the package g++"),
        ("perl", "install the package perl"),
        ("ensurepip", "install python3-venv"),
        ("find_libpython", "install libpython3.11"),
        ("python3", "python3 is missing"),
    ],
)
def test_without_apt_one_line_says_what_to_do(machine: Machine, missing: str, message: str) -> None:
    machine.without(missing)
    done = machine.setup("base")
    assert done.returncode == 1
    assert message in done.stderr and len(done.stderr.splitlines()) == 1
    assert not os.path.exists(machine.folder / "build" / "setup" / "base")


def test_icarus_can_be_done_without(machine: Machine) -> None:
    machine.without("iverilog")
    done = machine.setup("base")
    assert done.returncode == 0
    assert "tests on Icarus are skipped" in done.stdout


def imported(path: Path) -> set[str]:
    """Top-level names of the packages that a source imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return {name.partition(".")[0] for name in names}


def plain(name: str) -> str:
    """A name of a distribution as the index compares it."""
    return re.sub("[-_.]+", "-", name).lower()


def test_what_is_imported_is_required() -> None:
    """What is there only because another package brought it along is missing on a fresh machine."""
    lines = [line for path in (ROOT / "requirements").glob("*.in")
             for line in path.read_text().splitlines()]
    required = {plain(line.partition("==")[0]) for line in lines}
    folders = ("firmware", "models", "scripts", "tb", "tests")
    sources = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    used = set().union(*map(imported, sources)) - sys.stdlib_module_names - set(folders)
    distributions = packages_distributions()
    missing = [name for name in used if not required & set(map(plain, distributions.get(name, [])))]
    assert "numpy" in used and not missing, missing
