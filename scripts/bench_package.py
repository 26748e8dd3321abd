# SPDX-License-Identifier: Apache-2.0
"""Speed of a simulated package, cycles of SmolLM2-135M on four chiplets: build/bench/package.json.

speed: build time of the tracer package, and simulated cycles per second while it runs a model.
smollm2: on the RTL, every command checked. Prefill of 64 tokens, from its first embedding load to
the end of its list; behind it a token alone, and a token of each of 8 sequences, with output heads
and firmware. For each: cycles, macro_bound_cycles as docs/architecture.md defines them, where the
cycles go (docs/report.md), predicted_cycles of the cycle model.
scaling: prefill of 64 tokens on one chiplet over four times that on four. Of all layers, where one
chiplet cannot hold the weights and streams them; and of the first 8 layers, which it holds.
TEST= picks parts, the others stay as they were: speed; few and batch (8 and 2 layers on the RTL);
one, four (all layers on the RTL; four takes a quarter of an hour); predicted (all layers, cycle
model alone).
"""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np

from models import config as configs
from models import cycle, host, loaders
from models import preload as preload_model
from models.checkpoint import LlamaConfig, random_llama
from models.compiler import Plan, compile_model, make_plan
from models.compiler.lists import Lists
from models.cycle_hardware import Firmware, Hardware
from models.image import Image, Kind
from scripts import sim, sim_report
from scripts.activity import DMA
from scripts.generate import main_firmware
from scripts.phases import PLACES, Phase, macro_bound_cycles
from tb.common.filelist import ROOT
from tb.common.runner import BUILD
from tb.package import preload as preload_files
from tb.package.session import Job, Result, simulate_package

FOLDER = ROOT / "build" / "bench"
SHAPE = LlamaConfig(dim=256, n_layers=4, n_heads=8, n_kv_heads=4, head_dim=32, ffn_dim=512,
                    vocab=512, max_seq=128, rope_theta=1e4, norm_eps=1e-5, tied=True)
PROMPT, NEW = 32, 48
CONTEXT, BATCH = 64, 8
FEW, TWO = 8, 2                          # layers that one chiplet holds; of a short run
SETS = {1: 4096, 4: 3072}                # of a macro, by chiplets; four: with 8 KV caches
HARDWARE, FIRMWARE = Hardware(), Firmware()


def speed() -> dict:
    """Build the tracer package from nothing, run twice; the difference is the build."""
    config = configs.load("tracer")
    images = compile_model(random_llama(SHAPE, 1), config,
                           firmware=main_firmware().bin.read_bytes())
    prompt = [7 * i % SHAPE.vocab for i in range(PROMPT)]
    golden = host.run(images, config, prompt, NEW)
    for folder in (BUILD / "verilator").glob("package-*"):
        shutil.rmtree(folder)

    def run() -> tuple[Result, float]:
        began = time.time()
        result = simulate_package(config, images, golden.records, Job([(prompt, NEW)]),
                                  work=FOLDER / "package", sim="verilator")
        assert result.tokens == golden.tokens and result.mismatches == 0
        return result, time.time() - began

    _, first = run()
    result, second = run()
    return {
        "build_seconds": first - second,
        "cycles_per_second": (result.total_cycles - result.request_cycle) / result.run_seconds,
        "cycles": result.total_cycles - result.request_cycle,
        "commands_checked": result.checked,
    }


def measured(name: str, plan: Plan, images: list[Image], batch: list[host.Request],
             parts: list[preload_model.Preloaded]) -> tuple[sim_report.Run, sim_report.Seen]:
    """A batch on the RTL, weights in the macros before."""
    work = FOLDER / "package" / name
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    preload_files.write(work / "preload", [preload_model.columns(p, plan.config) for p in parts])
    golden = host.serve(images, plan.config, [batch],
                        prepare=lambda package: preload_model.fill(package, parts))
    result = simulate_package(
        plan.config, images, golden.records, Job(batches=[batch]),
        work=work, sim="verilator", preload=work / "preload", activity=work / "activity.txt",
        timeout_minutes=240)
    run = sim_report.Run(name, plan, [list(r.prompt) for r in batch], str, golden, result,
                         work / "activity.txt")
    report = sim_report.report(run)
    if not sim_report.agrees(report):
        raise SystemExit(f"{name}: the RTL differs from the golden: {result.first_mismatch} "
                         f"{result.errors}")
    (work / "expected.hex").unlink()
    return run, sim_report.observe(run)


def figures(run: sim_report.Run, seen: sim_report.Seen, chosen: list[Phase],
            model: int) -> dict:
    """Of phases together."""
    found = [sim_report.phase_values(run, seen, phase) for phase in chosen]
    cycles, bound = (sum(p[key] for p in found) for key in ("cycles", "macro_bound_cycles"))
    return {
        "cycles": cycles, "macro_bound_cycles": bound, "over_bound": round(cycles / bound, 4),
        "where": {place: round(sum(p["where"][place] for p in found), 1) for place in PLACES},
        "predicted_cycles": model, "prediction_error": round(model / cycles - 1, 4),
    }


def prefill(run: sim_report.Run, seen: sim_report.Seen, images: list[Image]) -> dict:
    """Of the first sequence, from its first embedding load to the end of its list."""
    phase, table = next(p for p in seen.phases if p.kind == "prefill"), seen.table
    loads = np.isin(table.run, phase.lists) & (table.queue == DMA) & (table.chiplet == 0)
    return figures(run, seen, [dataclasses.replace(phase, begin=int(table.start[loads].min()))],
                   cycle.step_cycles(images, HARDWARE, FIRMWARE, 0, CONTEXT))


def decoded(run: sim_report.Run, seen: sim_report.Seen, images: list[Image]) -> dict:
    """A token of each sequence after the context, with the heads of the round."""
    sequences = len(run.prompts)
    chosen = [p for p in seen.phases if p.name.endswith(("token 2", "head 2"))]
    assert len(chosen) == 1 + sequences
    return figures(run, seen, chosen, round_cycles(images, sequences))


def round_cycles(images: list[Image], sequences: int) -> int:
    """The same by the cycle model."""
    if sequences == 1:
        return cycle.token_cycles(images, HARDWARE, FIRMWARE, CONTEXT)
    head = cycle.run_images(images, Kind.HEAD_LIST, HARDWARE, CONTEXT, 1).cycles
    return (sequences * (head + FIRMWARE.head_gap(len(images)))
            + cycle.batch_cycles(images, HARDWARE, FIRMWARE, [CONTEXT] * sequences))


def predicted() -> dict:
    """All layers on four chiplets, by the cycle model alone, from lists without weights."""
    weights = loaders.load_gguf(loaders.smollm2_gguf())
    config = configs.load("smollm2", n_chiplets=4, sets=SETS[4])
    plan = make_plan(weights.config, config, 2 * CONTEXT, BATCH)
    lists, chunk = Lists(plan, 0), plan.layout.chunk

    def run(made: list[bytes], tokens: int, *base: int) -> int:
        """Of lists with base registers; `tokens` embedding rows are loaded before."""
        embedding = (cycle.embed_cycles(plan.x_beats, HARDWARE, FIRMWARE, tokens)
                     if tokens else 0)
        registers = [*base, *[0] * (16 - len(base))]
        return embedding + cycle.run([cycle.relocated(raw, registers) for raw in made],
                                     HARDWARE).cycles

    def entry(cycles: int, parts: list[tuple[int, int]], heads: int) -> dict:
        bound = macro_bound_cycles(plan, Phase("", "decode", 0, 1, parts, range(0)))
        bound += heads * macro_bound_cycles(plan, Phase("", "head", 0, 1, [], range(0)))
        return {"cycles": cycles, "macro_bound_cycles": bound,
                "over_bound": round(cycles / bound, 4)}

    after = (0, CONTEXT, 1, CONTEXT + 1, CONTEXT)
    head = run(lists.head(), 0, *after) + FIRMWARE.head_gap(plan.n)
    together = run(lists.batch(BATCH), BATCH, *[0] * 8, *[CONTEXT] * BATCH)
    return {
        f"prefill {CONTEXT}": entry(
            FIRMWARE.request_gap + run(lists.step(CONTEXT // chunk), CONTEXT, 0, 0, chunk, CONTEXT),
            [(0, CONTEXT)], 0),
        f"decode after {CONTEXT}, batch 1": entry(
            run(lists.step(1), 1, *after) + head, [(CONTEXT, 1)], 1),
        f"decode after {CONTEXT}, batch {BATCH}": entry(
            together + BATCH * head, [(CONTEXT, 1)] * BATCH, BATCH),
    }


def smollm2(chiplets: int, layers: int, sequences: tuple[int, ...], name: str) -> dict:
    """The runs on one package: batches of so many sequences, on one set of images."""
    weights = loaders.load_gguf(loaders.smollm2_gguf()).first_layers(layers)
    config = configs.load("smollm2", n_chiplets=chiplets, sets=SETS[chiplets])
    streamed = chiplets == 1 and layers > FEW
    plan = make_plan(weights.config, config, 2 * CONTEXT, BATCH if chiplets > 1 else 1, streamed)
    made = sim.compiled(plan, weights, main_firmware().bin.read_bytes(), "preload")
    out: dict = {}
    for count in sequences:
        prompts = [[1 + (3 * i + 7 * s) % 40_000 for i in range(CONTEXT)] for s in range(count)]
        batch = [host.Request(prompt, 1 if chiplets == 1 else 2) for prompt in prompts]
        found = measured(f"{name}{count}", plan, made.images, batch, made.preloaded)
        out.setdefault(f"prefill {CONTEXT}", prefill(*found, made.images))
        if chiplets > 1:
            out[f"decode after {CONTEXT}, batch {count}"] = decoded(*found, made.images)
        print(json.dumps(out, indent=1), flush=True)
    return out


def scaling(report: dict) -> dict:
    """Cycles of a prefill on one chiplet over four times those on four."""
    out = {}
    for layers in ("30 layers", f"{FEW} layers"):
        found = [report.get(f"smollm2, {layers}, {n}") for n in ("1 chiplet", "4 chiplets")]
        if all(found):
            one, four = (f[f"prefill {CONTEXT}"]["cycles"] for f in found)
            out[layers] = {"one": one, "four": four, "speedup": round(one / four, 3),
                           "efficiency": round(one / four / 4, 4)}
    return out


def main() -> None:
    """All parts, or those of TEST=; what is not run stays as it was."""
    path: Path = FOLDER / "package.json"
    report = json.loads(path.read_text()) if path.exists() else {}
    parts = {
        "speed": lambda: report.update(speed=speed()),
        "few": lambda: report.update({
            f"smollm2, {FEW} layers, 1 chiplet": smollm2(1, FEW, (1,), "one-few"),
            f"smollm2, {FEW} layers, 4 chiplets": smollm2(4, FEW, (1,), "four-few")}),
        "batch": lambda: report.update({
            f"smollm2, {TWO} layers, 4 chiplets": smollm2(4, TWO, (BATCH,), "four-two")}),
        "predicted": lambda: report.update({
            "predicted, smollm2, 30 layers, 4 chiplets": predicted()}),
        "one": lambda: report.update({
            "smollm2, 30 layers, 1 chiplet": smollm2(1, 30, (1,), "one")}),
        "four": lambda: report.update({
            "smollm2, 30 layers, 4 chiplets": smollm2(4, 30, (1, BATCH), "four")}),
    }
    chosen = os.environ.get("TEST", "").split() or list(parts)
    for name in chosen:
        if name not in parts:
            raise SystemExit(f"bench: no part {name}; there are: {', '.join(parts)}")
        parts[name]()
        report["scaling"] = scaling(report)
        path.write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
