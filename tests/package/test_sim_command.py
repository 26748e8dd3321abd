# SPDX-License-Identifier: Apache-2.0
"""The command behind make sim, without the RTL: what it refuses, chooses, remembers and says."""

from __future__ import annotations

import dataclasses
import json
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from models import config as configs
from models import host, preload
from models.checkpoint import BertConfig, LlamaConfig, LlamaWeights, random_llama
from models.compiler import CompileError
from scripts import sim as sim_command
from scripts import sim_cache, sim_model, sim_report
from scripts.sim_progress import Progress, Watcher
from tb.common.runner import ROOT
from tb.package import session
from tests.compiler.small_models import shape
from tests.package.support import images, tiny_weights


def write_llama2c(path: Path, weights: LlamaWeights) -> None:
    c = weights.config
    fields = ("attn_norm", "wq", "wk", "wv", "wo", "ffn_norm", "w_gate", "w_down", "w_up")
    arrays = [weights.embedding, *(getattr(layer, f) for f in fields for layer in weights.layers),
              weights.final_norm, np.zeros(c.max_seq * c.head_dim, np.float32)]
    if not c.tied:
        arrays.append(weights.w_out)
    header = struct.pack("<7i", c.dim, c.ffn_dim, c.n_layers, c.n_heads, c.n_kv_heads,
                         c.vocab if c.tied else -c.vocab, c.max_seq)
    path.write_bytes(header + b"".join(a.astype("<f4").tobytes() for a in arrays))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    good = shape(dim=36, n_layers=2, n_heads=6, n_kv_heads=3, head_dim=6, ffn_dim=50, vocab=105,
                 max_seq=40, tied=False)
    write_llama2c(folder / "good.bin", random_llama(good, 1))
    large = dataclasses.replace(good, dim=360, head_dim=60, ffn_dim=3000)
    write_llama2c(folder / "large.bin", random_llama(large, 1))
    raw = (folder / "good.bin").read_bytes()
    (folder / "short.bin").write_bytes(raw[:-100])
    (folder / "long.bin").write_bytes(raw + bytes(4))
    (folder / "empty.bin").write_bytes(b"")
    (folder / "zero.bin").write_bytes(bytes(400))
    (folder / "odd.bin").write_bytes(struct.pack("<7i", 15, 3, 1, 5, 5, 30, 10))
    (folder / "negative.bin").write_bytes(struct.pack("<7i", 64, -3, 1, 4, 2, 30, 10))
    (folder / "bad.gguf").write_bytes(b"GGUF" + bytes(100))
    (folder / "bad.json").write_text("{nonsense")
    for name in ("no-config", "bad-config", "empty-config", "other-family"):
        (folder / name).mkdir()
        (folder / name / "model.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
    (folder / "bad-config" / "config.json").write_text("{nonsense")
    (folder / "empty-config" / "config.json").write_text('{"model_type": "llama"}')
    (folder / "other-family" / "config.json").write_text('{"model_type": "mamba"}')
    return folder


IDS = ["--prompt-ids", "1 2 3"]
BAD_INPUTS = {
    "none.bin": (IDS, "does not exist"),
    "short.bin": (IDS, "the header asks for"),
    "long.bin": (IDS, "the header asks for"),
    "empty.bin": (IDS, "hold no header"),
    "zero.bin": (IDS, "not a llama2.c"),
    "odd.bin": (IDS, "head_dim 3 is odd"),
    "negative.bin": (IDS, "size is not positive"),
    "bad.gguf": (IDS, "not a readable GGUF"),
    "no-config": (IDS, "no such file"),
    "bad-config": (IDS, "not JSON|not a JSON object"),
    "empty-config": (IDS, "config.json has no hidden_size"),
    "other-family": (IDS, "model_type mamba is not supported"),
    "large.bin": ([*IDS, "--config", "nano"], "configuration nano has 64"),
    "good.bin": ([], "carries no tokenizer"),
}
BAD_OPTIONS = {
    "tokenizer text": (["--tokenizer", "{folder}/bad.json", *IDS], "not a readable tokenizer"),
    "tokenizer missing": (["--tokenizer", "{folder}/none.json", *IDS], "no such file"),
    "tokenizer short": (["--tokenizer", "{folder}/zero.bin", *IDS], "truncated|fewer than"),
    "tokenizer folder": (["--tokenizer", "{folder}", *IDS], "directory"),
    "word as id": (["--prompt-ids", "1 x"], "whole numbers"),
    "id too large": (["--prompt-ids", "105"], "105 is not below 105"),
    "id below 0": (["--prompt-ids", "-1"], "-1 is not below"),
    "no id": (["--prompt-ids", ","], "carries no tokenizer"),
    "long prompt": (["--prompt-ids", " ".join(["1"] * 60)], "67 positions of 40"),
    "many tokens": ([*IDS, "--tokens", "39"], "41 positions of 40"),
    "no tokens": ([*IDS, "--tokens", "0"], "range"),
    "large batch": ([*IDS, "--batch", "9"], "range"),
    "no batch": ([*IDS, "--batch", "0"], "range"),
    "prompts for a batch": ([*IDS, "--batch", "2"], "takes 2 prompts, none empty"),
    "too many prompts": (["--prompt-ids", "1|2|3", "--batch", "2"], "PROMPT_IDS= has 3"),
    "empty prompt": (["--prompt-ids", "1|,|3", "--batch", "3"], "PROMPT_IDS= has 2"),
    "id of a batch": (["--prompt-ids", "1|105", "--batch", "2"], "105 is not below 105"),
    "long prompt of a batch": (["--prompt-ids", "1|" + "1 " * 60, "--batch", "2"],
                               "67 positions of 40"),
    "layers": ([*IDS, "--layers", "3"], "layers must be 1 to 2, not 3"),
    "chiplets": ([*IDS, "--chiplets", "9"], "range"),
    "config": ([*IDS, "--config", "other"], "no configuration named"),
    "option": ([*IDS, "--colour", "red"], "No such option"),
    "simulator": ([*IDS, "--sim", "other"], "not one of"),
    "seed": ([*IDS, "--seed", "-1"], "range"),
    "rate": ([*IDS, "--ber", "nan"], "not a rate"),
    "load": ([*IDS, "--load", "floppy"], "not one of"),
    "window": ([*IDS, "--waves", "--wave-from", "9", "--wave-to", "8"], "is not before"),
    "window alone": ([*IDS, "--wave-from", "9"], "need WAVES=1"),
}


def complain(arguments: list[str], message: str) -> None:
    """Exit status not 0, one line of error that says what is wrong, no exception left over."""
    result = CliRunner().invoke(sim_command.main, arguments)
    assert result.exit_code != 0 and isinstance(result.exception, SystemExit), result.exception
    errors = [line for line in result.output.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1 and result.output.splitlines()[-1] == errors[0]
    assert any(part in errors[0] for part in message.split("|")), errors


@pytest.mark.parametrize("name", list(BAD_INPUTS))
def test_bad_models_are_named(name: str, files: Path) -> None:
    options, message = BAD_INPUTS[name]
    complain(["--model", str(files / name), *options], message)


@pytest.mark.parametrize("name", list(BAD_OPTIONS))
def test_bad_options_are_named(name: str, files: Path) -> None:
    options, message = BAD_OPTIONS[name]
    complain(["--model", str(files / "good.bin"), *(o.format(folder=files) for o in options)],
             message)


def test_make_refuses_a_variable_that_it_does_not_know() -> None:
    """A word that is spelled wrong must not be passed over."""
    made = subprocess.run(["make", "-n", "sim", "CHIPLET=3", "PROMPT=two words"], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    assert made.returncode != 0 and "unknown: CHIPLET;" in made.stderr


# What fits

SMOLLM2 = LlamaConfig(dim=576, n_layers=30, n_heads=9, n_kv_heads=3, head_dim=64, ffn_dim=1536,
                      vocab=49152, max_seq=8192, rope_theta=1e5, norm_eps=1e-5, tied=True)
STORIES = LlamaConfig(dim=64, n_layers=5, n_heads=8, n_kv_heads=4, head_dim=8, ffn_dim=172,
                      vocab=512, max_seq=512, rope_theta=1e4, norm_eps=1e-5, tied=True)
MINILM = BertConfig(dim=384, n_layers=6, n_heads=12, ffn_dim=1536, vocab=30522, max_seq=512,
                    norm_eps=1e-12)


@pytest.mark.parametrize(("model", "tokens", "name"), [
    (tiny_weights().config, 4, "nano"), (STORIES, 4, "package4"),
    (dataclasses.replace(STORIES, n_layers=20), 4, "package4"),
    (dataclasses.replace(STORIES, n_layers=20), 400, "tracer"),
    (dataclasses.replace(SMOLLM2, n_layers=1), 4, "tracer"), (SMOLLM2, 4, "smollm2"),
    (MINILM, 384, "tracer")])
def test_the_smallest_configuration_that_fits(model, tokens: int, name: str) -> None:
    plan = sim_model.choose(SimpleNamespace(config=model), [[1] * 10], tokens, None, None)
    assert plan.config.name == name


def test_a_model_that_fits_nowhere() -> None:
    model = dataclasses.replace(SMOLLM2, n_layers=80)
    with pytest.raises(CompileError, match="no named configuration fits"):
        sim_model.choose(SimpleNamespace(config=model), [[1]], 1, None, None)
    with pytest.raises(CompileError, match=r"configuration package4 has 64.*fits: smollm2"):
        sim_model.choose(SimpleNamespace(config=SMOLLM2), [[1]], 1, "package4", None)


# With a stand-in for the RTL


def answer(golden: host.Run, **changes) -> session.Result:
    """The result of a run that agrees with the golden, but for `changes`."""
    chiplets = len(golden.records)
    n = len(golden.tokens)
    good = session.Result(
        tokens=golden.tokens, ready_cycle=1000, request_cycle=1010,
        token_cycles=[2000 + 100 * i for i in range(n)],
        token_seconds=[0.2 + 0.1 * i for i in range(n)], checked=sum(map(len, golden.records)),
        mismatches=0, first_mismatch=None, link_replays=[0] * chiplets,
        memory_reads=[9] * chiplets, memory_writes=[0] * chiplets, memory_at_ready=[5] * chiplets,
        run_seconds=1.0, total_seconds=2.0, total_cycles=9000, errors=[], status="done",
        stopped=False)
    return dataclasses.replace(good, **changes)


def verdict(console: Console, out: Path, run: sim_report.Run) -> None:
    """In place of the report, which needs what the RTL wrote down."""
    for error in run.result.errors:
        console.print(error)
    if run.result.mismatches or run.result.errors:
        raise SystemExit(1)


@pytest.fixture
def run_without_rtl(files, tmp_path, monkeypatch):
    """Call the command on good.bin; the stand-in answers as the golden, but for `changes`."""
    monkeypatch.setattr(sim_command, "OUT", tmp_path)
    monkeypatch.setattr(sim_command.sim_report, "write", verdict)

    def run(*arguments: str, model: Path = files / "good.bin", **changes) -> Result:
        monkeypatch.setattr(
            sim_command, "simulate",
            lambda *arguments: answer(arguments[-2], **changes))
        return CliRunner().invoke(sim_command.main, [
            "--model", str(model), *IDS, "--config", "nano", "--layers", "1", "--tokens", "2",
            *arguments])

    return run


def mismatch(cycle: int) -> dict:
    return {"chiplet": 0, "queue": 0, "queue_name": "ve", "opcode": 1, "number": 3,
            "cycle": cycle, "got": 1, "expected": 2}


def test_a_failure_prints_the_command_that_shows_it(run_without_rtl, files) -> None:
    result = run_without_rtl("--seed", "7", mismatches=1, first_mismatch=mismatch(5000),
                             tokens=[])
    assert result.exit_code == 1
    last = result.output.splitlines()[-1]
    assert last == ("Waves around it: make sim MODEL=" + str(files / "good.bin")
                    + " 'PROMPT_IDS=1 2 3' TOKENS=2 LAYERS=1 CONFIG=nano SEED=7 WAVES=1 "
                    "WAVE_FROM=3000 WAVE_TO=5200")


def test_an_error_of_the_chip_ends_with_status_1(run_without_rtl) -> None:
    result = run_without_rtl(errors=["chiplet 1 reports IMAGE, info 0x3"], tokens=[],
                             token_cycles=[])
    assert result.exit_code == 1 and "chiplet 1 reports IMAGE" in result.output
    assert "WAVE_FROM=7000 WAVE_TO=9200" in result.output


def test_what_was_computed_before_is_found_until_something_changes(
        run_without_rtl, files, tmp_path) -> None:
    """The same words again: found. Another prompt, seed (of the RTL only), checkpoint, and a file
    of the cache cut short."""
    def known(*arguments: str, **kwargs) -> bool:
        result = run_without_rtl(*arguments, **kwargs)
        assert result.exit_code == 0, result.output
        return "as computed before" in result.output

    assert not known()
    assert known()
    assert known("--seed", "3", "--ber", "1e-6")
    assert not known("--prompt-ids", "1 2 4")
    assert not known("--load", "preload")
    assert not known("--tokens", "1")
    changed = tmp_path / "changed.bin"
    raw = bytearray((files / "good.bin").read_bytes())
    raw[2000] ^= 1
    changed.write_bytes(raw)
    assert not known(model=changed)
    for path in (tmp_path / "cache").glob("*"):
        path.write_bytes(path.read_bytes()[:-10])
    assert not known(model=changed)


def test_a_change_of_any_source_changes_the_key(tmp_path) -> None:
    """A byte in models/, the command set, the registers or the configurations; a new file."""
    files = sim_cache.source_files(ROOT)
    assert {p.relative_to(ROOT).parts[0] for p in files} == {"models", "rtl"} and len(files) > 40
    for path in files:
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    seen = {sim_cache.sources(tmp_path)}
    for path in [*files, ROOT / "models" / "compiler" / "new.py"]:
        copy = tmp_path / path.relative_to(ROOT)
        copy.write_bytes((copy.read_bytes() if copy.exists() else b"") + b"\n")
        seen.add(sim_cache.sources(tmp_path))
    assert len(seen) == len(files) + 2


# Weights that are there before


def test_preload_changes_only_how_weights_come() -> None:
    """Golden: the same tokens, and behind the load list the same records in every queue."""
    config = configs.load("nano", n_chiplets=3, sets=256)
    built = images(tiny_weights(), config)
    parts = [preload.preloaded(image, config) for image in built]
    lean = [part.image for part in parts]
    request = host.Request([1, 7, 30, 12, 5], 3)

    def fill(package) -> None:
        preload.fill(package, parts)

    def queues(run: host.Run, boot: host.Run) -> list[list[list[tuple[int, int]]]]:
        """(opcode, signature) of the records behind those of `boot`, by chiplet and queue."""
        return [[[(r.opcode, r.signature) for r in whole if r.queue == q][
            sum(r.queue == q for r in start):] for q in range(20)]
            for whole, start in zip(run.records, boot.records)]

    dma, pre = host.serve(built, config, [request]), host.serve(lean, config, [request],
                                                                prepare=fill)
    assert dma.tokens == pre.tokens
    after = queues(dma, host.serve(built, config, []))
    assert after == queues(pre, host.serve(lean, config, [], prepare=fill))
    assert sum(len(records) for chiplet in after for records in chiplet) > 300
    assert sum(map(len, dma.records)) - sum(map(len, pre.records)) == sum(
        len(part.weights) - 1 for part in parts)  # the last one becomes a sync


# Progress


def test_progress_in_lines_and_in_place() -> None:
    """A file gets lines without control characters, a terminal one line that changes."""
    for terminal in (False, True):
        with (console := Console(force_terminal=terminal, width=100)).capture() as captured:
            progress = Progress(console)
            progress.begin("compile")
            watcher = Watcher(Path("none"), progress, lambda ids: "x" * len(ids), 2, 100, 50, 900)
            for event in (
                {"event": "boot", "status": "loading", "cycle": 10, "read": 0, "checked": 0},
                {"event": "tick", "cycle": 500, "read": 25, "checked": 0},
                {"event": "ready", "cycle": 1000, "read": 50, "checked": 20},
                {"event": "token", "token": 5, "cycle": 1500, "read": 60, "checked": 60},
                {"event": "token", "token": 6, "cycle": 2000, "read": 60, "checked": 100},
            ):
                watcher.show({"seconds": event["cycle"] / 100, **event})
            progress.close()
        text = captured.get()
        assert "loading" in text and "token 1/2: 'x'" in text and "token 2/2: 'xx'" in text
        assert ("\x1b" in text) == terminal
    assert watcher.tokens == [5, 6]
    assert json.loads(json.dumps(watcher.rate)) == pytest.approx(100)
