# SPDX-License-Identifier: Apache-2.0
"""List builder: semaphores where they are needed and nowhere else; what does not fit is said."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models import commands, config, csim, host
from models.checkpoint import random_llama
from models.commands import Command
from models.compiler import CompileError, compile_model, make_plan
from models.compiler.program import DMA, MACRO0, MOVE, SEND, VE, Part, Program
from models.compiler.shard import cut
from models.errors import PoisonError
from tests.compiler.small_models import shape

VE_COMMAND = {"outer": 1, "inner": 1, "len": 1}


def decoded(encoded: bytes) -> list[Command]:
    size = commands.BYTES
    return [commands.decode(encoded[i : i + size]) for i in range(0, len(encoded), size)]


def step(program: Program, chiplet: int, queue: int, reads=(), writes=()) -> None:
    command = Command("ve", VE, dict(VE_COMMAND)) if queue == VE else Command("sync", queue)
    program.add(chiplet, queue, command, [Part(n) for n in reads], [Part(n) for n in writes])


def waits(command: Command) -> set[int]:
    return set(range(command.wait_first, command.wait_first + command.wait_count))


def test_read_waits_for_the_write_once() -> None:
    p = Program(config.load("tracer", n_chiplets=1))
    step(p, 0, VE, writes=["a"])
    step(p, 0, MACRO0, reads=["a"])
    step(p, 0, MACRO0, reads=["a"])
    lines = decoded(p.finish()[0])
    assert [waits(c) for c in lines[:3]] == [set(), {VE}, set()]


def test_overwriting_waits_for_readers() -> None:
    p = Program(config.load("tracer", n_chiplets=1))
    step(p, 0, MACRO0, reads=["a"])
    step(p, 0, VE, writes=["a"])
    assert waits(decoded(p.finish()[0])[1]) == {MACRO0}


def test_chains_of_waits_are_used() -> None:
    """VE -> MOVE -> macro: the macro need not wait for VE itself."""
    p = Program(config.load("tracer", n_chiplets=1))
    step(p, 0, VE, writes=["a"])
    step(p, 0, MOVE, reads=["a"], writes=["b"])
    step(p, 0, MACRO0, reads=["a", "b"])
    assert waits(decoded(p.finish()[0])[2]) == {MOVE}


def test_parts_of_a_buffer_are_independent() -> None:
    p = Program(config.load("tracer", n_chiplets=1))
    p.add(0, VE, Command("ve", VE, dict(VE_COMMAND)), writes=[Part("a", 0, 4)])
    p.add(0, MACRO0, Command("sync", MACRO0), reads=[Part("a", 4, 8)])
    p.add(0, MOVE, Command("sync", MOVE), reads=[Part("a", 3, 5)])
    lines = decoded(p.finish()[0])
    assert [waits(c) for c in lines[1:3]] == [set(), {VE}]


def test_send_waits_until_the_receiver_has_read() -> None:
    """The receiver's macro still reads the old contents: it has to report back."""
    p = Program(config.load("tracer", n_chiplets=2))
    step(p, 1, MACRO0, reads=["a"])
    p.send(0, Command("send", SEND, {"rows": 1, "count": 1}), [Part("a")], [Part("a")])
    first, second = (decoded(e) for e in p.finish())
    data = next(c for c in first if c.name == "send" and c.count)
    back = next(c for c in second if c.name == "send")
    assert 17 in waits(data)
    assert back.count == 0 and waits(back) == {MACRO0} and back.remote_first == SEND


def test_lists_are_balanced(seed: int) -> None:
    """Per pair of queues as many signals as waits, over all lists of a model."""
    cfg = config.load("tracer", n_chiplets=3, block=16, sets=512, max_tokens=32)
    c = shape(n_heads=5, n_kv_heads=5, head_dim=8)
    images = compile_model(random_llama(c, seed), cfg)
    for kind in (k for k in images[0].sections if "LIST" in k.name):
        count = np.zeros((3, 32, 16), int)
        for chiplet, image in enumerate(images):
            for command in decoded(image.section(kind).tobytes()):
                if command.name == "end":
                    break
                for p in waits(command) - {16 + chiplet}:
                    count[chiplet, p, command.queue] -= 1
                first, n = command.signal_first, command.signal_count
                count[chiplet, command.queue, first : first + n] += 1
                if command.name == "send":
                    first, n = command.remote_first, command.remote_count
                    for peer in range(3):
                        if command.peers >> peer & 1:
                            count[peer, 16 + chiplet, first : first + n] += 1
        assert not count.any()


def forget(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A builder that overlooks all accesses to parts of this name."""
    honest = Program._conflicts

    def forgetful(self, chiplet, part, write):
        found = honest(self, chiplet, part, write)
        return set() if part.name.startswith(name) else found

    monkeypatch.setattr(Program, "_conflicts", forgetful)


@pytest.mark.parametrize("name", ["attention_xq", "ffn_xq", "qkv", "k0", "ev0",
                                  "scores0", "hidden", "up", "x"])
def test_a_missing_dependency_is_seen(name: str, monkeypatch, seed: int) -> None:
    """Without the semaphores of one buffer some interleaving fails or changes the result."""
    c = shape(n_heads=2, n_kv_heads=1, head_dim=16)
    cfg = config.load("tracer", n_chiplets=2, block=16, sets=512, max_tokens=4)
    weights = random_llama(c, seed)
    good = host.run(compile_model(weights, cfg), cfg, [1, 2, 3], 2, want_logits=True)
    forget(monkeypatch, name)
    images = compile_model(weights, cfg)
    policies = [csim.late(VE), csim.late(MOVE), csim.late(DMA), csim.late(16), csim.reverse,
                csim.in_order, *(csim.late(MACRO0 + m) for m in range(2)), csim.shuffled(seed)]
    seen = False
    for policy in policies:
        try:
            run = host.run(images, cfg, [1, 2, 3], 2, want_logits=True, policy=policy, poison=True)
            seen |= run.logits.tobytes() != good.logits.tobytes()
        except (PoisonError, AssertionError):
            seen = True
    assert seen


def test_cut_is_even_and_goes_to_the_least_loaded() -> None:
    assert [r.count for r in cut(9, 1, [0, 0, 0, 0])] == [3, 2, 2, 2]
    assert [r.count for r in cut(9, 1, [5, 0, 0, 0])] == [2, 3, 2, 2]
    assert [(r.first, r.count) for r in cut(172, 64, [0, 0])] == [(0, 128), (128, 44)]
    assert [r.count for r in cut(10, 64, [0, 0])] == [10, 0]


SMOLLM2 = shape(dim=576, n_layers=30, n_heads=9, n_kv_heads=3, head_dim=64, ffn_dim=1536,
                vocab=49152, max_seq=8192)


def test_what_does_not_fit_is_said() -> None:
    with pytest.raises(CompileError, match=r"sets in a macro, configuration tracer has 4096.*"
                                           r"fits: smollm2"):
        make_plan(SMOLLM2, config.load("tracer"))
    with pytest.raises(CompileError, match="no named configuration fits"):
        make_plan(dataclasses.replace(SMOLLM2, n_layers=300), config.load("tracer"))
    one = dataclasses.replace(SMOLLM2, n_layers=1)
    with pytest.raises(CompileError, match="KV cache of 8192 positions needs"):
        make_plan(SMOLLM2, config.load("smollm2"), positions=8192)
    with pytest.raises(CompileError, match="9000 positions, the model has 8192"):
        make_plan(one, config.load("tracer"), positions=9000)
    with pytest.raises(CompileError, match="the stash needs"):
        make_plan(one, config.load("tracer", stash_beats=256))


def test_the_whole_model_fits_its_configuration() -> None:
    plan = make_plan(SMOLLM2, config.load("smollm2"))
    assert plan.max_tokens == 128 and plan.layout.chunk == 4 and plan.max_positions >= 256
