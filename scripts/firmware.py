# SPDX-License-Identifier: Apache-2.0
"""Build programs for the control core with the pinned cross-compiler.

    from scripts.firmware import build
    image = build("boot", ["firmware/boot.c"], linker_script="firmware/link_rom.ld")
    image.hex        # for $readmemh: one 32-bit word per line, from the program's first address

crt0.S and the runtime are always linked; the linker drops what a program does not use. Results
lie in build/firmware/<name>-<hash>, where the hash covers every source, header and option, so an
unchanged program is not built twice. From the command line:

    python -m scripts.firmware NAME SOURCE... [--script FILE] [-D NAME=VALUE] [-I FOLDER]
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from scripts import elf

ROOT = Path(__file__).resolve().parents[1]
FIRMWARE = ROOT / "firmware"
OUTPUT = ROOT / "build" / "firmware"

COMPILER = (sys.executable, "-m", "ziglang", "cc")
FLAGS = (
    "-target riscv32-freestanding-none -mcpu=generic_rv32+m+c+zicsr+zifencei -mabi=ilp32 "
    "-std=gnu11 -ffreestanding -fno-builtin -fno-sanitize=all -fomit-frame-pointer "
    "-fno-stack-protector -ffunction-sections -fdata-sections "
    "-Wall -Wextra -Werror -g0 -Wl,--gc-sections"
).split()
BASE_SOURCES = (FIRMWARE / "crt0.S", FIRMWARE / "runtime" / "string.c")


class FirmwareError(Exception):
    """The compiler refused; the text is its message."""


@dataclass(frozen=True)
class Image:
    """A built program.

    Attributes:
        elf, bin, hex: the program as ELF, as flat bytes, and as words for $readmemh; the latter
            two start at `base`.
        base: address of the first byte.
        entry: address of the first instruction.
        size: bytes to load.
        symbols: addresses by name.
    """

    elf: Path
    bin: Path
    hex: Path
    base: int
    entry: int
    size: int
    symbols: Mapping[str, int]


def build(
    name: str,
    sources: Sequence[Path | str],
    linker_script: Path | str = FIRMWARE / "link.ld",
    defines: Mapping[str, object] | None = None,
    include_dirs: Sequence[Path | str] = (),
    optimize: str = "-O2",
    runtime: bool = True,
) -> Image:
    """Compile and link `sources` (C or assembly, relative to the repository root).

    Args:
        name: names the output.
        linker_script: firmware/link.ld (SRAM), firmware/link_rom.ld (boot ROM), or another one.
        defines: preprocessor macros; a value of None defines the bare name.
        include_dirs: searched before firmware/ and firmware/runtime.
        optimize: optimisation option of the compiler.
        runtime: link crt0.S and the runtime; False for programs that bring their own start.

    Raises:
        FirmwareError: a source is missing or the compiler reports an error.
    """
    script = _path(linker_script)
    files = [*(BASE_SOURCES if runtime else ()), *map(_path, sources)]
    folders = [*map(_path, include_dirs), FIRMWARE, FIRMWARE / "runtime"]
    options = [*FLAGS, optimize]
    for key, value in (defines or {}).items():
        options.append(f"-D{key}" if value is None else f"-D{key}={value}")
    if missing := [str(p) for p in [*files, script] if not p.is_file()]:
        raise FirmwareError(f"no such file: {', '.join(missing)}")

    searched = sorted({*folders, *(p.parent for p in files)})
    headers = [h for d in searched for h in sorted(d.glob("*.h"))]
    scripts = [script, *sorted(FIRMWARE.glob("*.ld"))]
    target = OUTPUT / f"{name}-{_hash([*files, *headers, *scripts], options)}"
    if not (target / f"{name}.hex").is_file():
        _compile(name, target, files, folders, script, options)

    program = elf.read(target / f"{name}.elf")
    base, flat = program.flat()
    return Image(
        elf=target / f"{name}.elf",
        bin=target / f"{name}.bin",
        hex=target / f"{name}.hex",
        base=base,
        entry=program.entry,
        size=len(flat),
        symbols=program.symbols,
    )


def words_hex(data: bytes) -> str:
    """`data` as little-endian 32-bit words, one of 8 hex digits per line."""
    data += bytes(-len(data) % 4)
    return "".join(
        f"{int.from_bytes(data[i : i + 4], 'little'):08x}\n" for i in range(0, len(data), 4)
    )


def _path(name: Path | str) -> Path:
    return ROOT / name


def _hash(files: Sequence[Path], options: Sequence[str]) -> str:
    digest = hashlib.sha256(metadata.version("ziglang").encode())
    digest.update(repr(options).encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def _compile(
    name: str,
    target: Path,
    files: Sequence[Path],
    folders: Sequence[Path],
    script: Path,
    options: Sequence[str],
) -> None:
    OUTPUT.mkdir(parents=True, exist_ok=True)
    cache = OUTPUT / "compiler-cache"
    env = {
        **os.environ,
        "ZIG_GLOBAL_CACHE_DIR": str(cache),
        "ZIG_LOCAL_CACHE_DIR": str(cache),
    }
    work = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=OUTPUT))
    try:
        output = work / f"{name}.elf"
        command = [*COMPILER, *options, *(f"-I{d}" for d in folders)]
        command += [f"-Wl,-T,{script}", "-o", str(output), *map(str, files)]
        # The linker looks for the INCLUDE of a script in the current folder.
        done = subprocess.run(
            command, cwd=FIRMWARE, capture_output=True, text=True, env=env, check=False
        )
        if done.returncode != 0:
            raise FirmwareError(f"{name}: {done.stderr.strip() or done.stdout.strip()}")
        _, flat = elf.read(output).flat()
        output.with_suffix(".bin").write_bytes(flat)
        output.with_suffix(".hex").write_text(words_hex(flat))
        if not target.exists():
            work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Build a program for the control core.")
    parser.add_argument("name")
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--script", default=FIRMWARE / "link.ld", help="linker script")
    parser.add_argument("-D", dest="defines", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("-I", dest="folders", action="append", default=[], metavar="FOLDER")
    args = parser.parse_args()
    defines = {key: value or None for key, _, value in (d.partition("=") for d in args.defines)}
    try:
        image = build(args.name, args.sources, args.script, defines, args.folders)
    except (FirmwareError, elf.ElfError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{image.size} bytes at {image.base:#010x}")
    for path in (image.elf, image.bin, image.hex):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
