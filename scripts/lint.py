# SPDX-License-Identifier: Apache-2.0
"""make lint: every elaboration of scripts/blocks.toml under Verilator and Icarus with all warnings,
ruff, verible where it runs, and the licence line of every source file.

BLOCK= limits the Verilog part to one block. Status 1 and a list of what failed if anything did.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.blocks import blocks, chosen, require_block, settings
from tb.common.filelist import ROOT, FileList, FileListError, block_list, relative
from tb.common.runner import tool_environment

LICENCE = "SPDX-License-Identifier: Apache-2.0"
LICENSED = {
    *(".v", ".vh", ".py", ".c", ".h", ".S", ".s", ".ld", ".sh", ".toml", ".yaml", ".yml", ".f"),
    *(".rdl", ".sby", ".tcl", ".vlt"),
}


def run(command: list[str]) -> str:
    """Output of a command if it failed or printed a warning, otherwise an empty string."""
    with tool_environment():
        done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    output = done.stdout + done.stderr
    return output if done.returncode or "warning" in output.lower() else ""


def verilator(files: FileList, top: str, parameters: dict, defines: dict) -> str:
    """Verilator's complaints about one elaboration."""
    return run(
        ["verilator", "--lint-only", "-Wall", "--quiet", "--top-module", top]
        + [f"-I{path}" for path in files.incdirs]
        + [f"-G{name}={value}" for name, value in parameters.items()]
        + [f"-D{name}={value}" for name, value in defines.items()]
        + [str(path) for path in files.sources]
    )


def icarus(files: FileList, top: str, parameters: dict, defines: dict) -> str:
    """Icarus Verilog's complaints about one elaboration; timescale is the testbench's business."""
    return run(
        ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-o", "/dev/null", "-s", top]
        + [f"-I{path}" for path in files.incdirs]
        + [f"-P{top}.{name}={value}" for name, value in parameters.items()]
        + [f"-D{name}={value}" for name, value in defines.items()]
        + [str(path) for path in files.sources]
    )


def lint_block(block: str) -> Iterator[tuple[str, str]]:
    """Pairs of title and complaints (empty if clean) for one block."""
    tops = settings(block).get("lint", [])
    if not tops:
        yield f"{block}", "no elaborations: add `lint` for it to scripts/blocks.toml"
        return
    for entry in tops:
        top = entry["top"]
        try:
            files = block_list(block)
        except FileListError as error:
            yield block, str(error)
            return
        files.add(FileList([ROOT / name for name in entry.get("sources", [])]))
        parameters, defines = entry.get("parameters", {}), entry.get("defines", {})
        shown = " ".join(f"{k}={v}" for k, v in [*parameters.items(), *defines.items()])
        title = f"{block} {top} {shown}".rstrip()
        yield f"verilator {title}", verilator(files, top, parameters, defines)
        if shutil.which("iverilog"):
            yield f"iverilog  {title}", icarus(files, top, parameters, defines)


def unlisted(block: str) -> Iterator[tuple[str, str]]:
    """Sources that neither a file list nor a lint entry names."""
    try:
        listed = {path for name in blocks() for path in block_list(name).sources}
    except FileListError as error:
        yield f"file list {block}", str(error)
        return
    extra = [name for entry in settings(block).get("lint", []) for name in entry.get("sources", [])]
    listed |= {(ROOT / name).resolve() for name in extra}
    for path in sorted((ROOT / "rtl" / block).glob("*.v")):
        if path.resolve() not in listed:
            yield f"file list {block}", f"{relative(path)} is in no file list"


def tracked() -> list[Path]:
    """Files that are in, or would go into, the repository."""
    shown = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    return [ROOT / name for name in shown.stdout.splitlines() if (ROOT / name).is_file()]


def licences() -> str:
    """Source files without the licence line in their first three lines."""
    missing = []
    for path in tracked():
        if path.suffix in LICENSED or path.name == "Makefile":
            with path.open(encoding="utf-8", errors="replace") as file:
                head = [file.readline() for _ in range(3)]
            if not any(LICENCE in line for line in head):
                missing.append(f"{relative(path)}: no line '{LICENCE}'")
    return "\n".join(missing)


def widths() -> str:
    """Verilog lines over 100 columns, or with tabs or trailing blanks."""
    bad = []
    for path in tracked():
        if path.suffix in (".v", ".vh"):
            for number, line in enumerate(path.read_text().splitlines(), start=1):
                if len(line) > 100 or "\t" in line or line != line.rstrip():
                    bad.append(f"{relative(path)}:{number}: long line, tab or trailing blank")
    return "\n".join(bad)


def verible(names: list[str]) -> str | None:
    """Verible's complaints; None where its binary does not run."""
    tool = Path(sys.executable).parent / "verible-verilog-syntax"
    try:
        subprocess.run([tool, "--version"], capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    sources = [str(p) for name in names for p in sorted((ROOT / "rtl" / name).glob("*.v"))]
    return run([str(tool), *sources]) if sources else ""


def main() -> int:
    """Run all checks; print one line each, then the complaints of those that failed."""
    names = [require_block("lint")] if chosen() else blocks()
    checks: list[tuple[str, str]] = []
    for name in names:
        checks += [*lint_block(name), *unlisted(name)]
    ruff = [sys.executable, "-m", "ruff"]
    checks.append(("ruff check", run([*ruff, "check", "-q", "."])))
    checks.append(("licence lines", licences()))
    checks.append(("line width", widths()))
    syntax = verible(names)
    if syntax is None:
        print("  --   verible does not run here: left out")
    else:
        checks.append(("verible syntax", syntax))
    if not shutil.which("iverilog"):
        print("  --   iverilog is not installed: left out")
    failed = [(title, output) for title, output in checks if output]
    for title, output in checks:
        print(f"  {'FAIL' if output else 'ok  '} {title}")
    for title, output in failed:
        print(f"\n---- {title}\n{output.strip()}")
    print(f"\nlint: {len(checks) - len(failed)} clean, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
