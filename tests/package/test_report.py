# SPDX-License-Identifier: Apache-2.0
"""The report of make sim: numbers of a trace written by hand, layers against the compiler's, and a
small run on the RTL whose sums agree."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import re
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from rich.console import Console

from models import config as configs
from models import host
from models.checkpoint import BertConfig, Weights, random_biased
from models.commands import BYTES, Command, decode
from models.compiler import compile_model, make_plan
from models.compiler.lists import Lists
from models.compiler.pipeline import M
from scripts import activity, phases, report_page, sim_report
from scripts.activity import DMA, MACRO0, SEND, VE, Table, Trace
from scripts.generate import main_firmware
from scripts.phases import Phase
from tb.package.session import Job, simulate_package
from tests.compiler.small_models import reference, shape
from tests.package.support import WORK, tiny_weights

NANO = configs.load("nano")

# Numbers by hand. Chiplet 0: two macro commands, the second taken early; then the vector engine, a
# send, a wait for the packet of chiplet 1, a load. Chiplet 1 sends only.
LINES = """\
s 0 0 6
s 0 1 6
m 0 0 0 0 0
m 0 1 0 0 0
s 9 0 4
c 20 0 4 10
s 25 1 4
c 32 0 4 16
c 40 0 0 22
s 43 0 5
c 43 0 3 40
c 44 1 3 38
s 45 1 6
p 47 1 0
p 48 0 1
s 48 0 4
c 51 0 1 49
s 52 0 6
m 60 0 100 20 3
m 60 1 7 0 0
m 61 0 10"""
CYCLES = 60


def by_hand() -> Table:
    """The same commands: macro, macro, vector, send, load; send of chiplet 1."""
    columns = {
        "chiplet": [0, 0, 0, 0, 0, 1], "queue": [MACRO0, MACRO0, VE, SEND, DMA, SEND],
        "start": [10, 16, 22, 40, 49, 38], "end": [20, 32, 40, 43, 51, 44],
        "run": [0] * 6, "layer": [0, 1, 1, 1, -1, 1], "operation": [0] * 6,
        "work": [8, 8, 0, 2, 0, 3], "peers": [0, 0, 0, 2, 0, 1]}
    return Table(**{k: np.array(v) for k, v in columns.items()}, names=["all"], parts=["other"],
                 kinds=["step"])


@pytest.fixture
def trace(tmp_path: Path) -> Trace:
    """The lines above; the last one is cut off."""
    path = tmp_path / "activity.txt"
    path.write_text(LINES)
    return activity.read(path, NANO)


def test_trace_is_read(trace: Trace) -> None:
    assert trace.spans[0, MACRO0].tolist() == [[10, 20], [16, 32]]
    assert trace.packets[0, 1].tolist() == [48] and trace.packets[1, 0].tolist() == [47]
    assert trace.flags[1].tolist() == [[0, 6], [25, 4], [45, 6]]
    assert trace.samples[0].tolist() == [[0, 0, 0, 0], [60, 100, 20, 3]]


def test_every_cycle_has_its_place(trace: Trace) -> None:
    table = by_hand()
    where = [phases.places(table, trace, c, CYCLES) for c in range(2)]
    counts = [dict(zip(phases.PLACES, np.bincount(w, minlength=8).tolist())) for w in where]
    assert counts[0] == {"computing": 0, "macros": 22, "vector": 8, "move": 0, "gather": 8,
                         "memory": 2, "firmware": 17, "dispatch": 3}
    assert counts[1] == {"computing": 0, "macros": 0, "vector": 0, "move": 0, "gather": 6,
                         "memory": 0, "firmware": 40, "dispatch": 14}
    phase = Phase("", "prefill", 0, CYCLES, [(0, 1)], range(1))
    assert phases.spent(phase, table, where, 1) == {
        "computing": 8, "macros": 3, "vector": 4, "move": 0, "gather": 7, "memory": 1,
        "firmware": 28.5, "dispatch": 8.5}
    later = dataclasses.replace(phase, begin=30, lists=range(0))
    assert sum(phases.spent(later, table, where, 1).values()) == 30


def test_packets_under_way(trace: Trace) -> None:
    """From the start of the sender's command to the arrival: 38 to 48, and 40 to 47."""
    ways = [phases.underway(by_hand(), trace, c, CYCLES) for c in range(2)]
    assert [np.flatnonzero(w).tolist() for w in ways] == [list(range(38, 48)), list(range(40, 47))]


def test_layers_and_list_ends(trace: Trace) -> None:
    table = by_hand()
    phase = Phase("", "prefill", 0, CYCLES, [(0, 1)], range(1))
    assert phases.by_layer(table, phase, 2).tolist() == [6, 28]
    assert phases.list_ends(table, trace) == [52]
    unfinished = dataclasses.replace(trace, flags=[f[:2] for f in trace.flags])
    assert phases.list_ends(table, unfinished) == []


def test_bars_do_not_overlap() -> None:
    """A command that is taken early is drawn from the end of the one before; small gaps close."""
    table = by_hand()
    start, end, _, _ = report_page.bars(table.start[:2], table.end[:2], table.operation[:2],
                                        table.layer[:2], -1)
    assert (start.tolist(), end.tolist()) == ([10, 20], [20, 32])
    same = np.zeros(3, int)
    start, end, _, _ = report_page.bars(np.array([0, 12, 40]), np.array([10, 20, 50]), same, same,
                                        gap=8)
    assert (start.tolist(), end.tolist()) == ([0, 40], [20, 50])
    assert report_page.spread(np.array([10]), np.array([30]), np.array([8]),
                              np.array([0, 10, 15, 40])).tolist() == [0, 2, 6]


@pytest.mark.parametrize("chiplets, bound", [(1, 1944), (4, 552)])
def test_bound_and_useful_work_of_a_smollm2_layer(chiplets: int, bound: int) -> None:
    """As the definition's own example counts them; 864 tiles, 768 column tiles in the head."""
    model = shape(dim=576, n_layers=1, n_heads=9, n_kv_heads=3, head_dim=64, ffn_dim=1536,
                  vocab=49152)
    plan = make_plan(model, configs.load("smollm2", n_chiplets=chiplets), 64)
    prefill = Phase("", "prefill", 0, 1, [(3, 2)], range(0))
    head = Phase("", "head", 0, 1, [], range(0))
    assert phases.macro_bound_cycles(plan, prefill) == 2 * bound
    assert phases.macro_bound_cycles(plan, head) == 768 // (4 * chiplets) * 9 * 8
    assert phases.phase_macs(plan, prefill) == 2 * 864 * 4096 + 2 * 576 * (4 + 5)
    assert phases.phase_macs(plan, head) == 576 * 49152


def test_turns_of_a_batch() -> None:
    """Prompts of 5 and 2 tokens, answers of 3 and 2: who has a turn when, and at which position."""
    assert list(phases.turns([5, 2], [3, 2])) == [
        ("sequence 1: prefill", "prefill", [(0, 5)]), ("sequence 1: head 1", "head", []),
        ("sequence 2: prefill", "prefill", [(0, 2)]), ("sequence 2: head 1", "head", []),
        ("token 2", "decode", [(5, 1), (2, 1)]), ("sequence 1: head 2", "head", []),
        ("sequence 2: head 2", "head", []), ("token 3", "decode", [(6, 1)]),
        ("sequence 1: head 3", "head", [])]


# Layers


class Marked(Lists):
    """Lists that remember the layer of each vector command and data send."""

    def begin(self) -> None:
        super().begin()
        self.layers: dict[tuple[int, int], list[int]] = {}

    def _ve(self, c, *rest) -> None:
        super()._ve(c, *rest)
        self.layers.setdefault((c, VE), []).append(self.turn.layer)

    def _send(self, c, buffer, first, beats) -> None:
        super()._send(c, buffer, first, beats)
        if self.plan.n > 1 and beats:
            self.layers.setdefault((c, SEND), []).append(self.turn.layer)


class Posted(NamedTuple):
    """What is needed of a record."""

    queue: int
    command: Command


def executed(lists: list[bytes]) -> list[list[Posted]]:
    """Records as if each chiplet had run its list, one token in the last chunk."""
    base, out = [0] * 16, []
    base[M] = 1
    for raw in lists:
        commands = [decode(raw[at : at + BYTES]) for at in range(0, len(raw), BYTES)]
        out.append([Posted(c.queue, c.relocate(base)) for c in commands if c.name != "end"])
    return out


def everything(records: list[list[Posted]]) -> Trace:
    """A trace in which every command takes a cycle, one after the other in its queue."""
    spans = {}
    for c, posted in enumerate(records):
        for queue in {r.queue for r in posted}:
            count = sum(r.queue == queue and r.command.name != "sync" for r in posted)
            spans[c, queue] = np.stack([np.arange(count), np.arange(count) + 1], 1)
    return Trace(spans, {}, [], [])


@pytest.mark.parametrize("chunks", [1, 2, 16])
def test_layers_are_those_of_the_compiler(chunks: int) -> None:
    """Three layers on two chiplets: a chunk alone, and chunks that are in two layers at a time."""
    model = shape(n_layers=3, n_heads=4, n_kv_heads=2, dim=64, ffn_dim=100, max_seq=128)
    plan = make_plan(model, configs.load("nano", sets=1024, max_tokens=128, stash_beats=16384))
    assert plan.layout.chunks >= 16
    lists = Marked(plan, 0)
    records = executed(lists.step(chunks))
    table = activity.join(everything(records), records, plan)
    assert table.kinds == ["step"]
    data = (table.queue == VE) | (table.queue == SEND) & (table.work > 0)
    for (c, queue), layers in lists.layers.items():
        mine = data & (table.chiplet == c) & (table.queue == queue)
        assert table.layer[mine].tolist() == layers
    if chunks == 16:
        assert lists.layers[0, VE] != sorted(lists.layers[0, VE])
    assert set(table.layer[table.queue >= MACRO0]) == {0, 1, 2}
    data |= table.queue >= MACRO0
    assert "other" not in {table.parts[o] for o in table.operation[data]}


# A run


@dataclasses.dataclass(frozen=True)
class Made:
    """A run with its report."""

    run: sim_report.Run
    values: dict
    page: str
    out: Path


def write(run: sim_report.Run, out: Path) -> str:
    console = Console(file=io.StringIO(), soft_wrap=True)
    sim_report.write(console, out, run)
    return console.file.getvalue()


def simulated(weights: Weights, prompts: list[list[int]], new: int, out: Path) -> Made:
    """The report of these sequences on nano."""
    built = compile_model(weights, NANO, 8, main_firmware().bin.read_bytes(), len(prompts))
    plan = make_plan(weights.config, NANO, 8, len(prompts))
    batch = [host.Request(prompt, new) for prompt in prompts]
    golden = host.serve(built, NANO, [batch], want_logits=weights.config.family.causal)
    trace = out / "activity.txt"
    job = Job([(prompts[0], new)])
    if len(prompts) > 1:
        job = Job(batches=[batch])
    result = simulate_package(NANO, built, golden.records, job, work=WORK / "report",
                              activity=trace)
    run = sim_report.Run("tiny", plan, prompts, lambda ids: f"<b>{ids}</b>", golden, result, trace)
    said = write(run, out)
    assert "agrees with the golden" in said and "report.html" in said
    return Made(run, json.loads((out / "report.json").read_text()),
                (out / "report.html").read_text(), out)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Made:
    return simulated(tiny_weights(), [[1, 7, 30, 12, 5]], 3, tmp_path_factory.mktemp("report"))


def test_phases_of_a_run(made: Made) -> None:
    """One after the other without a gap; busy and idle cycles are all cycles."""
    found = made.values["phases"]
    assert [p["name"] for p in found] == ["load", "prefill", "head 1", "token 2", "head 2",
                                          "token 3", "head 3"]
    assert [p["begin"] for p in found] == [0] + [p["end"] for p in found[:-1]]
    for p in found:
        assert sum(p["where"].values()) == pytest.approx(p["cycles"], abs=0.5)
        assert min(p["where"].values()) >= 0
        assert p["gather_under_way"] <= p["where"]["gather"]
    result = made.run.result
    assert found[0]["end"] == result.request_cycle
    ends = [p["end"] for p in found if p["kind"] == "head"]
    for end, token in zip(ends, result.token_cycles):
        assert end < token < end + 1000  # the host sees it when the core has posted it
    assert sum(layer["decode_cycles"] for layer in made.values["layers"]) < min(
        p["cycles"] for p in found if p["kind"] == "decode")


def test_sums_of_a_run(made: Made) -> None:
    """Commands, macro cycles, traffic: what the report counts is what golden and testbench count.
    """
    run, values = made.run, made.values
    seen = sim_report.observe(run)
    commands = sum(r.command is not None and r.command.name != "sync"
                   for posted in run.golden.records for r in posted)
    assert len(seen.table.start) == commands
    assert np.all(seen.table.end > seen.table.start)
    served = [p for p in values["phases"] if p["kind"] != "load"]
    work = sum(p["where"]["computing"] for p in served) * NANO.n_chiplets * NANO.n_macros
    assert work == pytest.approx(seen.table.work[seen.table.queue >= MACRO0].sum(), abs=1)
    received = sum(activity.work(r.command, NANO.block) for posted in run.golden.records
                   for r in posted if r.command is not None and r.command.name == "send")
    assert values["link_payload_bytes"] == received * NANO.block  # one peer
    assert sum(p["memory_bytes"] for p in values["phases"]) == pytest.approx(
        NANO.block * (sum(run.result.memory_reads) + sum(run.result.memory_writes)), rel=0.02)
    later = [p for p in served if p["name"] in ("token 2", "head 2", "token 3", "head 3")]
    assert values["cycles_over_bound"]["token"] == pytest.approx(
        sum(p["cycles"] for p in later) / sum(p["macro_bound_cycles"] for p in later), rel=1e-4)
    macs = sum(p["useful_macs"] for p in served)
    assert macs == values["useful_macs"]
    assert values["exposed_gather_cycles"] == pytest.approx(
        sum(p["where"]["gather"] for p in served), abs=0.5)


def test_report_of_a_batch(tmp_path: Path) -> None:
    """A phase for each prompt, each head and each round; the texts of both sequences; cycles from
    the first token of the last sequence on."""
    made = simulated(tiny_weights(), [[1, 7, 30, 12, 5], [4, 2]], 3, tmp_path)
    v, result = made.values, made.run.result
    assert [p["name"] for p in v["phases"][1:]] == [name for name, _, _ in
                                                    phases.turns([5, 2], [3, 3])]
    answers = host.by_sequence(result.tokens, 2)
    assert [s["text"] for s in v["sequences"]] == [f"<b>{answer}</b>" for answer in answers]
    assert sum(p.get("useful_macs", 0) for p in v["phases"]) == v["useful_macs"]
    assert v["prefill_tokens"] == 7 and len(v["logits_crc"]) == 6
    assert v["prefill_cycles"] == result.token_cycles[1] - result.request_cycle
    assert v["decode_cycles_per_token"] == (result.token_cycles[5] - result.token_cycles[1]) / 4
    rounds = [p for p in v["phases"] if p["kind"] == "decode"]
    assert [p["tokens"] for p in rounds] == [2, 2]
    assert len({p["macro_bound_cycles"] for p in rounds}) == 1
    assert all(f"&lt;b&gt;{answer}" in made.page for answer in answers)


def test_report_of_an_encoder(tmp_path: Path) -> None:
    """A sequence is one phase; cycles are given for it and by token of the input."""
    config = BertConfig(32, 1, 2, 40, 37, 32, 1e-12)
    made = simulated(random_biased(config, 1), [[1, 7, 30, 12, 5]], 32, tmp_path)
    v, result = made.values, made.run.result
    assert [p["name"] for p in v["phases"]] == ["load", "sequence"]
    cycles = result.token_cycles[0] - result.request_cycle
    assert v["prefill_cycles"] == cycles and v["cycles_per_input_token"] == cycles / 5
    assert v["phases"][1]["end"] - result.request_cycle < cycles
    assert v["useful_macs"] == v["phases"][1]["useful_macs"] == phases.useful_macs(
        config, 0, 5, 0)
    assert "decode_cycles_per_token" not in v and "cycles per token of it" in made.page


def test_logits_crc(made: Made) -> None:
    """Of the reference, which knows nothing of commands."""
    answer = reference(tiny_weights(), NANO.block, made.run.prompts[0], 3)
    assert made.values["logits_crc"] == [f"{zlib.crc32(row.tobytes()):08x}"
                                         for row in answer.logits]


def numbers(data: dict, name: str, kind: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(data[name]), kind)


def test_page_stands_alone(made: Made) -> None:
    """Nothing is loaded from elsewhere; what the model writes is text, not markup."""
    assert not re.search(r"https?:|\ssrc=|\shref=|url\(|@import|<link|fetch\(|import\(", made.page)
    assert "<b>[" not in made.page and "&lt;b&gt;" in made.page
    for text in ("Timeline", "Where the cycles go", "Use of the macros by layer",
                 "Phases and traffic", "Operations", "exposed gather", "token 3", "softmax"):
        assert text in made.page
    assert f"{made.values['commands_checked']:,} of" in made.page


def test_page_draws_every_command(made: Made) -> None:
    """The arrays on the page: lanes of all engines, bars in order, as long as the commands."""
    text = re.search(r'<script id="data" type="application/json">(.*?)</script>', made.page)
    data = json.loads(text[1])
    lanes = data["lanes"]
    assert [lane["name"] for lane in lanes if lane["chiplet"] == 1] == [
        "macro 0", "move", "vector", "send", "dma", "core", "waits"]
    start, length = numbers(data, "start", "<u4"), numbers(data, "length", "<u4")
    operation, layer = numbers(data, "operation", "u1"), numbers(data, "layer", "u1")
    assert sum(lane["bars"] for lane in lanes) == len(start) == len(length) == len(layer)
    assert operation.max() < len(data["operations"]) == len(data["part"])
    assert set(layer) == {0, report_page.NO_LAYER}
    table, at = sim_report.observe(made.run).table, 0
    for lane in lanes:
        bars = slice(at, at + lane["bars"])
        at += lane["bars"]
        assert np.all(start[bars][1:] >= start[bars][:-1] + length[bars][:-1])
        if lane["name"] == "vector":
            mine = (table.chiplet == lane["chiplet"]) & (table.queue == VE)
            assert length[bars].sum() == (table.end[mine] - table.start[mine]).sum()
    assert np.mean(data["overview"]["macros"]) * (data["last"] - data["request"]) == pytest.approx(
        sum(p["where"]["computing"] for p in made.values["phases"]), rel=0.01)


def test_a_run_that_differs(made: Made, tmp_path: Path) -> None:
    """Exit status, no logits_crc, and a page that says so; also where the run broke off early."""
    result = dataclasses.replace(made.run.result, mismatches=1, first_mismatch={
        "chiplet": 0, "queue": 0, "queue_name": "ve", "opcode": 1, "number": 3, "got": 1,
        "expected": 2})
    with pytest.raises(SystemExit):
        write(dataclasses.replace(made.run, result=result), tmp_path)
    assert json.loads((tmp_path / "report.json").read_text())["logits_crc"] == []
    assert 'class="verdict bad"' in (tmp_path / "report.html").read_text()
    lines = made.run.activity.read_text().splitlines(keepends=True)
    for name, part in (("half", len(lines) * 2 // 3), ("boot", 20)):
        path = tmp_path / name
        path.write_text("".join(lines[:part]))
        early = dataclasses.replace(result, tokens=[], token_cycles=[],
                                    request_cycle=result.request_cycle if name == "half" else 0)
        with pytest.raises(SystemExit):
            write(dataclasses.replace(made.run, result=early, activity=path), tmp_path)
        assert (tmp_path / "report.html").exists() == (name == "half")
