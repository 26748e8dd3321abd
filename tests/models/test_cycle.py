# SPDX-License-Identifier: Apache-2.0
"""The cycle model: formulas against independent ones, the machine on lists worked out by hand,
the builder against the compiler, and (regress) the RTL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import config, cycle, cycle_stash
from models.checkpoint import LlamaConfig
from models.commands import Command
from models.compiler.lists import Lists
from models.compiler.plan import Plan
from models.cycle_hardware import Firmware, Hardware, dma
from models.cycle_job import MINILM, SMOLLM2, Job
from models.cycle_workload import workload
from models.image import Kind

SMOLLM2_LAYER = LlamaConfig(dim=576, n_layers=1, n_heads=9, n_kv_heads=3, head_dim=64,
                            ffn_dim=1536, vocab=49152, max_seq=8192, rope_theta=1e5,
                            norm_eps=1e-5, tied=True)


def mac(queue: int = 4, **values: int) -> Command:
    small = {"cols": 64, "depth": 64, "outer": 1, "inner": 1, "tile_stride": 1}
    return Command("mac", queue, {**small, **values})


# Formulas


@pytest.mark.parametrize("cols, depth, outer, inner", [(64, 64, 1, 1), (100, 130, 3, 2),
                                                       (16, 576, 5, 1)])
def test_mac_formula(cols: int, depth: int, outer: int, inner: int) -> None:
    """done = t + 8 V + B + 10 (docs/chiplet.md)."""
    c = mac(cols=cols, depth=depth, outer=outer, inner=inner)
    vectors = outer * inner * -(-cols // 64) * -(-depth // 64)
    last = (cols - 1) % 64 // 16 + 1
    span = cycle.run([[c]], Hardware()).spans[0]
    assert span.end - span.start == 8 * vectors + last + 10
    assert span.busy == 8 * vectors


def test_queue_that_is_never_empty_keeps_its_macro_busy() -> None:
    commands = [mac(depth=576, outer=16) for _ in range(6)]
    result = cycle.run([commands], Hardware(n_macros=1))
    start = min(s.start for s in result.spans)
    assert result.cycles - start == 6 * 16 * 9 * 8 + 14
    assert result.busy(cycle.MACRO0) > 0.98


def test_narrow_result_port_limits_short_products() -> None:
    """A one-block tile takes 8 cycles and gives 4 beats: half a beat per cycle is the limit."""
    def cycles(rate: float) -> int:
        return cycle.run([[mac(outer=100)]], Hardware(result_rate=rate)).cycles

    assert cycles(0.5) - cycles(1.0) < 10
    assert 1.9 < cycles(0.25) / cycles(0.5) < 2.1


def test_accumulate_waits_for_the_results_before() -> None:
    """Start values are read once the last result beat of the command before is stored."""
    first, second = mac(depth=576), mac(depth=576, accumulate=1)
    spans = cycle.run([[first, second]], Hardware()).spans
    assert spans[1].end - spans[0].end == Hardware().accumulate_start + 9 * 8 + 4 + 6


# Machine


def test_semaphores_order_and_queues_overlap() -> None:
    first = mac(4, outer=10, signal_first=0, signal_count=1)
    other = mac(5, outer=10)
    second = Command("ve", 0, {"len": 64, "outer": 1, "inner": 1, "out": 1,
                               "wait_first": 4, "wait_count": 1})
    spans = {s.queue: s for s in cycle.run([[first, second, other]], Hardware()).spans}
    assert spans[0].start == spans[4].end + 1
    assert spans[5].start - spans[4].start == 2


def test_full_queue_holds_up_what_is_behind_it() -> None:
    """With two places the last of six commands is queued once four were taken; the macro takes the
    fourth when it feeds the third, after 2 x 400 cycles."""
    macs = [mac(4, outer=50) for _ in range(6)]
    late = mac(5)
    starts = []
    for depth in (2, 8):
        result = cycle.run([[*macs, late]], Hardware(queue_depth=depth))
        starts.append(next(s.start for s in result.spans if s.queue == 5))
    assert starts[0] > 800 > starts[1]


def test_packet_wakes_its_consumer_after_the_link() -> None:
    send = Command("send", 3, {"rows": 1, "count": 8, "dst_stride": 8, "peers": 2,
                               "remote_first": 4, "remote_count": 1})
    wait = mac(4, wait_first=16, wait_count=1)
    h = Hardware()
    spans = {s.chiplet: s for s in cycle.run([[send], [wait]], h).spans}
    flits = 8 * h.phits_per_beat + 2 * h.control_phits  # four beats and four
    last = spans[0].start + h.send_start + flits - 1 + h.link_latency + 3
    assert spans[1].start == last + h.packet_latency


def test_missing_signal_is_a_deadlock_that_names_the_command() -> None:
    with pytest.raises(cycle.DeadlockError, match="macro0.mac"):
        cycle.run([[mac(4, wait_first=0, wait_count=1)]], Hardware())


def test_runs_are_repeatable() -> None:
    lists = workload(Job(SMOLLM2, 16, chunk=4, lag=1, chiplets=2)).lists
    assert cycle.run(lists, Hardware()).spans == cycle.run(lists, Hardware()).spans


# Workloads


@pytest.mark.parametrize("chiplets, bound", [(1, 1944), (2, 1104), (4, 552)])
def test_macro_bound_cycles_of_the_brief(chiplets: int, bound: int) -> None:
    assert Job(SMOLLM2, 1, chiplets=chiplets).macro_bound_cycles == bound


def test_useful_macs() -> None:
    """864 tiles of 64 x 64, and 2 x 9 heads x 64 per token seen."""
    assert Job(SMOLLM2, 1).useful_macs == 864 * 4096 + 2 * 576
    assert Job(SMOLLM2, 2, context=3).useful_macs == 2 * 864 * 4096 + 2 * 576 * (4 + 5)
    assert Job(MINILM, 2).useful_macs == 2 * (4 * 384**2 + 2 * 384 * 1536) + 2 * 384 * 4


@pytest.mark.parametrize("chiplets", [1, 2, 4])
@pytest.mark.parametrize("chunks, last, position", [(1, 1, 64), (4, 4, 112), (32, 4, 0)])
def test_builder_agrees_with_the_compiler(chiplets: int, chunks: int, last: int,
                                          position: int) -> None:
    """The builder's list of one layer takes as long as the compiler's. Of a chunk alone it overlaps
    less: products are not cut along their contraction."""
    plan = Plan(SMOLLM2_LAYER, config.load("smollm2", n_chiplets=chiplets), 256)
    tokens = (chunks - 1) * plan.layout.chunk + last
    base = [0, position, last, position + tokens, *[0] * 12]
    compiled = [cycle.relocated(raw, base) for raw in Lists(plan, 0).step(chunks)]
    h = Hardware()
    mine = workload(Job(SMOLLM2, tokens, position, chunk=4, lag=1, pieces=3, chiplets=chiplets))
    ratio = cycle.run(mine.lists, h).cycles / cycle.run(compiled, h).cycles
    assert 1.02 < ratio < 1.1 if chunks == 1 else 0.98 < ratio < 1.02
    ours = sum(s.busy for s in cycle.run(mine.lists, h).spans if s.queue >= 4)
    theirs = sum(s.busy for s in cycle.run(compiled, h).spans if s.queue >= 4)
    assert ours == theirs


@pytest.mark.parametrize("changes", [
    {}, {"per_tile": True}, {"per_head": True}, {"spread": True}, {"pieces": 3},
    {"chunk": 4, "lag": 1}, {"chunk": 3, "lag": 2, "pieces": 2}, {"layers": 2}])
@pytest.mark.parametrize("shape", [SMOLLM2, MINILM])
def test_every_way_to_cut_does_the_same_work(shape, changes: dict) -> None:
    """Macro cycles: all tiles of all tokens, plus attention over blocks of tokens."""
    job = Job(shape, 17, **changes)
    result = cycle.run(workload(job).lists, Hardware())
    tiles = sum(-(-depth // 64) * -(-cols // 64) for depth, cols in shape.linears.values())
    attention = shape.heads * (1 + 1)
    work = job.layers * 17 * 8 * (tiles + attention)
    assert sum(s.busy for s in result.spans if s.queue >= 4) == work


@pytest.mark.parametrize("shape", [SMOLLM2, MINILM])
@pytest.mark.parametrize("chiplets", [2, 3, 4])
def test_shards_run_to_their_end(shape, chiplets: int) -> None:
    """No deadlock whatever the overlap and the queue depth, nothing left in a queue."""
    for changes in ({}, {"chunk": 2, "lag": 1}, {"chunk": 3, "lag": 2, "pieces": 2}):
        lists = workload(Job(shape, 9, chiplets=chiplets, **changes)).lists
        for depth in (1, 8):
            result = cycle.run(lists, Hardware(queue_depth=depth))
            assert len(result.spans) == sum(map(len, lists))


def test_overlap_of_chunks_fills_the_macros() -> None:
    def cycles(**changes) -> int:
        return cycle.run(workload(Job(SMOLLM2, 64, **changes)).lists, Hardware()).cycles

    serial, overlapped = cycles(chunk=16), cycles(chunk=4, lag=1)
    assert overlapped < 0.75 * serial
    assert overlapped < 1.05 * Job(SMOLLM2, 64).macro_bound_cycles


def test_lockstep_costs_what_the_tiles_say() -> None:
    """15 and 9 column tiles on 4 macros: 864 useful of 972."""
    lists = workload(Job(SMOLLM2, 4, lockstep=True)).lists
    busy = sum(s.busy for s in cycle.run(lists, Hardware()).spans if s.queue >= 4)
    attention = 9 * 2 * 4 * 8
    assert busy == 4 * 972 * 8 + attention


# Stash


def test_bank_conflicts() -> None:
    """Beat by beat: more banks cost less, and the formula of the model errs on the slow side from
    8 banks on."""
    for traffic in (cycle_stash.Traffic(), cycle_stash.Traffic(blocks=1, links=3)):
        costs = {b: cycle_stash.simulate(traffic, b, 2000) for b in (4, 8, 16)}
        assert costs[4].vector > costs[8].vector > costs[16].vector >= 1
        for banks in (8, 16):
            assert costs[banks].vector < Hardware(banks=banks).conflict(costs[banks].load) + 0.02
            assert costs[banks].backlog <= 16


# RTL


def measured(trace: Path, request: int, first_load: int, steps: list[tuple[int, int]]
             ) -> tuple[list[int], list[int]]:
    """From the completion records of chiplet 0: cycles of each step list, from its first load to
    its notify, and of the head lists, from notify to notify."""
    lines = [[int(v) for v in line.split()[:4]] for line in trace.read_text().splitlines()]
    own = [(t, queue, opcode) for t, c, queue, opcode in lines if c == 0 and t > request]
    ends = [t for t, queue, opcode in own if (queue, opcode) == (3, 0)]
    taken, after = [], 0
    for _ in steps:
        begin = next(t for t, queue, _ in own if queue == 1 and t > after) - first_load
        after = next(t for t in ends if t > begin)
        taken.append(after - begin)
    heads = [b - a for a, b in zip(ends[len(steps) - 1 :: 2], ends[len(steps) :: 2])]
    return taken, heads


CASES = {
    "stories260K on tracer": ("tracer", {}, 20),
    "a SmolLM2 layer on one chiplet": ("smollm2", {"n_chiplets": 1}, 128),
}


@pytest.mark.regress
@pytest.mark.sim("verilator")
@pytest.mark.parametrize("case", list(CASES))
def test_prediction_against_the_rtl(case: str, simulator: str, shared_data: Path,
                                    tmp_path: Path) -> None:
    """Cycles of each step list of a prefill, of each decoded token and of the head list, from the
    completion records of the RTL."""
    from models import host, loaders
    from models.compiler import compile_model
    from scripts.generate import main_firmware
    from tb.package.session import Job as Request
    from tb.package.session import simulate_package

    name, changes, length = CASES[case]
    cfg = config.load(name, **changes)
    weights = (loaders.load_llama2c(shared_data / "stories260K.bin") if name == "tracer"
               else loaders.load_gguf(loaders.smollm2_gguf()).first_layers(1))
    images = compile_model(weights, cfg, firmware=main_firmware().bin.read_bytes())
    prompt = [1, *range(3, length + 2)]
    golden = host.run(images, cfg, prompt, 3)
    trace = tmp_path / "trace.txt"
    result = simulate_package(cfg, images, golden.records, Request([(prompt, 3)]), work=tmp_path,
                              sim=simulator, trace=trace)
    assert not result.mismatches
    h = Hardware(n_macros=cfg.n_macros)
    steps, position = [], 0
    while position < length:
        steps.append((position, images[0].next_step(length - position).tokens))
        position += steps[-1][1]
    row = {"rows": 1, "count": images[0].embed_beats + 1}
    first_load = dma(Command("load", 1, row), h).next
    lists, heads = measured(trace, result.request_cycle, first_load, steps)
    for (position, tokens), cycles in zip(steps, lists):
        predicted = cycle.step_cycles(images, h, Firmware(), position, tokens)
        print(f"{case}: {tokens} tokens at {position}: RTL {cycles}, model {predicted}")
        assert predicted == pytest.approx(cycles, rel=0.02)
    for i, cycles in enumerate(np.diff(result.token_cycles)):
        predicted = cycle.token_cycles(images, h, Firmware(), length + i)
        print(f"{case}: token at {length + i}: RTL {cycles}, model {predicted}")
        assert predicted == pytest.approx(cycles, rel=0.02)
    # The list alone, without firmware.
    head = cycle.run_images(images, Kind.HEAD_LIST, h, length - 1, 1).cycles
    print(f"{case}: head list: RTL {heads[0] - Firmware().list_gap}, model {head}")
    assert heads[0] - Firmware().list_gap == pytest.approx(head, rel=0.1)
