# SPDX-License-Identifier: Apache-2.0
"""What make sim has computed before: images and golden runs, under build/sim/cache.

A result is found again by a hash of everything that it depends on: the contents of the checkpoint,
all of models/, the firmware as built, the command set, registers and configurations, the versions
of Python and numpy, and the arguments. So a change of any of these computes anew.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

SOURCES = ("models/**/*", "rtl/chiplet/*.yaml", "rtl/chiplet/*.rdl", "rtl/package/*.toml")
KEEP = 2  # newest results of a kind that stay


def digest(path: Path) -> str:
    """Of a file, or of all files in a folder with their names."""
    files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
    total = hashlib.sha256()
    for file in files:
        total.update(str(file.relative_to(path)).encode() + b"\0")
        with file.open("rb") as content:
            total.update(hashlib.file_digest(content, "sha256").digest())
    return total.hexdigest()


def source_files(root: Path) -> list[Path]:
    """All that images and golden runs are computed with, but the firmware."""
    return [path for pattern in SOURCES for path in sorted(root.glob(pattern))
            if path.is_file() and "__pycache__" not in path.parts]


def sources(root: Path) -> str:
    """Of `source_files`, and of the versions of Python and numpy."""
    total = hashlib.sha256(f"{sys.version} {np.__version__}".encode())
    for path in source_files(root):
        total.update(str(path.relative_to(root)).encode() + b"\0")
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


class Cache:
    """Results in a folder, in files <kind>-<key>.pickle."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, kind: str, parts: object, make: Callable[[], Any]) -> tuple[Any, str, bool]:
        """The result of make(), which depends on `parts` (by its repr) and nothing else: result,
        key, and whether it was there already."""
        key = hashlib.sha256(repr(parts).encode()).hexdigest()[:20]
        path = self.folder / f"{kind}-{key}.pickle"
        try:
            with path.open("rb") as file:
                value = pickle.load(file)
            path.touch()
            return value, key, True
        except FileNotFoundError:
            pass
        except Exception:  # cut off or not of this program: pickle raises whatever it meets
            path.unlink()
        value = make()
        self.folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{os.getpid()}")
        with part.open("wb") as file:
            pickle.dump(value, file, protocol=5)
        part.rename(path)
        self._prune(kind)
        return value, key, False

    def _prune(self, kind: str) -> None:
        found = sorted(self.folder.glob(f"{kind}-*.pickle"), key=lambda p: p.stat().st_mtime)
        for path in found[:-KEEP]:
            path.unlink(missing_ok=True)
