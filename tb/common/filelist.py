# SPDX-License-Identifier: Apache-2.0
"""The file lists `rtl/<block>/<block>.f`: the only source lists of the project.

Simulation, lint, synthesis and formal all read them through this module. A line is one of

    path/to/file.v        a source
    -f path/to/other.f    everything that the other list holds, at this place
    +incdir+path/to/dir   a folder searched by `include
    // or # comment       ignored, as are blank lines

Paths are relative to the folder of the list or, if nothing is there, to the repository root.
A file that appears twice is read once, at its first place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_INCLUDE = re.compile(r'^\s*`include\s+"([^"]+)"', re.MULTILINE)


class FileListError(Exception):
    """A list is missing, or names something that does not exist."""


@dataclass
class FileList:
    """Sources and include folders in reading order, as absolute paths."""

    sources: list[Path] = field(default_factory=list)
    incdirs: list[Path] = field(default_factory=list)

    def add(self, other: FileList) -> None:
        """Append what `other` holds and this list does not."""
        self.sources += [p for p in other.sources if p not in self.sources]
        self.incdirs += [p for p in other.incdirs if p not in self.incdirs]

    def headers(self) -> list[Path]:
        """All files that the sources `include, directly or through other headers."""
        found: list[Path] = []
        todo = list(self.sources)
        while todo:
            path = todo.pop()
            for name in _INCLUDE.findall(path.read_text(encoding="utf-8", errors="replace")):
                for folder in [path.parent, *self.incdirs]:
                    header = (folder / name).resolve()
                    if header.is_file():
                        if header not in found:
                            found.append(header)
                            todo.append(header)
                        break
        return sorted(found)


def read(path: Path) -> FileList:
    """Parse one list and the lists that it includes.

    Raises:
        FileListError: the list, or something that it names, does not exist.
    """
    return _read(path.resolve(), ())


def _read(path: Path, parents: tuple[Path, ...]) -> FileList:
    if path in parents:
        raise FileListError(f"{relative(path)} includes itself")
    if not path.is_file():
        raise FileListError(f"file list {relative(path)} does not exist")
    result = FileList()
    for number, raw in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = re.split(r"(?:^|\s)(?://|#)", raw, maxsplit=1)[0].strip()
        if not line:
            continue
        place = f"{relative(path)}:{number}"
        if line.startswith(("-f ", "-F ")):
            result.add(_read(_resolve(line[3:].strip(), path, place), (*parents, path)))
        elif line.startswith("+incdir+"):
            for name in line[len("+incdir+") :].split("+"):
                result.add(FileList(incdirs=[_resolve(name, path, place)]))
        elif line.startswith(("-", "+")):
            raise FileListError(f"{place}: {line.split()[0]!r} is not understood")
        else:
            result.add(FileList(sources=[_resolve(line, path, place)]))
    return result


def _resolve(name: str, list_path: Path, place: str) -> Path:
    for base in (list_path.parent, ROOT):
        candidate = (base / name).resolve()
        # Generated folders are named before they are made.
        if candidate.exists() or candidate.is_relative_to(ROOT / "build"):
            return candidate
    raise FileListError(f"{place}: {name} does not exist")


def block_list(block: str) -> FileList:
    """The list of a block: rtl/<block>/<block>.f."""
    return read(ROOT / "rtl" / block / f"{block}.f")


def relative(path: Path) -> str:
    """`path` as shown to people: relative to the repository root where it lies inside."""
    try:
        return str(path.resolve().relative_to(ROOT))
    except ValueError:
        return str(path)


def content_hash(files: FileList, settings: Mapping[str, object] | Iterable[object] = ()) -> str:
    """Twelve hex digits over all file contents, headers included, and `settings`."""
    digest = hashlib.sha256()
    for path in [*files.sources, *files.headers()]:
        digest.update(str(path).encode() + b"\0")
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    digest.update(repr([str(p) for p in files.incdirs]).encode())
    items = sorted(settings.items()) if isinstance(settings, Mapping) else list(settings)
    digest.update(repr(items).encode())
    return digest.hexdigest()[:12]
