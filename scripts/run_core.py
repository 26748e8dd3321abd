#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Run a bare-metal RV32 ELF program on the RTL of the control core (Verilator).

All segments are loaded wherever they lie. There are 16 MiB of RAM at 0x80000000, and RAM in every
MiB that a segment touches; other addresses answer with an access fault. The program starts at the
ELF entry and ends by writing to the word `tohost`: 1 means passed, another odd value failed.
Software and timer interrupt are at 0x02000000 (msip) and 0x02004000 (mtimecmp), with mtime at
0x0200bff8 counting clock cycles.

exit status:
  0      passed
  1-239  what the program wrote to tohost, shifted right by 1 (at most 239, at least 1)
  240    wrong command line, or a file that cannot be written
  241    the program's file cannot be read
  242    not an ELF file, or damaged
  243    ELF, but not 32 bits or not little-endian
  244    ELF, but not for RISC-V
  245    a segment, the entry point or tohost lies outside memory
  246    no symbol tohost
  247    --signature, but no symbols begin_signature and end_signature in memory
  248    still running after --max-cycles
  249    the simulator could not be built or broke off
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import io
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TextIO

if __package__ in (None, ""):  # called by its path
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scripts.core_program import BROKEN, TOO_LONG, USAGE, RunError, load
from scripts.core_trace import lines
from tb.common.filelist import ROOT, block_list, content_hash, relative
from tb.common.runner import BUILD, VERILATOR_ARGS, missing_simulator, tool_environment

HARNESS = [ROOT / "tb" / "core" / name for name in
           ("run_core.vlt", "run_core.cpp", "run_core_memory.h")]
STALE_SECONDS = 3600.0
MAX_CYCLES = 100_000_000
PASSED, LARGEST_FAILURE = 0, 239
UNWRITTEN = 2  # how the harness ends if it cannot write the signature


@dataclass(frozen=True)
class Outcome:
    """How a run ended.

    Attributes:
        finished: the program wrote to tohost.
        tohost: what it wrote.
        cycles: clock cycles from reset to that store.
        instructions: retired; those that trapped do not count.
        seconds: time that the simulation took.
        pc: of the next instruction.
        last: the last ten retirements, as lines of a trace.
    """

    finished: bool
    tohost: int
    cycles: int
    instructions: int
    seconds: float
    pc: int
    last: tuple[str, ...]

    @property
    def cpi(self) -> float:
        return self.cycles / self.instructions if self.instructions else float("nan")

    @property
    def status(self) -> int:
        if not self.finished:
            return TOO_LONG
        if self.tohost == 1:
            return PASSED
        return min(max(self.tohost >> 1, 1), LARGEST_FAILURE)


def build(waves: bool = False) -> Path:
    """Compile core and harness unless the same build exists; return the program.

    Raises:
        RunError: no Verilator, or it failed; the text names the log.
    """
    if reason := missing_simulator("verilator"):
        raise RunError(BROKEN, reason)
    files = block_list("core")
    defines = ["-DRVFI", *(["-DCORE_DEBUG", "--trace-vcd"] if waves else [])]
    options = ["--cc", "--exe", "--build", "-O3", *VERILATOR_ARGS, "--x-initial", "fast", *defines]
    files.sources.extend(HARNESS)
    folder = BUILD / "verilator" / f"core-run-{content_hash(files, options)}"
    program = folder / "run_core"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with open(folder.parent / ".core-run.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.is_file():
            os.utime(folder)
            return program
        for old in folder.parent.glob("core-run-*"):
            if time.time() - old.stat().st_mtime > STALE_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
        print(f"building the core for Verilator: {relative(folder)}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        log = folder / "build.log"
        sources = [str(path) for path in files.sources if path.suffix != ".h"]
        command = ["verilator", *options, "--prefix", "Vcore", "--top", "core",
                   *(f"-I{path}" for path in files.incdirs), "-CFLAGS", f"-I{HARNESS[1].parent}",
                   "--Mdir", str(folder), "-o", "run_core.part", *sources]
        with tool_environment(), open(log, "w") as out:
            done = subprocess.run(command, cwd=ROOT, stdout=out, stderr=subprocess.STDOUT,
                                  check=False)
        if done.returncode:
            raise RunError(BROKEN, f"Verilator failed, see {relative(log)}")
        (folder / "run_core.part").rename(program)
    return program


def run(
    path: Path,
    signature: Path | None = None,
    trace: Path | None = None,
    max_cycles: int = MAX_CYCLES,
    mem_latency: int = 1,
    seed: int = 1,
    waves: Path | None = None,
) -> Outcome:
    """Run the ELF file `path` on the core; its own output goes to standard output.

    Args:
        signature: written at the end with the words between begin_signature and end_signature.
        trace: written with a line for each retirement.
        mem_latency: cycles from request to response; 0 is random, with back-pressure.
        seed: of the random latency.
        waves: VCD file to write.

    Raises:
        RunError: the program cannot be run.
    """
    program, arguments = load(path, signature is not None)
    arguments += [f"cycles={max_cycles}", f"latency={mem_latency}", f"seed={seed}"]
    arguments += [f"load={s.address},{len(s.data)}" for s in program.segments]
    symbols = program.symbols
    if signature:
        _writable(signature).close()
        words = f"{symbols['begin_signature']},{symbols['end_signature']}"
        arguments.append(f"signature={words},{signature}")
    if waves:
        _writable(waves).close()
        arguments.append(f"waves={waves}")
    text = _writable(trace) if trace else None
    simulator = build(waves is not None)

    sys.stdout.flush()
    pipes = {"report": os.pipe(), **({"records": os.pipe()} if text else {})}
    arguments += [f"{name}={write_end}" for name, (_, write_end) in pipes.items()]
    harness = subprocess.Popen([str(simulator), *arguments], stdin=subprocess.PIPE,
                               pass_fds=[write_end for _, write_end in pipes.values()])
    for _, write_end in pipes.values():
        os.close(write_end)
    try:
        assert harness.stdin is not None
        with contextlib.suppress(BrokenPipeError), harness.stdin as stdin:
            stdin.write(b"".join(s.data for s in program.segments))
        if text:
            try:
                with open(pipes["records"][0], "rb") as records, text:
                    text.writelines(f"{line}\n" for line in lines(records))
            except OSError as error:
                raise RunError(USAGE, f"{trace}: {error.strerror}") from error
        with open(pipes["report"][0], "rb") as report:
            raw = report.read()
        if harness.wait() == UNWRITTEN:
            raise RunError(USAGE, f"{signature}: cannot be written")
        if harness.returncode or not raw:
            raise RunError(BROKEN, f"the simulator ended with {harness.returncode}")
    finally:
        harness.kill()
        harness.wait()
    records, _, summary = raw.rstrip(b"\n").rpartition(b"\n")
    finished, tohost, cycles, retired, seconds, pc = summary.split()
    return Outcome(finished == b"1", int(tohost), int(cycles), int(retired), float(seconds),
                   int(pc), tuple(lines(io.BytesIO(records))))


def _writable(path: Path) -> TextIO:
    try:
        return open(path, "w")
    except OSError as error:
        raise RunError(USAGE, f"{path}: {error.strerror}") from error


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(USAGE, f"{self.prog}: {message} (see --help)\n")


def _latency(text: str) -> int:
    if text == "random":
        return 0
    if not text.isdecimal() or not 1 <= int(text) <= 1_000_000:
        raise argparse.ArgumentTypeError(f"{text} is neither random nor from 1 to 1000000")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) < 1 << 63:
        raise argparse.ArgumentTypeError(f"{text} is not a number from 1 upwards")
    return int(text)


def parser() -> argparse.ArgumentParser:
    description, _, status = (__doc__ or "").partition("exit status:")
    out = _Parser(prog="run_core.py", description=description, epilog=f"exit status:{status}",
                  formatter_class=argparse.RawDescriptionHelpFormatter)
    out.add_argument("program", type=Path, metavar="PROGRAM.elf")
    out.add_argument("--signature", type=Path, metavar="FILE",
                     help="write the words from begin_signature to end_signature, one per line")
    out.add_argument("--trace", type=Path, metavar="FILE", help="write a line per retirement")
    out.add_argument("--max-cycles", type=_count, default=MAX_CYCLES, metavar="N",
                     help="give up after N clock cycles (default %(default)s)")
    out.add_argument("--mem-latency", type=_latency, default=1, metavar="N|random",
                     help="cycles from request to response on both ports (default 1), or random "
                          "with back-pressure")
    out.add_argument("--seed", type=_count, default=1, metavar="N",
                     help="seed of the random latency (default %(default)s)")
    out.add_argument("--waves", action="store_true", help="write a waveform (VCD)")
    return out


def _wave_file(program: Path) -> Path:
    folder = BUILD / "verilator" / "core-waves" / "runs" / program.stem
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "run_core.vcd"


def main() -> int:
    args = parser().parse_args()
    waves = _wave_file(args.program) if args.waves else None
    try:
        outcome = run(args.program, args.signature, args.trace, args.max_cycles,
                      args.mem_latency, args.seed, waves)
        report(outcome, waves)
    except RunError as error:
        print(f"run_core: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"run_core: standard output: {error.strerror}", file=sys.stderr)
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what is still in it
        return USAGE
    if not outcome.finished:
        print(f"run_core: not finished after {outcome.cycles} cycles, pc {outcome.pc:08x}; last "
              f"retirements:", *outcome.last, sep="\n", file=sys.stderr)
    elif outcome.tohost != 1:
        print(f"run_core: failed, tohost {outcome.tohost:#x}", file=sys.stderr)
    return outcome.status


def report(outcome: Outcome, waves: Path | None) -> None:
    """Print the figures of a run."""
    print(f"cycles: {outcome.cycles}")
    print(f"instructions: {outcome.instructions}")
    print(f"CPI: {outcome.cpi:.3f}")
    print(f"speed: {outcome.cycles / max(outcome.seconds, 1e-6):,.0f} cycles/s")
    if waves:
        print(f"waves: {relative(waves)} (make waves BLOCK=core)")
    sys.stdout.flush()


if __name__ == "__main__":
    own_python = ROOT / ".venv" / "bin" / "python"
    if missing_simulator("verilator") and own_python.is_file() and "RUN_CORE" not in os.environ:
        os.environ["RUN_CORE"] = "1"  # only once
        os.execv(own_python, [str(own_python), __file__, *sys.argv[1:]])
    sys.exit(main())
