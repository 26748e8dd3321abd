# SPDX-License-Identifier: Apache-2.0
"""Cycles of one chiplet under its firmware, on the RTL: build/bench/chiplet.json, chiplet.svg.

runs: name -> cycles, macro_bound_cycles and mac_utilization as docs/architecture.md defines them,
predicted_cycles of the cycle model. A layer of SmolLM2-135M counts from its first embedding load to
the end of its last list (vocabulary cut to 512 tokens; the head is left out); the published shapes
count from token to token, head and sampling included. Every command is checked against the golden.
csim_speedup: RTL seconds over those of the command-level simulator (median of several runs),
prefill of 128 tokens.
"""

from __future__ import annotations

import dataclasses
import json
import statistics
import time
from pathlib import Path

import matplotlib

from models import config as configs
from models import cycle, host, loaders
from models.checkpoint import BertWeights, LlamaConfig, LlamaWeights, random_llama
from models.commands import decode, queue_name
from models.compiler import compile_model
from models.cycle_hardware import Firmware, Hardware
from models.cycle_job import MINILM, Job, Shape
from models.image import Image, Kind
from scripts.generate import main_firmware
from tb.common.filelist import ROOT
from tb.package.session import Job as Requests
from tb.package.session import Result, simulate_package

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402

FOLDER = ROOT / "build" / "bench"
VOCAB = 512  # of the layer of SmolLM2
CONTEXT, DECODED = 64, 64
HARDWARE, FIRMWARE = Hardware(), Firmware()
PUBLISHED = {
    "d64 L2 H2 FFN256 V128": LlamaConfig(64, 2, 2, 2, 32, 256, 128, 64, 1e4, 1e-5, True),
    "d64 L4 H4 FFN256 V256": LlamaConfig(64, 4, 4, 4, 16, 256, 256, 64, 1e4, 1e-5, True),
}
BINS = 200  # of the timeline
CSIM_RUNS = 5
MEMORY = 1 << 17  # beats at least, so that all runs share a build


@dataclasses.dataclass(frozen=True)
class Phase:
    """One list of a request: `tokens` at `position` (0 tokens: the head), from the firmware's first
    load (head: from the end of the list before) to its notify. `own` says which records of chiplet
    0 lie in between: (cycle, queue)."""

    position: int
    tokens: int
    begin: int
    end: int
    own: list[tuple[int, int]]

    @property
    def cycles(self) -> int:
        return self.end - self.begin


def order(image: Image, batch: list[int], new: int) -> list[tuple[int, int]]:
    """Lists that sequences with these prompts and `new` tokens each take: (position, tokens)."""
    out = []
    for prompt in batch:
        position = 0
        while position < prompt:
            out.append((position, image.next_step(prompt - position).tokens))
            position += out[-1][1]
        out.append((prompt, 0))
    for k in range(new - 1):
        out += [(batch[0] + k, len(batch))] + [(batch[0] + k + 1, 0)] * len(batch)
    return out


def phases(trace: Path, image: Image, requests: list[tuple[list[int], int]]) -> list[list[Phase]]:
    """Lists of each request (prompts, new tokens) from the completion records."""
    first_load = cycle.embedding_load(image.embed_beats, HARDWARE)
    lines = [[int(v) for v in line.split()[:4]] for line in trace.read_text().splitlines()]
    own = [(t, queue, opcode) for t, c, queue, opcode in lines if c == 0]
    ends = [i for i, (_, queue, opcode) in enumerate(own) if (queue, opcode) == (cycle.SEND, 0)]
    at, out, lists = ends[0] + 1, [], iter(ends[1:])  # the first one is the list of weights
    for batch, new in requests:
        mine = []
        for position, tokens in order(image, batch, new):
            end = next(lists)
            records = own[at : end + 1]
            loads = [t for t, queue, _ in records if queue == cycle.DMA]
            begin = loads[0] - first_load if tokens else own[at - 1][0]
            mine.append(Phase(position, tokens, begin, records[-1][0],
                              [(t, queue) for t, queue, _ in records]))
            at = end + 1
        out.append(mine)
    return out


def shape_of(name: str, c: LlamaConfig) -> Shape:
    return Shape(name, c.dim, c.n_heads, c.n_kv_heads, c.head_dim, c.ffn_dim)


def figures(job: Job, cycles: int, predicted: int, head: tuple[int, int] = (0, 0)) -> dict:
    """An entry of `runs`. head: contraction length and columns of a head that counts too."""
    depth, cols = head
    bound = job.macro_bound_cycles + -(-depth // 64) * -(-cols // 64 // job.macros) * 8
    useful = job.useful_macs + depth * cols
    peak = job.macros * 64 * 64 / HARDWARE.vector_cycles
    return {
        "cycles": cycles, "macro_bound_cycles": bound, "over_bound": round(cycles / bound, 4),
        "mac_utilization": round(useful / (cycles * peak), 4), "predicted_cycles": predicted,
        "prediction_error": round(predicted / cycles - 1, 4),
    }


def simulate(name: str, config: configs.Config, images: list[Image], golden: host.Run,
             job: Requests) -> tuple[Result, Path, list[float]]:
    """The job on the RTL; its result, trace, and the second of each token of single requests."""
    work = FOLDER / "chiplet" / name
    trace = work / "trace.txt"
    work.mkdir(parents=True, exist_ok=True)
    result = simulate_package(config, images, golden.records, job, work=work, sim="verilator",
                              trace=trace, memory_beats=MEMORY)
    if result.mismatches or result.errors or result.tokens != golden.tokens:
        raise SystemExit(f"{name}: the RTL differs from the golden: {result.first_mismatch} "
                         f"{result.errors}")
    events = [json.loads(line) for line in (work / "progress.jsonl").read_text().splitlines()]
    return result, trace, [e["seconds"] for e in events if e["event"] == "token"]


def predicted(images: list[Image], phase: Phase) -> int:
    return cycle.step_cycles(images, HARDWARE, FIRMWARE, phase.position, phase.tokens)


def csim_seconds(images: list[Image], config: configs.Config,
                 requests: list[tuple[list[int], int]]) -> float:
    """Seconds that the command-level simulator takes for the last request of a session."""
    seen: list[float] = []
    host.serve(images, config, [host.Request(*r) for r in requests],
               seen=lambda: seen.append(time.perf_counter()))
    return seen[-1] - seen[-2]


def smollm2_layer(layers: int = 1) -> LlamaWeights:
    """The first layers with a vocabulary cut short: the head is not what is measured."""
    w = loaders.load_gguf(loaders.smollm2_gguf()).first_layers(layers)
    return dataclasses.replace(w, config=dataclasses.replace(w.config, vocab=VOCAB),
                               embedding=w.embedding[:VOCAB], w_out=w.w_out[:VOCAB])


def layer(config: configs.Config, firmware: bytes, report: dict) -> None:
    """Prefill of 1, 17, 64 and 128 tokens and the decode steps after 64, one session."""
    weights = smollm2_layer()
    shape = shape_of("layer", weights.config)
    images = compile_model(weights, config, firmware=firmware)
    lengths = [(1, 1), (17, 1), (CONTEXT, DECODED + 1), (128, 1)]
    requests = [([1 + 3 * i % (VOCAB - 1) for i in range(n)], new) for n, new in lengths]
    golden = host.serve(images, config, [host.Request(*r) for r in requests])
    result, trace, rtl_seconds = simulate("layer", config, images, golden, Requests(requests))
    for (prompt, _), run in zip(lengths, phases(trace, images[0], [([n], k) for n, k in lengths])):
        steps = [p for p in run if p.tokens]
        prefill = [p for p in steps if p.position < prompt]
        gaps = FIRMWARE.step_gap * (len(prefill) - 1)
        report["runs"][f"smollm2 layer, prefill {prompt}"] = figures(
            Job(shape, prompt), prefill[-1].end - prefill[0].begin,
            sum(predicted(images, p) for p in prefill) + gaps)
        if prompt == 128:
            timeline(images, prefill[0], FOLDER / "chiplet.svg")
        if decoded := steps[len(prefill):]:
            name = f"smollm2 layer, decode after {prompt}"
            report["runs"][f"{name}, first token"] = figures(
                Job(shape, 1, prompt), decoded[0].cycles, predicted(images, decoded[0]))
            report["runs"][f"{name}, {len(decoded)} tokens"] = figures(
                Job(shape, len(decoded), prompt), sum(p.cycles for p in decoded),
                sum(predicted(images, p) for p in decoded))
    report["rtl_seconds"] = rtl_seconds[-1] - rtl_seconds[-2]
    report["csim_seconds"] = statistics.median(
        csim_seconds(images, config, requests) for _ in range(CSIM_RUNS))
    report["csim_speedup"] = round(report["rtl_seconds"] / report["csim_seconds"], 2)
    report["rtl_cycles_per_second"] = round(
        (result.token_cycles[-1] - result.token_cycles[-2]) / report["rtl_seconds"])


def minilm_layer() -> BertWeights:
    """The first layer with 512 entries of its vocabulary."""
    w = loaders.load(loaders.minilm_folder()).first_layers(1)
    return dataclasses.replace(w, config=dataclasses.replace(w.config, vocab=VOCAB),
                               embedding=w.embedding[:VOCAB])


def encoder(config: configs.Config, firmware: bytes, report: dict) -> None:
    """Sequences of 1, 17, 64 and 128 tokens through a layer of MiniLM, one session."""
    images = compile_model(minilm_layer(), config, firmware=firmware)
    requests = [([1 + 3 * i % (VOCAB - 1) for i in range(n)], 1) for n in (1, 17, 64, 128)]
    golden = host.serve(images, config, [host.Request(*r) for r in requests])
    _, trace, _ = simulate("encoder", config, images, golden, Requests(requests))
    for run in phases(trace, images[0], [([len(prompt)], new) for prompt, new in requests]):
        step = run[0]
        report["runs"][f"minilm layer, {step.tokens} tokens"] = figures(
            Job(MINILM, step.tokens), step.cycles, predicted(images, step))


def batches(config: configs.Config, firmware: bytes, report: dict) -> None:
    """Decode of 2, 4 and 8 sequences after a context of 64 each, one session."""
    weights = smollm2_layer()
    images = compile_model(weights, config, positions=2 * CONTEXT, firmware=firmware, batch=8)
    batches = [[host.Request([(1 + 3 * i + 7 * s) % VOCAB for i in range(CONTEXT)], 3)
                for s in range(n)] for n in (2, 4, 8)]
    golden = host.serve(images, config, batches)
    actions: list[tuple] = [("ring",), ("status", "ready")]
    for batch in batches:
        actions += [("words", host.words(batch)), ("tokens", 3 * len(batch)), ("status", "done")]
    _, trace, _ = simulate("batch", config, images, golden, Requests([], actions=actions))
    for run in phases(trace, images[0], [([CONTEXT] * len(b), 3) for b in batches]):
        step = next(p for p in run if p.position == CONTEXT and p.tokens)
        job = Job(shape_of("layer", weights.config), 1, CONTEXT, step.tokens)
        report["runs"][f"smollm2 layer, decode after {CONTEXT}, batch {step.tokens}"] = figures(
            job, step.cycles,
            cycle.batch_cycles(images, HARDWARE, FIRMWARE, [CONTEXT] * step.tokens))


def streaming(config: configs.Config, firmware: bytes, report: dict) -> None:
    """Three layers with sets for two: a list brings the weights of all of them. Share of the memory
    port, and the tokens of a list from which on compute takes longer than the weights."""
    weights = smollm2_layer(3)
    images = compile_model(weights, config, positions=128, firmware=firmware, stream=True)
    raw = images[0].section(Kind.STEP_LIST).tobytes()
    counts = [c.count for c in (decode(raw[i : i + 32]) for i in range(0, len(raw), 32))
              if c.name == "weights"]
    beats = sum(n + -(-n // (config.block // 2)) for n in counts)
    lengths = [(1, 2), (CONTEXT, 1)]
    requests = [([1 + 5 * i % (VOCAB - 1) for i in range(n)], new) for n, new in lengths]
    golden = host.serve(images, config, [host.Request(*r) for r in requests])
    _, trace, _ = simulate("stream", config, images, golden, Requests(requests))
    bound = Job(shape_of("layer", weights.config), 1, layers=3).macro_bound_cycles
    report["streaming"] = {"beats_per_list": beats, "covered_from_tokens": -(-beats // bound)}
    for run in phases(trace, images[0], [([n], new) for n, new in lengths]):
        step = [p for p in run if p.tokens][-1]
        report["streaming"][f"list of {step.tokens}"] = {
            "cycles": step.cycles, "memory_port": round(beats / step.cycles, 4),
            "predicted_cycles": predicted(images, step)}


def published(name: str, config: configs.Config, firmware: bytes, report: dict) -> None:
    """Cycles from token to token after a context of 16, synthetic weights."""
    c = PUBLISHED[name]
    images = compile_model(random_llama(c, 1), config, firmware=firmware)
    prompt = [7 * i % c.vocab for i in range(16)]
    golden = host.run(images, config, prompt, 3)
    result, _, _ = simulate(name.replace(" ", "_"), config, images, golden,
                            Requests([(prompt, 3)]))
    taken = result.token_cycles[1] - result.token_cycles[0]
    job = Job(shape_of(name, c), 1, 16, layers=c.n_layers)
    report["runs"][f"{name}, token after 16"] = figures(
        job, taken, cycle.token_cycles(images, HARDWARE, FIRMWARE, 16), (c.dim, c.vocab))


def timeline(images: list[Image], phase: Phase, path: Path) -> None:
    """Per engine the share of time that it works, or holds a command without working: completion
    cycles of the RTL's records, durations of the cycle model."""
    kind = images[0].next_step(phase.tokens).kind
    model = cycle.run_images(images, kind, HARDWARE, phase.position, phase.tokens)
    queues = sorted({s.queue for s in model.spans if s.queue != cycle.SEND})
    width = phase.cycles / BINS
    figure, axes = pyplot.subplots(len(queues), 1, sharex=True, figsize=(11, 1.1 * len(queues)))
    for axis, queue in zip(axes, queues):
        spans = [s for s in model.spans if s.queue == queue]
        ends = [t for t, q in phase.own if q == queue][-len(spans):]
        busy, held, last = [0.0] * BINS, [0.0] * BINS, phase.begin
        for span, end in zip(spans, ends):
            end -= HARDWARE.post_latency
            _spread(held, (max(last, end - (span.end - span.start)) - phase.begin) / width,
                    (end - phase.begin) / width)
            _spread(busy, (max(last, end - span.busy) - phase.begin) / width,
                    (end - phase.begin) / width)
            last = end
        x = [width * i for i in range(BINS)]
        axis.fill_between(x, [max(h, b) for h, b in zip(held, busy)], step="post", color="#dda15e")
        axis.fill_between(x, busy, step="post", color="#2a6f97")
        axis.set_ylim(0, 1)
        axis.set_yticks([])
        share = 100 * sum(busy) / BINS
        axis.set_ylabel(f"{queue_name(queue)}\n{share:.0f} %", rotation=0, ha="right", va="center")
    axes[0].set_title(f"One SmolLM2-135M layer, {phase.tokens} tokens, one chiplet: share of time "
                      "in which an engine works (blue) or holds a command (orange)", fontsize=9)
    axes[-1].set_xlabel("cycles from the first embedding load")
    pyplot.rcParams["svg.hashsalt"] = "tessera"
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)


def _spread(bins: list[float], begin: float, end: float) -> None:
    """Add the time from begin to end, in bins, to the bins it falls in."""
    for i in range(int(begin), min(int(end) + 1, len(bins))):
        bins[i] += max(0.0, min(end, i + 1) - max(begin, i))


def main() -> None:
    """Run everything, write the report."""
    config = configs.load("smollm2", n_chiplets=1)
    firmware = main_firmware().bin.read_bytes()
    report: dict = {"runs": {}}
    layer(config, firmware, report)
    encoder(config, firmware, report)
    batches(config, firmware, report)
    for name in PUBLISHED:
        published(name, config, firmware, report)
    (FOLDER / "chiplet.json").write_text(json.dumps(report, indent=1) + "\n")
    streaming(config, firmware, report)
    (FOLDER / "chiplet.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
