# SPDX-License-Identifier: Apache-2.0
"""The report of a run of a model on the simulated package: build/sim/report.json, report.html.

docs/report.md says what each number means.
"""

from __future__ import annotations

import dataclasses
import json
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from models import host
from models.commands import queue_name
from models.compiler import Plan
from scripts import activity, phases, report_page
from scripts.activity import Table, Trace
from scripts.phases import PLACES, Phase
from tb.common.filelist import relative
from tb.package.expectation import describe
from tb.package.session import Result

Decode = Callable[[list[int]], str]
SHOWN = ("commands_checked", "commands_expected", "mismatches", "load_cycles", "prefill_tokens",
         "prefill_cycles", "decode_cycles_per_token", "cycles_per_input_token", "mac_utilization",
         "exposed_gather_share", "bytes_per_mac", "link_retries", "sim_cycles_per_second",
         "wall_seconds_per_token", "wall_seconds_per_sequence")


@dataclasses.dataclass(frozen=True)
class Run:
    """What was run and what came of it. title: for the page. prompts: of the sequences of a batch,
    or one. activity: file of the trace (see tb/package/activity_trace.v), or None. golden.logits,
    where present, are what logits_crc is computed from."""

    title: str
    plan: Plan
    prompts: list[list[int]]
    decode: Decode
    golden: host.Run
    result: Result
    activity: Path | None = None

    @property
    def causal(self) -> bool:
        """A decoder: its answer is tokens; an encoder's is the words of one embedding."""
        return self.plan.model.family.causal


def write(console: Console, out: Path, run: Run) -> None:
    """Write the report to folder `out`, print the verdict; exit status 1 where RTL and golden
    differ."""
    out.mkdir(parents=True, exist_ok=True)
    values = report(run)
    pages = [out / "report.json"]
    (out / "report.html").unlink(missing_ok=True)
    if run.activity is not None and run.result.request_cycle:
        seen = observe(run)
        values |= measured(run, seen)
        pages.append(out / "report.html")
        pages[1].write_text(report_page.render(values, report_page.timeline(seen, run.plan)))
    pages[0].write_text(json.dumps(values, indent=2) + "\n")
    finish(console, values, run, pages)


def agrees(values: dict) -> bool:
    """Whether the RTL did what the golden did, to the end."""
    return (values["mismatches"] == 0 and values["tokens"] == values["tokens_golden"]
            and values["commands_checked"] == values["commands_expected"]
            and not values["errors"])


def finish(console: Console, values: dict, run: Run, pages: Sequence[Path]) -> None:
    """Print text, figures and verdict."""
    several = len(values["sequences"]) > 1
    for number, sequence in enumerate(values["sequences"], 1):
        name = f"text {number}" if several else "text"
        console.print(f"{name}: {sequence['text']!r}", highlight=False)
    for key in SHOWN:
        value = values.get(key)
        if value is not None:
            console.print(f"  {key:24} {value:,.4g}" if isinstance(value, float)
                          else f"  {key:24} {value:,}")
    if mismatch := describe(run.result.first_mismatch, run.golden.records, run.plan):
        console.print(f"first mismatch: {mismatch}", highlight=False)
    for error in values["errors"]:
        console.print(f"error: {error}")
    verdict = ("agrees with the golden, command by command" if agrees(values)
               else "stopped with an error" if values["errors"] else "DIFFERS from the golden")
    console.print(f"The RTL {verdict}. Report: {' '.join(map(relative, pages))}")
    if not agrees(values):
        raise SystemExit(1)


def logits_crc(golden: host.Run, result: Result) -> list[str]:
    """CRC-32 of the float32 logits of each token that was checked, little-endian, by token id."""
    if golden.logits is None or result.mismatches:
        return []
    return [f"{zlib.crc32(np.ascontiguousarray(row, '<f4').tobytes()):08x}"
            for row in golden.logits[: len(result.tokens)]]


def report(run: Run) -> dict:
    """The part of report.json that needs no trace."""
    result, golden, config = run.result, run.golden, run.plan.config
    answers = by_sequence(run, result.tokens)
    speed = speed_of_decoder(run, answers) if run.causal else speed_of_encoder(run)
    new = [max(len(answer), 1) if run.causal else 1 for answer in answers]
    macs = sum(phases.useful_macs(run.plan.model, 0, len(prompt) + count - 1, count)
               for prompt, count in zip(run.prompts, new))
    traffic = config.block * (sum(result.memory_reads) + sum(result.memory_writes)
                              - sum(result.memory_at_ready))
    cycles = (result.token_cycles[-1 if run.causal else 0] - result.request_cycle
              if result.token_cycles else 0)
    return {
        "title": run.title,
        "prompt": "\n".join(map(run.decode, run.prompts)),
        "text": "\n".join(map(run.decode, answers)),
        "sequences": [{"prompt": run.decode(prompt), "text": run.decode(answer)}
                      for prompt, answer in zip(run.prompts, answers)],
        "tokens": result.tokens,
        "tokens_golden": golden.tokens,
        "logits_crc": logits_crc(golden, result),
        "commands_checked": result.checked,
        "commands_expected": sum(map(len, golden.records)),
        "mismatches": result.mismatches,
        "prefill_tokens": sum(map(len, run.prompts)),
        **speed,
        "mac_utilization": macs / (cycles * phases.peak(run.plan)) if cycles else 0.0,
        "bytes_per_mac": traffic / macs,
        "memory_bytes": traffic,
        "useful_macs": macs,
        "link_retries": sum(result.link_replays),
        "load_cycles": result.ready_cycle,
        "sim_cycles_per_second": ((result.total_cycles - result.request_cycle)
                                  / max(result.run_seconds, 1e-9)),
        "errors": result.errors,
    }


def by_sequence(run: Run, words: Sequence[int]) -> list[list[int]]:
    """Output words of each sequence."""
    return host.by_sequence(words, len(run.prompts)) if run.causal else [list(words)]


def speed_of_decoder(run: Run, answers: Sequence[Sequence[int]]) -> dict:
    """Cycles and seconds as the host sees them: to the first token of the last sequence, and from
    token to token behind it."""
    result = run.result
    first = sum(map(bool, answers)) - 1  # word with which the last prompt ends
    cycles, seconds = result.token_cycles, result.token_seconds
    steps = len(cycles) - 1 - first
    return {
        "prefill_cycles": cycles[first] - result.request_cycle if cycles else 0,
        "decode_cycles_per_token": (cycles[-1] - cycles[first]) / steps if steps else 0.0,
        "wall_seconds_per_token": (seconds[-1] - seconds[first]) / steps if steps else 0.0,
    }


def speed_of_encoder(run: Run) -> dict:
    """Cycles and seconds until the embedding is there, and by token of the input."""
    result = run.result
    if not result.token_cycles:
        return {"prefill_cycles": 0}
    cycles = result.token_cycles[0] - result.request_cycle
    return {
        "prefill_cycles": cycles,
        "cycles_per_input_token": cycles / len(run.prompts[0]),
        "wall_seconds_per_sequence": (cycles / max(result.total_cycles - result.request_cycle, 1)
                                      * result.run_seconds),
    }


# What the trace adds


@dataclasses.dataclass(frozen=True)
class Seen:
    """The trace of a run, taken apart. where, underway: per chiplet, cycle by cycle."""

    trace: Trace
    table: Table
    phases: list[Phase]
    where: list[np.ndarray]
    underway: list[np.ndarray]


def observe(run: Run) -> Seen:
    config = run.plan.config
    trace = activity.read(run.activity, config)
    table = activity.join(trace, run.golden.records, run.plan)
    answers = ([len(answer) for answer in by_sequence(run, run.golden.tokens)]
               if run.causal else None)
    found = phases.phases(table, trace, run.result.request_cycle,
                          [len(prompt) for prompt in run.prompts], answers)
    chiplets = range(config.n_chiplets)
    return Seen(trace, table, found,
                [phases.places(table, trace, c, found[-1].end) for c in chiplets],
                [phases.underway(table, trace, c, found[-1].end) for c in chiplets])


def phase_values(run: Run, seen: Seen, phase: Phase) -> dict:
    """A phase in report.json."""
    plan, table = run.plan, seen.table
    inside = slice(phase.begin, phase.end)
    gather = PLACES.index("gather")
    waits = [(w[inside] == gather) for w in seen.where]
    beats = sum(np.diff(np.interp([phase.begin, phase.end], s[:, 0], s[:, 1] + s[:, 2]))[0]
                for s in seen.trace.samples)
    sends = (table.peers > 0) & np.isin(table.run, phase.lists)
    receivers = np.array([int(p).bit_count() for p in table.peers[sends]], np.int64)
    values = {
        "name": phase.name, "kind": phase.kind, "begin": phase.begin, "end": phase.end,
        "cycles": phase.cycles, "tokens": phase.tokens,
        "where": {k: round(v, 1) for k, v in phases.spent(
            phase, table, seen.where, plan.config.n_macros).items()},
        "gather_under_way": float(np.mean([np.sum(w & u[inside])
                                           for w, u in zip(waits, seen.underway)])),
        "memory_bytes": round(float(beats) * plan.block),
        "link_payload_bytes": int((table.work[sends] * receivers).sum()) * plan.block,
    }
    if phase.kind != "load":
        macs, bound = phases.phase_macs(plan, phase), phases.macro_bound_cycles(plan, phase)
        values |= {"useful_macs": macs, "macro_bound_cycles": bound,
                   "cycles_over_bound": round(phase.cycles / bound, 4),
                   "mac_utilization": round(macs / phase.cycles / phases.peak(plan), 5)}
    return values


def measured(run: Run, seen: Seen) -> dict:
    """The part of report.json that the trace adds."""
    found = [phase_values(run, seen, phase) for phase in seen.phases]
    served = [p for p in found if p["kind"] != "load"]
    cycles = sum(p["cycles"] for p in served)
    gather = sum(p["where"]["gather"] for p in served)

    def ratio(chosen: list[dict], above: str, below: str, factor: float = 1) -> float:
        total = sum(p[below] for p in chosen) * factor
        return round(sum(p[above] for p in chosen) / total, 5) if chosen else 0.0

    kinds = {kind: [p for p in served if p["kind"] == kind]
             for kind in ("prefill", "decode", "head")}
    kinds["token"] = kinds["decode"] + kinds["head"][len(run.prompts) :]  # behind the first ones
    peak = phases.peak(run.plan)
    return {
        "utilization_by_phase": {
            k: ratio(p, "useful_macs", "cycles", peak) for k, p in kinds.items()},
        "cycles_over_bound": {
            k: ratio(p, "cycles", "macro_bound_cycles") for k, p in kinds.items()},
        "exposed_gather_cycles": round(gather, 1),
        "exposed_gather_share": round(gather / max(cycles, 1), 5),
        "link_payload_bytes": sum(p["link_payload_bytes"] for p in served),
        "phases": found,
        "layers": layer_values(run, seen),
        "operations": operation_values(run, seen),
    }


def layer_values(run: Run, seen: Seen) -> list[dict]:
    """Per layer: cycles in prefill and in a decoded token (mean), and utilisation in them."""
    plan = run.plan
    out: list[dict] = [{"layer": i} for i in range(plan.model.n_layers)]
    for kind in ("prefill", "decode"):
        chosen = [p for p in seen.phases if p.kind == kind]
        if not chosen:
            continue
        cycles = sum(phases.by_layer(seen.table, p, plan.model.n_layers) for p in chosen)
        macs = sum(phases.phase_macs(plan, p) for p in chosen) / plan.model.n_layers
        for values, spent in zip(out, cycles):
            values[f"{kind}_cycles"] = round(float(spent) / len(chosen), 1)
            values[f"{kind}_utilization"] = round(
                macs / max(float(spent), 1.0) / phases.peak(plan), 5)
    return out


def operation_values(run: Run, seen: Seen) -> list[dict]:
    """What the engines did from the request on: commands, cycles of the engine (mean of chiplets),
    longest first."""
    table, begin = seen.table, seen.phases[0].end
    out = []
    served = table.end > begin
    for operation, (name, part) in enumerate(zip(table.names, table.parts)):
        mine = served & (table.operation == operation)
        if mine.any():
            engine = queue_name(int(table.queue[mine][0])).rstrip("0123456789")
            cycles = (table.end[mine] - table.start[mine]).sum() / run.plan.n
            out.append({"name": name, "part": part, "engine": engine,
                        "commands": int(mine.sum()), "cycles": round(float(cycles), 1)})
    return sorted(out, key=lambda o: -o["cycles"])
