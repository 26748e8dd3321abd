# SPDX-License-Identifier: Apache-2.0
"""How work is cut: output columns over chiplets, column tiles over macros, KV heads onto macros."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Range:
    """Elements first to first + count - 1; may be empty."""

    first: int
    count: int

    @property
    def end(self) -> int:
        return self.first + self.count


def up(a: int, b: int) -> int:
    """ceil(a / b)"""
    return -(-a // b)


def cut(total: int, unit: int, load: list[float]) -> list[Range]:
    """Contiguous ranges of `total` elements for each holder, in whole units of `unit` (the last
    unit may be partial). Everyone gets the same number of units; one more goes to those with the
    least `load` so far."""
    units, n = up(total, unit), len(load)
    counts = [units // n] * n
    for holder in sorted(range(n), key=lambda i: (load[i], i))[: units % n]:
        counts[holder] += 1
    out, at = [], 0
    for count in counts:
        end = min((at + count) * unit, total)
        out.append(Range(min(at * unit, total), end - min(at * unit, total)))
        at += count
    return out


def column_unit(columns: int, holders: int, block: int) -> int:
    """BLOCK where there is a block of columns for everyone, else LANES."""
    return block if columns >= holders * block else block // 4
