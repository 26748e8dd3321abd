# SPDX-License-Identifier: Apache-2.0
"""Run a model on the simulated package and compare every command's result with the golden.

The checkpoint is compiled, run on the command-level simulator, and then on the RTL: the host
writes an image per chiplet and rings the doorbell; firmware on the RISC-V cores does the rest.
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from models import config as configs
from models import host, link, preload
from models.checkpoint import CheckpointError, Weights
from models.compiler import CompileError, Plan, compile_plan
from models.compiler.plan import BATCHES
from models.image import Image, ImageError, Kind
from scripts import phases, sim_cache, sim_model, sim_report
from scripts.generate import main_firmware
from scripts.sim_cache import Cache
from scripts.sim_progress import MAC_SHARE, Progress, Watcher
from tb.common.filelist import relative
from tb.common.runner import ROOT, flag, missing_simulator
from tb.package import preload as preload_files
from tb.package.host import NO_END_TOKEN
from tb.package.session import Job, Result, Waves, simulate_package

OUT = ROOT / "build" / "sim"
ACTIVITY = "activity.txt"  # what the engines did when
BEFORE, BEHIND = 2000, 200  # cycles around a failure that its waves show


@dataclasses.dataclass(frozen=True)
class Options:
    """The options of the command, by the names of the variables of make."""

    model: str = "smollm2"
    tokenizer: str | None = None
    prompt: str | None = None
    prompt_ids: str | None = None
    tokens: int = 8
    batch: int = 1
    layers: int | None = None
    chiplets: int | None = None
    config: str | None = None
    sim: str = "verilator"
    seed: int = 1
    ber: float = 0.0
    load: str = "dma"
    waves: bool = False
    wave_from: int | None = None
    wave_to: int | None = None

    def command(self, **changes: object) -> str:
        """The make command that does this with some options changed."""
        default = Options()
        words = [
            shlex.quote(f"{name.upper()}={int(value) if value is True else value}")
            for name, value in dataclasses.asdict(dataclasses.replace(self, **changes)).items()
            if value != getattr(default, name)
        ]
        return " ".join(["make sim", *words])


@dataclasses.dataclass(frozen=True)
class Compiled:
    """Images, and with LOAD=preload what they leave to be in the macros before."""

    images: list[Image]
    preloaded: list[preload.Preloaded]


def compiled(plan: Plan, weights: Weights, firmware: bytes, load: str) -> Compiled:
    """Images of a plan, for a way to bring the weights into the macros."""
    images = compile_plan(plan, weights, firmware)
    if load == "dma":
        return Compiled(images, [])
    parts = [preload.preloaded(image, plan.config) for image in images]
    return Compiled([part.image for part in parts], parts)


def golden(made: Compiled, plan: Plan, batch: list[host.Request], progress: Progress) -> host.Run:
    """The run of the command-level simulator: tokens and records."""
    count, most = 0, sum(request.new_tokens for request in batch)

    def seen() -> None:
        nonlocal count
        count += 1
        progress.show(f"token {count}/{most}")

    run = host.serve(made.images, plan.config, [batch], seen=seen,
                     want_logits=plan.model.family.causal,
                     prepare=lambda package: preload.fill(package, made.preloaded))
    return dataclasses.replace(run, package=None)


def _number(_context: click.Context, parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("nan is not a rate", param=parameter)
    return value


class OneLine(click.Command):
    """A command whose errors are one line, without a summary of its usage."""

    def main(self, *args, **kwargs):
        try:
            super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.ClickException as error:
            click.echo(f"Error: {error.format_message()}", err=True)
            sys.exit(error.exit_code)
        except click.Abort:
            sys.exit(130)
        sys.exit(0)


@click.command(cls=OneLine, help=__doc__)
@click.option("--model", default="smollm2", show_default=True,
              help="smollm2 (SmolLM2-135M-Instruct, from pip), stories260k, minilm, or a path: "
                   ".gguf, llama2.c .bin, or a folder with config.json and safetensors.")
@click.option("--tokenizer", help="File in the format of tok512.bin, or tokenizer.json.")
@click.option("--prompt", help="Text; for smollm2 the chat template is put around it. Of a batch: "
                               "texts with | between them.")
@click.option("--prompt-ids", help="Token ids in place of a text; of a batch with | between them.")
@click.option("--tokens", default=8, show_default=True, type=click.IntRange(1),
              help="New tokens, at most; an encoder has none.")
@click.option("--batch", default=1, show_default=True, type=click.IntRange(1, max(BATCHES)),
              help="Sequences that are decoded together, each with a KV cache of its own.")
@click.option("--layers", type=click.IntRange(1), help="The first layers only; default all.")
@click.option("--chiplets", type=click.IntRange(1, 8), help="In place of the configuration's.")
@click.option("--config", help="Named configuration: " + ", ".join(configs.names())
              + "; default the smallest that holds the model.")
@click.option("--sim", type=click.Choice(["verilator", "icarus"]), default="verilator",
              show_default=True)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(1, 2**31 - 1),
              help="Seed of channel errors and of what memories hold at first.")
@click.option("--ber", default=0.0, show_default=True, type=click.FloatRange(0, 0.01),
              callback=_number, help="Bit error rate of every link.")
@click.option("--load", type=click.Choice(["dma", "preload"]), default="dma", show_default=True,
              help="How weights come into the macros: by the chip from its memory, or put there "
                   "before the run.")
@click.option("--waves", is_flag=True, help="Write waveforms: large, and slow.")
@click.option("--wave-from", type=click.IntRange(0), help="First cycle of the waveform.")
@click.option("--wave-to", type=click.IntRange(0),
              help="Last cycle of the waveform; the run ends there.")
def main(**values) -> None:
    options = Options(**values)
    # A file of its own: standard output is turned away while the simulation is built. No markup: a
    # model may write what looks like it.
    console = Console(file=sys.stdout, soft_wrap=True, markup=False)
    os.environ["SEED"] = str(options.seed)
    os.environ["WAVES"] = str(int(options.waves))
    check(options)
    if reason := missing_simulator(options.sim):
        raise click.ClickException(reason)
    progress = Progress(console)
    try:
        run(options, console, progress)
    except (CheckpointError, CompileError, host.RequestError, ImageError, ValueError,
            OSError) as error:
        raise click.ClickException(str(error)) from error
    finally:
        progress.close()


def check(options: Options) -> None:
    """What options cannot be together; raises click.UsageError."""
    window = options.wave_from is not None or options.wave_to is not None
    if window and not options.waves:
        raise click.UsageError("WAVE_FROM= and WAVE_TO= need WAVES=1")
    if options.wave_to is not None and (options.wave_from or 0) >= options.wave_to:
        raise click.UsageError(f"WAVE_FROM={options.wave_from or 0} is not before "
                               f"WAVE_TO={options.wave_to}")


def run(options: Options, console: Console, progress: Progress) -> None:
    """All phases, from checkpoint to report."""
    progress.begin("load checkpoint")
    loaded = sim_model.load(options.model, options.tokenizer, options.prompt, options.prompt_ids,
                            options.batch)
    total = loaded.weights.config.n_layers
    weights = loaded.weights.first_layers(options.layers or total)
    words = options.tokens if weights.config.family.causal else weights.config.dim
    plan = sim_model.choose(weights, loaded.prompts, words, options.config, options.chiplets)
    config, c = plan.config, plan.model
    title = (f"{options.model}: {c.n_layers} of {total} layers, dim {c.dim}, {c.n_heads} heads, "
             f"vocabulary {c.vocab}, on {config.n_chiplets} chiplets x {config.n_macros} macros of "
             f"{config.block}x{config.block} ({config.name})"
             + (f", batch of {options.batch}" if options.batch > 1 else ""))
    progress.note(title)

    progress.begin("compile")
    cache = Cache(OUT / "cache")
    firmware = main_firmware().bin.read_bytes()
    base = (sim_cache.digest(loaded.path), sim_cache.sources(ROOT), firmware, config, c,
            plan.max_positions, plan.batch, options.load)
    made, _, _ = cache.get("images", base, lambda: compiled(plan, weights, firmware, options.load))
    progress.begin("golden")
    began = time.time()
    batch = [host.Request(prompt, words, loaded.end_token) for prompt in loaded.prompts]
    expected, _, known = cache.get("golden", (base, batch),
                                   lambda: golden(made, plan, batch, progress))
    seconds = "as computed before" if known else f"{time.time() - began:.0f} s"
    new = f"{len(expected.tokens)} new: " if c.family.causal else ""
    answers = (host.by_sequence(expected.tokens, len(batch)) if c.family.causal
               else [expected.tokens])
    progress.note(f"golden: {sum(map(len, loaded.prompts))} prompt tokens, {new}"
                  f"{', '.join(repr(loaded.decode(answer)) for answer in answers)} ({seconds})")

    result = simulate(options, plan, made, loaded, batch, expected, progress)
    progress.close()
    if result.stopped:
        console.print(f"Waves end in cycle {result.total_cycles:,}; until then {result.checked:,} "
                      f"commands checked, {result.mismatches} mismatches.", highlight=False)
        raise SystemExit(1 if result.mismatches else 0)
    try:
        sim_report.write(console, OUT, sim_report.Run(
            title, plan, loaded.prompts, loaded.decode, expected, result, OUT / "run" / ACTIVITY))
    except SystemExit:
        if not options.waves:
            console.print(f"Waves around it: {around(options, result)}", highlight=False)
        raise


def around(options: Options, result: Result) -> str:
    """The command that runs again to a failure and writes waves of the cycles around it."""
    failed = result.first_mismatch
    cycle = failed["cycle"] if failed else result.total_cycles
    return options.command(waves=True, wave_from=max(0, cycle - BEFORE), wave_to=cycle + BEHIND)


def simulate(options: Options, plan: Plan, made: Compiled, loaded: sim_model.Loaded,
             batch: list[host.Request], expected: host.Run, progress: Progress) -> Result:
    """The run on the RTL; click.ClickException where it does not come to an end."""
    config, work = plan.config, OUT / "run"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    columns = None
    if made.preloaded:
        progress.begin("preload")
        columns = work / "preload"
        preload_files.write(columns, [preload.columns(part, config) for part in made.preloaded])
    threshold = link.error_threshold(options.ber, config.block) if options.ber else 0
    settings = {"error_threshold": threshold, "seed": options.seed}
    job = Job(settings=settings, batches=[batch])
    if len(batch) == 1:
        end = NO_END_TOKEN if batch[0].end_token is None else batch[0].end_token
        job = Job([(batch[0].prompt, batch[0].new_tokens, end)], settings)
    waves = Waves(work / "waves.vcd", options.wave_from or 0, options.wave_to)
    new = len(expected.tokens) if plan.model.family.causal else 0
    watcher = Watcher(work / "progress.jsonl", progress, loaded.decode, new,
                      sum(map(len, expected.records)), _loaded_beats(made.images),
                      _cycles(plan, batch, expected), len(batch))
    progress.begin(f"build for {options.sim} (some minutes, once)")
    watcher.start()
    said = io.StringIO()  # names of builds and runs; a terminal has the progress line there
    try:
        with contextlib.ExitStack() as stack:
            if not flag("VERBOSE"):
                stack.enter_context(contextlib.redirect_stdout(said))
            return simulate_package(config, made.images, expected.records, job, work=work,
                                    sim=options.sim, preload=columns, waves=waves,
                                    activity=work / ACTIVITY,
                                    timeout_minutes=240)
    except AssertionError as error:
        raise click.ClickException(f"the simulation did not run to its end: {error}") from error
    finally:
        watcher.finish()
        if options.waves:
            progress.note(f"waves: {relative(packed(waves.path))}  (make waves)")


def packed(wave: Path) -> Path:
    """The waveform as FST where GTKWave's converter is installed."""
    if not wave.exists() or shutil.which("vcd2fst") is None:
        return wave
    small = wave.with_suffix(".fst")
    done = subprocess.run(["vcd2fst", str(wave), str(small)], capture_output=True, check=False)
    if done.returncode:
        return wave
    wave.unlink()
    return small


def _loaded_beats(images: Sequence[Image]) -> int:
    """Beats that the busiest chiplet reads before it is ready."""
    return max(sum(s.beats for s in image.sections.values() if s.kind != Kind.EMBEDDING)
               for image in images)


def _cycles(plan: Plan, batch: list[host.Request], expected: host.Run) -> float:
    """A guess of the cycles of a request."""
    answers = ([len(answer) for answer in host.by_sequence(expected.tokens, len(batch))]
               if plan.model.family.causal else [1])
    macs = sum(phases.useful_macs(plan.model, 0, len(request.prompt) + max(new - 1, 0), new)
               for request, new in zip(batch, answers))
    peak = plan.config.n_chiplets * plan.config.n_macros * plan.block**2
    return macs * phases.VECTOR_CYCLES / (peak * MAC_SHARE)


if __name__ == "__main__":
    main()
