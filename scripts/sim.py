# SPDX-License-Identifier: Apache-2.0
"""Run a model on the simulated package and compare every command's result with the golden.

The checkpoint is compiled, run on the command-level simulator, and then on the RTL: the host
writes an image per chiplet and rings the doorbell; firmware on the RISC-V cores does the rest.
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import threading
import time
from pathlib import Path

import click
from rich.console import Console

from models import config as configs
from models import host, link, loaders, tokenizer
from models.checkpoint import CheckpointError, LlamaWeights
from models.compiler import CompileError, compile_plan, make_plan
from scripts import sim_report
from scripts.generate import main_firmware
from tb.common.runner import ROOT, missing_simulator
from tb.package.session import Job, simulate_package

OUT = ROOT / "build" / "sim"
DATA = Path(os.environ.get("TESSERA_DATA") or ROOT.parent / "shared" / "data")
STORIES_PROMPT = "Once upon a time, there was a little"
SMOLLM2_PROMPT = "What is the capital of France?"


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A checkpoint with its prompt as token ids and the way back to text."""

    weights: LlamaWeights
    prompt: list[int]
    decode: object


def load_model(model: str, tokenizer_path: str | None, prompt: str | None,
               prompt_ids: str | None) -> Loaded:
    """The checkpoint named on the command line; raises CheckpointError, click.UsageError."""
    if model == "smollm2":
        path = loaders.smollm2_gguf()
        words = tokenizer.from_gguf(path)
        text = tokenizer.smollm2_chat(prompt or SMOLLM2_PROMPT)
        ids = _ids(prompt_ids) or words.encode(text).ids
        return Loaded(loaders.load_gguf(path), ids, words.decode)
    if model == "stories260k":
        path, tokenizer_path = DATA / "stories260K.bin", tokenizer_path or DATA / "tok512.bin"
    else:
        path = Path(model)
    if not path.exists():
        raise CheckpointError(f"{path} does not exist; MODEL= is smollm2, stories260k or a path")
    if path.is_dir():
        weights = loaders.load_hf_llama(path)
    elif path.suffix == ".gguf":
        weights = loaders.load_gguf(path)
    else:
        weights = loaders.load_llama2c(path)
    if tokenizer_path is None and path.suffix == ".gguf":
        words = tokenizer.from_gguf(path)
    elif tokenizer_path is None and path.is_dir() and (path / "tokenizer.json").exists():
        words = tokenizer.from_json(path / "tokenizer.json")
    elif tokenizer_path is None:
        if not prompt_ids:
            raise click.UsageError(f"{path} carries no tokenizer: give --tokenizer or --prompt-ids")
        return Loaded(weights, _ids(prompt_ids), lambda ids: " ".join(map(str, ids)))
    elif Path(tokenizer_path).suffix == ".json":
        words = tokenizer.from_json(tokenizer_path)
    else:
        words = tokenizer.Llama2cTokenizer(tokenizer_path, weights.config.vocab)
        ids = _ids(prompt_ids) or words.encode(prompt or STORIES_PROMPT)
        return Loaded(weights, ids, words.decode)
    return Loaded(weights, _ids(prompt_ids) or words.encode(prompt or STORIES_PROMPT).ids,
                  words.decode)


def _ids(text: str | None) -> list[int]:
    if not text:
        return []
    try:
        return [int(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise click.UsageError(f"--prompt-ids {text!r}: token ids are whole numbers") from None


class Watcher(threading.Thread):
    """Shows what the simulation writes to its progress file."""

    def __init__(self, path: Path, loaded: Loaded, new_tokens: int, console: Console) -> None:
        super().__init__(daemon=True)
        self.path, self.loaded, self.new_tokens, self.console = path, loaded, new_tokens, console
        self.stop = threading.Event()
        self.tokens: list[int] = []
        self.status = ""

    def run(self) -> None:
        seen = 0
        while not self.stop.wait(0.2):
            lines = self.path.read_text().splitlines() if self.path.exists() else []
            for line in lines[seen:]:
                self.show(json.loads(line))
            seen = len(lines)

    def show(self, event: dict) -> None:
        rate = event["cycle"] / max(event["seconds"], 1e-9)
        at = f"cycle {event['cycle']:>9,}  {rate:>7,.0f} cycles/s"
        if event["event"] == "boot" and event["status"] != self.status:
            self.status = event["status"]
            self.console.print(f"  {at}  {event['status']}")
        elif event["event"] == "ready":
            self.console.print(f"  {at}  ready, request sent")
        elif event["event"] == "token":
            self.tokens.append(event["token"])
            left = self.new_tokens - len(self.tokens)
            self.console.print(f"  {at}  token {len(self.tokens)}/{self.new_tokens}, {left} left: "
                               f"{self.loaded.decode(self.tokens)!r}", highlight=False)


def _number(_context: click.Context, parameter: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("nan is not a rate", param=parameter)
    return value


@click.command(help=__doc__)
@click.option("--model", default="smollm2", show_default=True,
              help="smollm2 (from pip), stories260k, or a path: .gguf, llama2.c .bin, or a folder "
                   "with safetensors.")
@click.option("--tokenizer", "tokenizer_path", help="tok512.bin's format or tokenizer.json.")
@click.option("--prompt", help="Text; for smollm2 the chat template is put around it.")
@click.option("--prompt-ids", help="Token ids in place of a text.")
@click.option("--tokens", default=4, show_default=True, type=click.IntRange(1),
              help="New tokens.")
@click.option("--layers", type=click.IntRange(1),
              help="Use the first layers only; default 1 for smollm2, else all.")
@click.option("--chiplets", type=click.IntRange(1, 8), help="In place of the configuration's.")
@click.option("--config", "config_name", default="tracer", show_default=True,
              help="Named configuration: " + ", ".join(configs.names()) + ".")
@click.option("--sim", type=click.Choice(["verilator", "icarus"]), default="verilator",
              show_default=True)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(1, 2**31 - 1),
              help="Seed of channel errors and of what memories hold at first.")
@click.option("--ber", default=0.0, show_default=True, type=click.FloatRange(0, 0.01),
              callback=_number, help="Bit error rate of every link.")
@click.option("--waves", is_flag=True, help="Write waveforms of the whole run: large, and slow.")
def main(model, tokenizer_path, prompt, prompt_ids, tokens, layers, chiplets, config_name, sim,
         seed, ber, waves) -> None:
    os.environ["SEED"] = str(seed)
    if waves:
        os.environ["WAVES"] = "1"
    console = Console(soft_wrap=True, markup=False)  # a model may write what looks like markup
    if reason := missing_simulator(sim):
        raise click.ClickException(reason)
    try:
        run(console, model, tokenizer_path, prompt, prompt_ids, tokens, layers, chiplets,
            config_name, sim, seed, ber)
    except (CheckpointError, CompileError, host.RequestError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error


def run(console: Console, model: str, tokenizer_path: str | None, prompt: str | None,
        prompt_ids: str | None, tokens: int, layers: int | None, chiplets: int | None,
        config_name: str, sim: str, seed: int, ber: float) -> None:
    began = time.time()
    config = configs.load(config_name, **({"n_chiplets": chiplets} if chiplets else {}))
    loaded = load_model(model, tokenizer_path, prompt, prompt_ids)
    layers = layers or (1 if model == "smollm2" else loaded.weights.config.n_layers)
    weights = loaded.weights.first_layers(layers)
    c = weights.config
    console.print(f"{model}: {layers} of {loaded.weights.config.n_layers} layers, dim {c.dim}, "
                  f"{c.n_heads} heads, vocabulary {c.vocab}, on {config.n_chiplets} chiplets x "
                  f"{config.n_macros} macros of {config.block}x{config.block} ({config_name})")
    plan = make_plan(weights.config, config)
    images = compile_plan(plan, weights, main_firmware().bin.read_bytes())
    golden = host.run(images, config, loaded.prompt, tokens)
    console.print(f"golden: {len(loaded.prompt)} prompt tokens, {tokens} new: "
                  f"{loaded.decode(golden.tokens)!r} ({time.time() - began:.0f} s)",
                  highlight=False)
    threshold = link.error_threshold(ber, config.block) if ber else 0
    job = Job([(loaded.prompt, tokens)], settings={"error_threshold": threshold, "seed": seed})
    work = OUT / "run"
    watcher = Watcher(work / "progress.jsonl", loaded, tokens, console)
    watcher.path.unlink(missing_ok=True)
    console.print(f"RTL on {sim}; the first build takes a few minutes")
    watcher.start()
    try:
        result = simulate_package(config, images, golden.records, job, work=work, sim=sim,
                                  timeout_minutes=240)
    except AssertionError as error:
        raise click.ClickException(f"the simulation did not run to its end: {error}") from error
    finally:
        watcher.stop.set()
        watcher.join()
    sim_report.write(console, OUT, plan, images, loaded.prompt, loaded.decode, golden, result)


if __name__ == "__main__":
    main()
