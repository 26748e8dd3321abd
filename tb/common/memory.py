# SPDX-License-Identifier: Apache-2.0
"""Files that tb/common/axi_memory.v loads and dumps."""

from __future__ import annotations

from pathlib import Path

import numpy as np


def write_bin(path: Path, image: bytes, beat_bytes: int = 64) -> None:
    """Write `image` (first byte at address 0) for +<NAME>_bin; zero-padded to whole beats."""
    data = np.frombuffer(image, np.uint8)
    padded = np.zeros(-(-len(data) // beat_bytes) * beat_bytes, np.uint8)
    padded[: len(data)] = data
    path.write_bytes(padded.reshape(-1, beat_bytes)[:, ::-1].tobytes())


def write_hex(path: Path, image: bytes, beat_bytes: int = 64) -> None:
    """Write `image` for +<NAME>_hex or any $readmemh of `beat_bytes` wide words."""
    padded = image + bytes(-len(image) % beat_bytes)
    words = [padded[i : i + beat_bytes][::-1].hex() for i in range(0, len(padded), beat_bytes)]
    path.write_text("\n".join(words) + "\n")


def read_dump(path: Path) -> bytes:
    """Contents of a file of $writememh, as bytes from address 0.

    Raises:
        ValueError: a beat was never written (X), which only Icarus shows.
    """
    words = []
    for line in path.read_text().splitlines():
        text = line.split("//")[0].strip()
        if text and not text.startswith("@"):
            words += [bytes.fromhex(word)[::-1] for word in text.split()]
    return b"".join(words)
