# SPDX-License-Identifier: Apache-2.0
"""Commands of models/chiplet.py in C (models/native/), built on first use into build/native.

Only a quicker way to the same bits: where there is no C compiler, and with TESSERA_NATIVE=0, the
numpy definitions do all the work. `library` gives the functions of engines.c, or None.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
from pathlib import Path

import numpy as np

from models import commands, transcendental

SOURCES = Path(__file__).parent / "native"
BUILD = Path(__file__).parent.parent / "build" / "native"
# One rounding per operation: no fused multiply-add.
FLAGS = ("-O3", "-march=native", "-std=c11", "-ffp-contract=off", "-fno-math-errno", "-Wall",
         "-Werror", "-shared", "-fPIC")
KINDS = {name: i for i, name in enumerate(("mac", "ve", "load", "weights", "column", "row"))}
MACROS = 12


class Chip(ctypes.Structure):
    """chip_t of engines.c."""

    _fields_ = [
        *((name, ctypes.c_int64)
          for name in ("block", "stash_beats", "sets", "n_macros", "memory_beats")),
        *((name, ctypes.c_void_p) for name in ("data", "exps", "memory", "scalars", "held",
                                               "exp2", "recip", "rsqrt", "tail")),
        ("gelu_linear", ctypes.c_float), ("gelu_cubic", ctypes.c_float),
        ("weights", ctypes.c_void_p * MACROS), ("weight_exps", ctypes.c_void_p * MACROS),
    ]


def fields() -> str:
    """fields.h: lowest bit and width of each field."""
    return "".join(f"#define {name.upper()}_{f.name.upper()} {f.lsb}, {f.width}\n"
                   for name in KINDS for f in commands.formats()[name].fields.values())


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    flags = next((line for line in info.read_text().splitlines() if line.startswith("flags")),
                 "") if info.exists() else ""
    return platform.machine() + flags


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled engines, or None where they cannot be had."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if os.environ.get("TESSERA_NATIVE") == "0" or not compiler:
        return None
    parts = [fields(), _processor(), compiler, *FLAGS,
             *(path.read_text() for path in sorted(SOURCES.iterdir()))]
    folder = BUILD / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]
    made = folder / "engines.so"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "fields.h").write_text(fields())
        draft = folder / f"draft{os.getpid()}.so"
        built = subprocess.run([compiler, *FLAGS, f"-I{folder}", str(SOURCES / "engines.c"), "-o",
                                str(draft), "-lm"], capture_output=True, text=True, check=False)
        if built.returncode:
            raise RuntimeError(f"{compiler} does not compile models/native: {built.stderr}")
        draft.replace(made)
    out = ctypes.CDLL(str(made))
    out.execute.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_char_p,
                            ctypes.c_void_p]
    out.signature.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_int64] * 2
    out.signature.restype = ctypes.c_uint32
    return out


class Engines:
    """The engines of one chiplet, on its own arrays: data, exps, memory, scalars, held, and weights
    and exponents of each macro. All are C-contiguous and stay where they are."""

    def __init__(self, block: int, data: np.ndarray, exps: np.ndarray, memory: np.ndarray,
                 scalars: np.ndarray, held: np.ndarray, weights: list[np.ndarray],
                 weight_exps: list[np.ndarray]) -> None:
        self._arrays = (data, exps, memory, scalars, held, *weights, *weight_exps)
        if not all(a.flags.c_contiguous for a in self._arrays):
            raise ValueError("arrays of a chiplet are contiguous")
        tables = transcendental.tables()
        self._execute = library().execute
        self._chip = Chip(
            block, data.shape[0], weights[0].shape[0], len(weights), memory.shape[0],
            *(a.ctypes.data for a in (data, exps, memory, scalars, held)),
            *(tables[name].ctypes.data for name in ("exp2", "recip", "rsqrt", "tail")),
            float(transcendental.GELU_LINEAR), float(transcendental.GELU_CUBIC),
            (ctypes.c_void_p * MACROS)(*(a.ctypes.data for a in weights)),
            (ctypes.c_void_p * MACROS)(*(a.ctypes.data for a in weight_exps)))
        self._at = ctypes.addressof(self._chip)
        self._sum = ctypes.c_uint32()
        self._sum_at = ctypes.addressof(self._sum)

    def execute(self, kind: int, queue: int, word: bytes) -> int | None:
        """Run a relocated command; its signature, or None: nothing was done, numpy has to."""
        if self._execute(self._at, kind, queue, word, self._sum_at):
            return self._sum.value
        return None


def signature(offset: np.ndarray, data: np.ndarray, exps: np.ndarray) -> int:
    """models.signature.array_signature."""
    offset = np.ascontiguousarray(offset, np.uint32)
    data, exps = np.ascontiguousarray(data), np.ascontiguousarray(exps)
    return library().signature(offset.ctypes.data, data.ctypes.data, exps.ctypes.data,
                               data.shape[0], data.shape[1])
