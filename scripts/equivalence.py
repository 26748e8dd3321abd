# SPDX-License-Identifier: Apache-2.0
"""Is a mutant a fault at all? Proofs on And-Inverter Graphs with ABC.

A netlist with a select input comes as ASCII AIGER (Yosys, `write_aiger -ascii -symbols`). A miter
holds it twice, with select 0 and with the mutant's number, and asks ABC whether an output can
differ:
    any state    registers are inputs, equal on both sides; the registers' next values count as
                 outputs too. If none differs, the two are the same machine.
    after reset  both sides start in the same arbitrary state and see rst in the first cycle; the
                 outputs are compared from the second on. ABC's sequential engines (induction,
                 property directed reachability) look for a proof over all later cycles.
An output that its contract gives a meaning only while others are high counts in those cycles alone.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Gates = Mapping[str, Sequence[str]]
NO_GATES: Gates = {}
ENGINES = {"any state": "strash; iprove", "after reset": "dprove -T {seconds}"}


@dataclass
class Graph:
    """An AIGER file; literals are 2 * variable + inverted."""

    inputs: list[int]
    latches: list[tuple[int, int]]  # current, next
    outputs: list[int]
    ands: list[tuple[int, int, int]]
    names: list[str]  # of the inputs
    output_names: list[str]

    @staticmethod
    def read(path: Path) -> Graph:
        lines = path.read_text().splitlines()
        _, n_in, n_latch, n_out, n_and = map(int, lines[0].split()[1:6])
        rows = [
            tuple(map(int, line.split())) for line in lines[1 : 1 + n_in + n_latch + n_out + n_and]
        ]
        named = [x for x in lines[1 + len(rows) :] if x[:1] in "io" and " " in x]
        symbols = dict(x.split(" ", 1) for x in named)
        start = n_in + n_latch
        return Graph(
            [row[0] for row in rows[:n_in]],
            [(row[0], row[1]) for row in rows[n_in:start]],
            [row[0] for row in rows[start : start + n_out]],
            [(row[0], row[1], row[2]) for row in rows[start + n_out :]],
            [symbols.get(f"i{i}", "") for i in range(n_in)],
            [symbols.get(f"o{i}", "") for i in range(n_out)],
        )


class Miter:
    """A graph under construction: inputs and latches first, then ands."""

    def __init__(self, inputs: int, latches: int) -> None:
        self.inputs, self.latches = inputs, latches
        self.nexts: list[int] = []
        self.ands: list[tuple[int, int]] = []

    def both(self, a: int, b: int) -> int:
        if a == 0 or b == 0 or a ^ b == 1:
            return 0
        if a == 1 or b == 1 or a == b:
            return a if b == 1 or a == b else b
        self.ands.append((max(a, b), min(a, b)))
        return 2 * (self.inputs + self.latches + len(self.ands))

    def either(self, a: int, b: int) -> int:
        return self.both(a ^ 1, b ^ 1) ^ 1

    def differ(self, a: int, b: int) -> int:
        return self.either(self.both(a, b ^ 1), self.both(a ^ 1, b))

    def any_differs(self, pairs: list[tuple[int, int]]) -> int:
        found = 0
        for a, b in pairs:
            found = self.either(found, self.differ(a, b))
        return found

    def write(self, path: Path, output: int) -> None:
        """Binary AIGER; latches start at 0."""
        total = self.inputs + self.latches + len(self.ands)
        head = f"aig {total} {self.inputs} {self.latches} 1 {len(self.ands)}\n"
        data = bytearray((head + "".join(f"{n}\n" for n in [*self.nexts, output])).encode())
        lhs = 2 * (self.inputs + self.latches)
        for a, b in self.ands:
            lhs += 2
            for delta in (lhs - a, a - b):
                while delta > 127:
                    data.append(delta & 127 | 128)
                    delta >>= 7
                data.append(delta)
        path.write_bytes(data)


def copy(miter: Miter, graph: Graph, values: dict[int, int]) -> list[int]:
    """Add the graph's ands; `values` maps its variables 0, inputs and latches to literals of the
    miter and is extended by the ands. Returns the outputs' literals."""
    for lhs, a, b in graph.ands:
        values[lhs >> 1] = miter.both(values[a >> 1] ^ (a & 1), values[b >> 1] ^ (b & 1))
    return [values[lit >> 1] ^ (lit & 1) for lit in graph.outputs]


def gated(miter: Miter, graph: Graph, outputs: list[int], gates: Gates) -> list[int]:
    """The outputs, those in `gates` as 0 while none of the named ones is high."""
    number = {name: literal for name, literal in zip(graph.output_names, outputs)}
    found = []
    for name, literal in zip(graph.output_names, outputs):
        if valid := gates.get(name.partition("[")[0]):
            high = 0
            for gate in valid:
                high = miter.either(high, number[gate])
            literal = miter.both(literal, high)
        found.append(literal)
    return found


def build(
    graph: Graph, select: str, number: int, kind: str, path: Path, gates: Gates = NO_GATES
) -> None:
    """Write the miter of the graph with `select` 0 and `number`."""
    free = [i for i, name in enumerate(graph.names) if not name.startswith(select)]
    count, registers = len(free), len(graph.latches)
    sequential = kind == "after reset"
    miter = Miter(count + registers, 2 * registers + 1 if sequential else 0)
    started = 2 * (miter.inputs + miter.latches) if sequential else 1
    sides, nexts = [], []
    for side, value in enumerate((0, number)):
        values = {0: 0}
        for lit, name in zip(graph.inputs, graph.names):
            if name.startswith(select):
                bit = int(name.removeprefix(select).strip("[]") or 0)
                values[lit >> 1] = value >> bit & 1
        for k, i in enumerate(free):
            lit = 2 * (k + 1)
            if graph.names[i] == "rst":
                lit = miter.either(lit, started ^ 1)
            values[graph.inputs[i] >> 1] = lit
        for k, (current, _) in enumerate(graph.latches):
            start = 2 * (count + k + 1)
            if sequential:
                stored = 2 * (miter.inputs + side * registers + k + 1)
                start = miter.either(miter.both(started, stored), miter.both(started ^ 1, start))
            values[current >> 1] = start
        sides.append(gated(miter, graph, copy(miter, graph, values), gates))
        nexts.append([values[lit >> 1] ^ (lit & 1) for _, lit in graph.latches])
    pairs = list(zip(*sides))
    if sequential:
        miter.nexts = [*nexts[0], *nexts[1], 1]
    else:
        pairs += zip(*nexts)
    miter.write(path, miter.both(started, miter.any_differs(pairs)))


def prove(
    graph: Graph, select: str, number: int, folder: Path, seconds: int, gates: Gates = NO_GATES
) -> str:
    """The kind of proof that the mutant is equivalent, or nothing.

    Args:
        seconds: for each kind.
        gates: outputs and those that say when they mean something.
    """
    path = folder / "miter.aig"
    for kind, engine in ENGINES.items():
        if kind == "after reset" and not graph.latches:
            continue
        build(graph, select, number, kind, path, gates)
        command = f"read {path.name}; {engine.format(seconds=seconds)}"
        try:
            done = subprocess.run(
                ["yosys-abc", "-c", command],
                cwd=folder,  # abc leaves files where it runs
                capture_output=True,
                text=True,
                timeout=2 * seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            continue
        (folder / "abc.log").write_text(done.stdout)
        if any(word in done.stdout for word in ("UNSATISFIABLE", "Networks are equivalent")):
            return kind
    return ""
