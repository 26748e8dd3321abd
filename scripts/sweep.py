# SPDX-License-Identifier: Apache-2.0
"""python -m scripts.sweep: the cycle model over parameters of the chip; docs/cycle.md.

Prints a table per sweep and writes build/sweep/<name>.json and <name>.png. Percentages are MAC
utilisation, `x` is cycles over macro_bound_cycles, both as docs/architecture.md defines them.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import matplotlib
import numpy as np
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from models import config, cycle, cycle_stash
from models.checkpoint import BertConfig, LlamaConfig
from models.commands import decode
from models.compiler.lists import Lists
from models.compiler.plan import Plan
from models.cycle_hardware import Hardware, target, up
from models.cycle_job import MINILM, SMOLLM2, Job, Shape
from models.cycle_workload import workload
from tb.common.filelist import ROOT

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

OUT = ROOT / "build" / "sweep"
BUILT = Hardware()
BASE = Hardware(fn_cycles=4)
"""What single parameters are varied from."""
STASH_BEATS = 16384
SERIAL = {"chunk": 16}
OVERLAP = {"chunk": 4, "lag": 1}

PHASES: dict[str, dict] = {
    "prefill 128": {"tokens": 128, **OVERLAP},
    "decode 1": {"tokens": 1, "context": 64, "chunk": 1},
    "decode 8": {"tokens": 1, "context": 64, "batch": 8, "chunk": 2, "lag": 1},
}
"""The three phases, with lists in which token chunks (or sequences) overlap."""


@dataclasses.dataclass(frozen=True)
class Case:
    """One run: a row and a column of a table, what runs, and on what."""

    row: str
    column: str
    job: Job
    hardware: Hardware = BASE


Sweep = Callable[[], Iterator[Case]]
SWEEPS: dict[str, tuple[str, Sweep]] = {}


def sweep(text: str) -> Callable[[Sweep], Sweep]:
    """Register a sweep under its function's name."""

    def register(function: Sweep) -> Sweep:
        SWEEPS[function.__name__] = (text, function)
        return function

    return register


def _jobs(shapes: tuple[Shape, ...] = (SMOLLM2, MINILM), chiplets: tuple[int, ...] = (1,),
          **changes) -> Iterator[tuple[str, Job]]:
    for shape in shapes:
        for phase, settings in PHASES.items():
            if shape.encoder and phase != "prefill 128":
                continue  # an encoder has no decode
            for n in chiplets:
                yield (f"{shape.name} {phase}, {n} chiplet{'s' * (n > 1)}",
                       Job(shape, chiplets=n, **{**settings, **changes}))


def _hardware(name: str, values: tuple, chiplets: tuple[int, ...] = (1,),
              base: Hardware = BASE) -> Iterator[Case]:
    for row, job in _jobs(chiplets=chiplets):
        for value in values:
            yield Case(row, f"{value}", job, dataclasses.replace(base, **{name: value}))


def _baseline(layers: int) -> Iterator[Case]:
    for shape in (SMOLLM2, MINILM):
        for n in (1, 2, 4):
            for phase, settings in PHASES.items():
                if shape.encoder and phase != "prefill 128":
                    continue
                row = f"{shape.name} {phase}, {n}"
                serial = {k: v for k, v in settings.items() if k not in OVERLAP} | SERIAL
                size = {"chiplets": n, "layers": layers}
                decode = {"pieces": 3} if settings.get("context") else {}
                yield Case(row, "built, serial", Job(shape, **serial, **size), BUILT)
                yield Case(row, "built, overlap", Job(shape, **settings, **size, **decode), BUILT)
                yield Case(row, "target, overlap",
                           Job(shape, fused=True, **settings, **size, **decode), target())


@sweep("One layer on 1, 2, 4 chiplets: lists serial or overlapped, RTL as built or target")
def baseline() -> Iterator[Case]:
    yield from _baseline(1)


@sweep("The same with four layers in one list: start and end of a list count a quarter")
def layers() -> Iterator[Case]:
    yield from _baseline(4)


@sweep("Cycles per beat of exp2, silu and gelu")
def transcendental() -> Iterator[Case]:
    yield from _hardware("fn_cycles", (4, 2, 1), (1, 4))


@sweep("Commands waiting per queue")
def queue_depth() -> Iterator[Case]:
    yield from _hardware("queue_depth", (1, 2, 4, 8, 16), (1, 4))


@sweep("Commands of a queue that are started and not yet posted")
def in_flight() -> Iterator[Case]:
    yield from _hardware("in_flight", (1, 2, 4, 8))


@sweep("List bursts (of 8 commands) under way")
def fetch_ahead() -> Iterator[Case]:
    yield from _hardware("fetch_ahead", (1, 2, 4, 8), (1, 4))


@sweep("Beats per cycle of a macro's result port (0.25: one port for four macros)")
def result_port() -> Iterator[Case]:
    yield from _hardware("result_rate", (2.0, 1.0, 0.5, 0.25))


@sweep("Stash banks")
def banks() -> Iterator[Case]:
    yield from _hardware("banks", (4, 8, 16, 32), (1, 4))


@sweep("Vector engine: rows without overlap; as built; reductions interleaved; commands overlapped")
def vector_overlap() -> Iterator[Case]:
    steps = {
        "rows apart": {"row_overlap": False}, "as built": {},
        "reductions": {"reduce_interleaved": True},
        "commands": {"reduce_interleaved": True, "ve_overlap": True},
    }
    for row, job in _jobs():
        for name, changes in steps.items():
            yield Case(row, name, job, dataclasses.replace(BASE, **changes))


@sweep("Link width in phits per beat (2: 32 bytes per cycle)")
def link_width() -> Iterator[Case]:
    yield from _hardware("phits_per_beat", (1, 2, 4, 8), (2, 4))


@sweep("Link latency in cycles (13: as built with 4 cycles of flight)")
def link_latency() -> Iterator[Case]:
    yield from _hardware("link_latency", (5, 13, 30, 60, 115), (2, 4))


@sweep("Beats per flit")
def flit() -> Iterator[Case]:
    yield from _hardware("flit_beats", (1, 2, 4, 8, 16), (4,))


@sweep("Tokens per command (chunk) and pipeline stages from chunk to chunk (lag)")
def chunks() -> Iterator[Case]:
    for n in (1, 4):
        for chunk in (2, 4, 8, 16):
            for lag in (None, 6, 4, 3, 2, 1):
                yield Case(f"prefill 128, {n}, chunk {chunk}", f"lag {lag}",
                           Job(SMOLLM2, 128, chunk=chunk, lag=lag, chiplets=n))
        for chunk in (1, 2, 4, 8):
            for lag in (None, 3, 2, 1):
                yield Case(f"decode 8, {n}, chunk {chunk}", f"lag {lag}",
                           Job(SMOLLM2, 1, 64, 8, chunk=chunk, lag=lag, chiplets=n))


@sweep("A mac command per matrix and KV head; per tile; per head; hidden layer in pieces; others")
def granularity() -> Iterator[Case]:
    steps = {"matrix": {}, "tile": {"per_tile": True}, "head": {"per_head": True},
             "2 pieces": {"pieces": 2}, "3 pieces": {"pieces": 3}, "6 pieces": {"pieces": 6},
             "spread": {"spread": True}, "lockstep": {"lockstep": True}}
    for name, changes in steps.items():
        for row, job in _jobs(shapes=(SMOLLM2,), chiplets=(1, 4), **changes):
            yield Case(row, name, job)


def run_case(case: Case) -> dict:
    """Run one case; the record that goes to JSON."""
    job = case.job
    load = workload(job)
    result = cycle.run(load.lists, case.hardware)
    return {
        "row": case.row, "column": case.column, "cycles": result.cycles,
        "macro_bound_cycles": job.macro_bound_cycles,
        "over_bound": result.cycles / job.macro_bound_cycles,
        "mac_utilization": result.mac_utilization(job.useful_macs),
        "vector_busy": result.busy(cycle.VE), "macro_busy": result.busy(cycle.MACRO0),
        "send_busy": result.busy(cycle.SEND), "commands": sum(map(len, load.lists)),
        "stash_beats": load.stash_beats, "job": dataclasses.asdict(job),
        "hardware": dataclasses.asdict(case.hardware),
    }


def table(title: str, records: list[dict]) -> Table:
    """Rows by columns: utilisation and cycles over the macro bound."""
    columns = list(dict.fromkeys(r["column"] for r in records))
    out = Table(title=title, title_justify="left")
    out.add_column("")
    for column in columns:
        out.add_column(column, justify="right")
    for row in dict.fromkeys(r["row"] for r in records):
        cells = {r["column"]: f"{100 * r['mac_utilization']:.1f} %  x{r['over_bound']:.2f}"
                 + ("*" if r["stash_beats"] > STASH_BEATS else "")
                 for r in records if r["row"] == row}
        out.add_row(row, *(cells.get(c, "") for c in columns))
    return out


def plot(title: str, records: list[dict], path: Path) -> None:
    """Cycles over the macro bound, a line per row."""
    columns = list(dict.fromkeys(r["column"] for r in records))
    figure, axes = pyplot.subplots(figsize=(9, 5))
    for row in dict.fromkeys(r["row"] for r in records):
        mine = {r["column"]: r["over_bound"] for r in records if r["row"] == row}
        axes.plot([c for c in columns if c in mine], [mine[c] for c in columns if c in mine],
                  marker="o", label=row)
    axes.set_ylabel("cycles / macro-bound cycles")
    axes.set_title(title, fontsize=10)
    axes.grid(True, alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1.0, 0.5))
    figure.savefig(path, dpi=110, bbox_inches="tight")
    pyplot.close(figure)


def stash(console: Console, seeds: int = 4) -> list[dict]:
    """The stash beat by beat: cycles per beat of the vector engine, by traffic and banks."""
    traffics = {
        "linear layer": cycle_stash.Traffic(), "attention": cycle_stash.Traffic(blocks=1),
        "attention, one result port": cycle_stash.Traffic(blocks=1, shared=True),
        "linear layer, 3 links": cycle_stash.Traffic(links=3),
        "the same, a beat per 2 cycles": cycle_stash.Traffic(links=3, pace=2),
        "attention, 3 links": cycle_stash.Traffic(blocks=1, links=3),
        "attention, 3 links, hashed": cycle_stash.Traffic(blocks=1, links=3, hashed=True),
    }
    records = []
    out = Table(title="stash: cycles per beat of a vector engine chain; result beats left undone",
                title_justify="left")
    for column in ("", "4 banks", "8", "16", "32", "model at 16"):
        out.add_column(column, justify="right")
    for name, traffic in traffics.items():
        cells = []
        for banks in (4, 8, 16, 32):
            costs = [cycle_stash.simulate(traffic, banks, 3000, seed) for seed in range(seeds)]
            mean = float(np.mean([c.vector for c in costs]))
            backlog = max(c.backlog for c in costs)
            load = float(np.mean([c.load for c in costs]))
            records.append({"traffic": name, "banks": banks, "vector": mean, "load": load,
                            "late": max(c.late for c in costs), "backlog": backlog})
            cells.append(f"{mean:.2f}" + (f" ({backlog})" if backlog > 16 else ""))
            if banks == 16:
                guess = Hardware(banks=16).conflict(load)
        out.add_row(name, *cells, f"{guess:.2f}")
    console.print(out)
    return records


def compiled(console: Console) -> list[dict]:
    """The compiler's own lists of a layer, against the builder's."""
    models = {SMOLLM2: LlamaConfig(576, 1, 9, 3, 64, 1536, 49152, 8192, 1e5, 1e-5, True),
              MINILM: BertConfig(384, 1, 12, 1536, 30522, 512, 1e-12)}
    out = Table(title="compiled: lists of models/compiler, one layer, cycles", title_justify="left")
    for column in ("", "compiler", "", "", "builder"):
        out.add_column(column, justify="right")
    records = []
    for n, (shape, model) in itertools.product((1, 2, 4), models.items()):
        plan = Plan(model, config.load("smollm2", n_chiplets=n), 128 if shape.encoder else 256)
        chunk = plan.layout.chunk
        decode_one = [] if shape.encoder else [(1, 1, 64)]
        sizes = [1 << i for i in range(6) if 1 << i <= plan.layout.chunks]
        for chunks, last, position in [*decode_one, *((size, chunk, 0) for size in sizes)]:
            tokens = (chunks - 1) * chunk + last
            base = [0, position, last, position + tokens, *[0] * 12]
            lists = [[decode(r[i : i + 32]).relocate(base) for i in range(0, len(r) - 32, 32)]
                     for r in Lists(plan, 0).step(chunks)]
            result = cycle.run(lists, BUILT)
            job = Job(shape, tokens, position, chunk=chunk, lag=1, pieces=3, chiplets=n)
            builder = cycle.run(workload(job).lists, BUILT).cycles
            name = f"{shape.name}: {tokens} tokens at {position}, {n} chiplets"
            utilization = result.mac_utilization(job.useful_macs)
            out.add_row(name, f"{result.cycles:,}", f"{100 * utilization:.1f} %",
                        f"x{result.cycles / job.macro_bound_cycles:.2f}", f"{builder:,}")
            records.append({"row": name, "compiler": result.cycles, "builder": builder,
                            "mac_utilization": utilization,
                            "macro_bound_cycles": job.macro_bound_cycles})
    console.print(out)
    return records


STREAMED = LlamaConfig(576, 6, 9, 3, 64, 1536, 512, 8192, 1e5, 1e-5, True)


def streaming(console: Console) -> list[dict]:
    """Six SmolLM2 layers whose weights come from memory, against the same with all in place."""
    out = Table(title="streaming: cycles per layer of SmolLM2-135M, one chiplet, weights streamed",
                title_justify="left")
    for column in ("tokens", "cycles", "memory port", "all weights in place", "ratio"):
        out.add_column(column, justify="right")
    records = []
    plans = [Plan(STREAMED, config.load("smollm2", n_chiplets=1), 256, stream=s)
             for s in (True, False)]
    held = {(c, layer, s.macro, s.set): (0, up(s.cols, 64) * up(linear.depth, 64) * 64)
            for layer, placed in enumerate(plans[0].layers) for linear in placed.linears
            for c, shards in enumerate(linear.shards) for s in shards}
    beats = sum(count + up(count, 32) for _, count in held.values())
    for chunks in (1, 2, 4, 8, 16, 32):
        tokens, cycles = chunks * plans[0].layout.chunk, []
        base = [0, 0, plans[0].layout.chunk, tokens, *[0] * 12]
        for plan in plans:
            (raw,) = Lists(plan, 0, held).step(chunks)
            commands = [decode(raw[i : i + 32]).relocate(base)
                        for i in range(0, len(raw) - 32, 32)]
            cycles.append(cycle.run([commands], BUILT).cycles)
        streamed, resident = (n / STREAMED.n_layers for n in cycles)
        port = beats / cycles[0]
        out.add_row(f"{tokens}", f"{streamed:,.0f}", f"{100 * port:.1f} %", f"{resident:,.0f}",
                    f"{streamed / resident:.2f}")
        records.append({"tokens": tokens, "cycles_per_layer": streamed, "port": port,
                        "resident_cycles_per_layer": resident})
    console.print(out)
    return records


SPECIAL: dict[str, Callable[[Console], list[dict]]] = {
    "stash": stash, "compiled": compiled, "streaming": streaming}


@click.command(help=__doc__)
@click.argument("names", nargs=-1, type=click.Choice([*SPECIAL, *SWEEPS]))
@click.option("--out", type=click.Path(path_type=Path), default=OUT, help="Folder for the results.")
def main(names: tuple[str, ...], out: Path) -> None:
    console = Console(width=160)
    out.mkdir(parents=True, exist_ok=True)
    for name in names or [*SPECIAL, *SWEEPS]:
        if name in SPECIAL:
            records = SPECIAL[name](console)
        else:
            text, cases_of = SWEEPS[name]
            cases = list(cases_of())
            records = []
            with Progress(console=console, transient=True) as progress:
                for case in progress.track(cases, description=f"{name}: {len(cases)} runs"):
                    records.append(run_case(case))
            console.print(table(f"{name}: {text}", records))
            plot(f"{name}: {text}", records, out / f"{name}.png")
        (out / f"{name}.json").write_text(json.dumps(records, indent=1))
    console.print(f"* needs more than {STASH_BEATS} beats of stash. Results: {out}")


if __name__ == "__main__":
    main()
