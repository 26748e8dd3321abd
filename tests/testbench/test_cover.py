# SPDX-License-Identifier: Apache-2.0
"""scripts/cover.py reads Verilator's counters and counts only lines and ports of the block."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts import cover


def point(file: Path, kind: str, what: str, count: int, instance: str = "top") -> str:
    keys = {"f": file, "l": 3, "n": 1, "t": "x", "page": f"{kind}/m", "o": what, "h": instance}
    text = "".join(f"\x01{key}\x02{value}" for key, value in keys.items())
    return f"C '{text}' {count}\n"


def test_counters_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "rtl" / "unit" / "m.v"
    source.parent.mkdir(parents=True)
    source.write_text("module m (\n  input wire clk,\n  output reg [1:0] q // out\n);\nreg r;\n")
    other = tmp_path / "tb" / "w.v"
    monkeypatch.setattr(cover, "ROOT", tmp_path)
    text = (
        "# SystemC::Coverage-3\n"
        + point(source, "v_toggle", "q[0]:0->1", 0, "top.a")
        + point(source, "v_toggle", "q[0]:0->1", 2, "top.b")
        + point(source, "v_toggle", "q[1]:0->1", 0)
        + point(source, "v_toggle", "r:0->1", 0)
        + point(source, "v_line", "block", 0)
        + point(other, "v_line", "block", 1)
    )
    files = cover.of_block(cover.read_points(text), "unit")
    (counts,) = files.values()
    assert counts["toggle"] == {"q[0]:0->1": 2, "q[1]:0->1": 0}
    assert cover.percent(counts["toggle"]) == 50.0
    assert cover.percent(counts["line"]) == 0.0


def test_ports() -> None:
    text = "  input  wire [7:0] a,  // first\n  output reg b\n  input wire c);\n  wire d;\n"
    assert cover.ports(text) == {"a", "b", "c"}
