# SPDX-License-Identifier: Apache-2.0
"""scripts/run_core.py: programs of every kind, and every kind of trouble."""

from __future__ import annotations

import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import elf
from scripts import run_core as runner
from scripts.firmware import COMPILER, FIRMWARE, FLAGS, OUTPUT, build
from tb.common.filelist import ROOT
from tb.common.runner import missing_simulator

PROGRAMS = FIRMWARE / "tests" / "run_core"
LATENCIES = ["1", "2", "5", "random"]


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """Built here, so that no test sees the messages of a build."""
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)
    runner.build()


def program(name: str) -> Path:
    """ELF file of one of the assembly programs."""
    source, script = PROGRAMS / f"{name}.S", PROGRAMS / "program.ld"
    return build(f"run_{name}", [source], script, include_dirs=[PROGRAMS], runtime=False).elf


def linked(folder: Path, source: Path | str, script: Path) -> Path:
    """ELF file made without scripts/firmware.py, which wants flat programs."""
    out = folder / "program.elf"
    if isinstance(source, str):
        (folder / "program.S").write_text(source)
        source = folder / "program.S"
    cache = str(OUTPUT / "compiler-cache")
    env = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    command = [*COMPILER, *FLAGS, f"-Wl,-T,{script}", "-o", str(out), str(source)]
    subprocess.run(command, check=True, env=env)
    return out


def run_core(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/run_core.py", str(path), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def signature(path: Path, folder: Path, *options: str) -> list[int]:
    """Words that a passing run leaves."""
    out = folder / "signature"
    done = run_core(path, "--signature", str(out), *options)
    assert done.returncode == 0, done.stderr
    lines = out.read_text().splitlines()
    assert all(re.fullmatch("[0-9a-f]{8}", line) for line in lines)
    return [int(line, 16) for line in lines]


@pytest.mark.parametrize("latency", LATENCIES)
@pytest.mark.parametrize("name", ["isa", "compressed", "interrupts", "privileged"])
def test_passes(name: str, latency: str) -> None:
    """Self-checking programs pass whatever the memory latency; the summary adds up."""
    done = run_core(program(name), "--mem-latency", latency)
    assert done.returncode == 0, done.stderr
    found = dict(line.split(": ") for line in done.stdout.splitlines())
    cycles, instructions = int(found["cycles"]), int(found["instructions"])
    assert 0 < instructions < cycles
    assert float(found["CPI"]) == pytest.approx(cycles / instructions, abs=1e-3)


@pytest.mark.parametrize("latency", LATENCIES)
def test_traps(tmp_path: Path, latency: str) -> None:
    """mcause, mepc and mtval of each kind of trap, in the signature."""
    path = program("traps")
    symbols = elf.read(path).symbols
    main, at = symbols["main"], symbols["first"]
    expected = []
    for cause, size, value in (
        (2, 4, 0xFFFFFFFF), (2, 4, 0x3A002573), (2, 4, 0xF1451073), (3, 4, None),
        (4, 4, main + 1), (4, 4, main + 1), (6, 4, main + 2), (6, 4, main + 3),
        (5, 4, 0x40000004), (7, 4, 0x40000005), (3, 2, None), (2, 2, 0),
    ):  # fmt: skip
        expected += [cause, at - main, at if value is None else value]
        at += size
    expected += [1, (0x40000000 - main) % (1 << 32), 0x40000000]
    assert signature(path, tmp_path, "--mem-latency", latency) == expected


def test_stall_counters(tmp_path: Path) -> None:
    """Growth of the fetch, data and multiply/divide counter over pieces of code whose stalls are
    known: two divisions and two products, three accesses, three jumps."""
    path = program("stalls")
    operations, accesses, jumps = [0, 0, 33 + 33 + 1 + 1], [0, 0, 0], [3, 0, 0]
    assert signature(path, tmp_path) == operations + accesses + jumps
    assert signature(path, tmp_path, "--mem-latency", "2")[:6] == operations + [0, 3, 0]


@pytest.mark.parametrize("status", [0, 1, 42, 300])
def test_prints_and_ends(status: int) -> None:
    """Requests to the host print; the exit status is what the program says."""
    image = build("run_host", [PROGRAMS / "host.c"], FIRMWARE / "link_ram.ld", {"STATUS": status})
    done = run_core(image.elf)
    assert done.stdout.startswith("one two\n")
    assert done.returncode == min(status, 239)
    assert (status == 0) == (done.stderr == "")


@pytest.mark.parametrize("latency", LATENCIES)
def test_segments_anywhere(tmp_path: Path, latency: str) -> None:
    """Code, constants, variables and tohost in four corners of the address space."""
    path = linked(tmp_path, PROGRAMS / "scattered.S", PROGRAMS / "scattered.ld")
    assert run_core(path, "--mem-latency", latency).returncode == 0


def test_trace(tmp_path: Path) -> None:
    """The trace begins at the entry, ends with the store to tohost, and shows what was done."""
    trace = tmp_path / "trace"
    done = run_core(program("isa"), "--trace", str(trace))
    lines = trace.read_text().splitlines()
    assert re.match(r" *\d+ 80000000 [0-9a-f]{4,8} +addi gp, zero, 0 +gp=00000000$", lines[0])
    assert re.search(r" sw gp, 0\(t5\) +\[80001000\]<-00000001$", lines[-1])
    traps = [line for line in lines if line.endswith(" trap")]
    retired = int(re.search(r"instructions: (\d+)", done.stdout)[1])
    assert retired == len(lines) - len(traps) and any("ecall" in line for line in traps)
    text = "\n".join(lines)
    for shown in (r"lb a2, 0\(s0\) +a2=ffffff80 \[80002000\]->80",
                  r"sb a0, 6\(s0\) +\[80002006\]<-cd",
                  r"rem a2, a0, a1 +a2=fffffffe", r"csrrw zero, mtvec, t0",
                  r"csrrwi zero, 0x744, 8 +trap"):
        assert re.search(shown, text), shown


def test_hang(tmp_path: Path) -> None:
    """A program without an end stops at --max-cycles, with its pc and its last ten instructions."""
    text = '.section .text.init, "ax"\n.globl _start\n_start: li a0, 0\n1: addi a0, a0, 3\nj 1b\n' \
           '.section .tohost, "aw"\n.globl tohost\ntohost: .dword 0\n'
    path = linked(tmp_path, text, PROGRAMS / "program.ld")
    done = run_core(path, "--max-cycles", "3000")
    assert done.returncode == 248 and "cycles: 3000\n" in done.stdout
    first, *lines = done.stderr.splitlines()
    assert re.search(r"not finished after 3000 cycles, pc 8000000[24]", first)
    assert len(lines) == 10 and all(" 8000000" in line for line in lines)
    assert {line.split()[3] for line in lines} == {"addi", "jal"}


def altered(path: Path, out: Path, at: int, form: str, *values: int) -> Path:
    """Copy of an ELF file with some bytes of its headers replaced."""
    data = bytearray(path.read_bytes())
    struct.pack_into(form, data, at, *values)
    out.write_bytes(data)
    return out


def header(path: Path) -> int:
    """Offset of the first program header of a segment that is loaded."""
    data = path.read_bytes()
    at = struct.unpack_from("<I", data, 28)[0]
    while struct.unpack_from("<I", data, at)[0] != elf.PT_LOAD:
        at += 32
    return at


@pytest.mark.parametrize(
    "kind, status, message",
    [
        ("missing", 241, "No such file"),
        ("text", 242, "not an ELF file"),
        ("cut", 242, "damaged: it ends in a segment"),
        ("header", 242, "damaged: it ends in its header"),
        ("table", 242, "damaged: a table points outside"),
        ("entries", 242, "damaged: its tables have entries of a wrong size"),
        ("overlap", 242, "damaged: segments overlap"),
        ("more data", 242, "damaged: a segment has more data"),
        ("object", 242, "not linked"),
        ("empty", 242, "not an ELF file"),
        ("64 bits", 243, "not a 32-bit"),
        ("big-endian", 243, "not a 32-bit"),
        ("machine", 244, "machine 62, not RISC-V"),
        ("outside", 245, "segment at 0xfffff000 .* outside"),
        ("huge", 245, "segment"),
        ("entry", 245, "entry point 0x40000000 lies in no segment"),
        ("no tohost", 246, "no symbol tohost"),
        ("no signature", 247, "begin_signature"),
    ],
)
def test_bad_input(tmp_path: Path, kind: str, status: int, message: str) -> None:
    """One clear line, and a status for each kind of trouble."""
    good, bad = program("isa"), tmp_path / "bad.elf"
    options: list[str] = []
    if kind == "text":
        bad.write_text("hello\n")
    elif kind == "empty":
        bad.write_bytes(b"")
    elif kind == "cut":
        bad.write_bytes(good.read_bytes()[: header(good) + 2000])
    elif kind == "header":
        bad.write_bytes(good.read_bytes()[:40])
    elif kind == "table":
        altered(good, bad, 32, "<I", 0xFFFFFFF0)
    elif kind == "entries":
        altered(good, bad, 42, "<H", 8)
    elif kind == "overlap":
        at = header(good)
        address = struct.unpack_from("<I", good.read_bytes(), at + 12)[0]
        altered(good, bad, at + 32 + 12, "<I", address)
    elif kind == "more data":
        altered(good, bad, header(good) + 20, "<I", 4)
    elif kind == "object":
        altered(good, bad, 16, "<H", 1)
    elif kind == "64 bits":
        altered(good, bad, 4, "B", 2)
    elif kind == "big-endian":
        altered(good, bad, 5, "B", 2)
    elif kind == "machine":
        altered(good, bad, 18, "<H", 62)
    elif kind == "outside":
        altered(good, bad, header(good) + 8, "<II", 0xFFFFF000, 0xFFFFF000)
        altered(bad, bad, header(good) + 20, "<I", 0x2000)
    elif kind == "huge":
        altered(good, bad, header(good) + 20, "<I", 0x7FFFFFFF)
    elif kind == "entry":
        altered(good, bad, 24, "<I", 0x40000000)
    elif kind == "no tohost":
        bad.write_bytes(good.read_bytes().replace(b"\0tohost\0", b"\0nohost\0"))
    elif kind == "no signature":
        bad, options = good, ["--signature", str(tmp_path / "signature")]
    done = run_core(bad, *options)
    assert done.returncode == status and done.stdout == ""
    assert re.fullmatch(f"run_core: .*{message}.*\n", done.stderr), done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ["--mem-latency", "0"],
        ["--mem-latency", "often"],
        ["--max-cycles", "-1"],
        ["--max-cycles", "0"],
        ["--trace", "/nowhere/x"],
        ["--trace", "/dev/full"],
        ["--signature", "/dev/full"],
        ["--x"],
    ],
)
def test_bad_options(options: list[str]) -> None:
    done = run_core(program("traps"), *options)
    assert done.returncode == 240 and len(done.stderr.splitlines()) == 1


def test_output_that_cannot_be_written() -> None:
    """Not the program's fault, so not one of the program's exit statuses."""
    command = [sys.executable, "scripts/run_core.py", str(program("traps"))]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, check=False)
    assert done.returncode == 240 and len(done.stderr.splitlines()) == 1


def test_module_and_help() -> None:
    """It runs as a module as well; --help names every option and status."""
    done = subprocess.run([sys.executable, "-m", "scripts.run_core", "--help"], cwd=ROOT,
                          capture_output=True, text=True, check=True)
    for name in ("--signature", "--trace", "--max-cycles", "--mem-latency", "--waves", *"24"):
        assert name in done.stdout
    assert all(str(status) in done.stdout for status in range(240, 250))


@pytest.mark.regress
def test_waves(tmp_path: Path) -> None:
    """--waves writes a waveform with the ASCII names of instruction and state."""
    done = run_core(program("isa"), "--waves")
    assert done.returncode == 0, done.stderr
    wave = ROOT / re.search(r"waves: (\S+)", done.stdout)[1]
    text = wave.read_text()
    for signal, width, value in (("mnemonic", 64, b"mulhsu"), ("state", 48, b"muldiv")):
        code = re.search(rf"\$var wire +{width} (\S+) {signal} ", text)[1]
        assert re.search(rf"^b0*{int.from_bytes(value):b} {re.escape(code)}$", text, re.MULTILINE)
