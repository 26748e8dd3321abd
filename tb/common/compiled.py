# SPDX-License-Identifier: Apache-2.0
"""Compiled harnesses: a Verilog top with a C++ main, for runs that are too long for cocotb."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tb.common.filelist import ROOT, FileList, content_hash
from tb.common.runner import _limit_processor_time, flag, mutated, tool_environment

BULK_ARGUMENTS = ROOT / "tb" / "common" / "bulk_arguments.h"


def compiled(
    name: str,
    top: str,
    files: FileList,
    main: Path,
    parameters: Mapping[str, int] | None = None,
    options: Sequence[str] = (),
    headers: Sequence[Path] = (),
) -> Path:
    """The program build/<name>/<hash>/<name>, built by Verilator unless the same sources were
    built before; concurrent callers wait for each other.

    Args:
        files: Verilog sources; of the mutant where MUTANT asks for one.
        main: the C++ that drives `top`.
        options: further options of verilator, say -CFLAGS.
        headers: what `main` includes.

    Raises:
        AssertionError: it does not build; the compiler's words.
    """
    if flag("MUTANT"):
        files = mutated(files)
    settings = [f"-G{key}={value}" for key, value in (parameters or {}).items()]
    folder = ROOT / "build" / name / content_hash(
        files, [path.read_text() for path in (main, *headers)] + [*settings, *options]
    )
    program = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock, tool_environment():
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.is_file():
            built = subprocess.run(
                ["verilator", "--cc", "--exe", "--build", "-O3", *options, *settings]
                + [f"-I{path}" for path in files.incdirs]
                + ["--top", top, "--Mdir", str(folder), "-o", name]
                + [str(path) for path in [*files.sources, main]],
                cwd=ROOT,
                check=False,
                env=dict(os.environ),
                capture_output=True,
                text=True,
            )
            assert built.returncode == 0, f"verilator build of {name} failed: {built.stderr}"
    return program


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a compiled program; the processor time of a mutant is limited (MUTANT_SECONDS)."""
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=_limit_processor_time if flag("MUTANT") else None,
    )
