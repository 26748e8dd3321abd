# SPDX-License-Identifier: Apache-2.0
"""Files with what macros hold before the first cycle, for +preload of tb/package/package_tb.v."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.preload import Columns


def write(folder: Path, contents: Sequence[Sequence[Columns]]) -> None:
    """weights<c>_<m>.bin for contents[c][m]: an entry per column."""
    folder.mkdir(parents=True, exist_ok=True)
    for c, macros in enumerate(contents):
        for m, columns in enumerate(macros):
            index = columns.index.astype(">u4").reshape(-1, 1).view(np.uint8)
            entries = np.concatenate(
                [index, columns.exps[:, ::-1], columns.data[:, ::-1]], axis=1)
            (folder / f"weights{c}_{m}.bin").write_bytes(entries.tobytes())
