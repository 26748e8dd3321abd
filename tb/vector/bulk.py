# SPDX-License-Identifier: Apache-2.0
"""Commands of the vector engine in bulk, for tb/vector/vector_bulk.cpp: numpy draws them, and
models/vector_engine.py says what must come out. An episode is operands, then commands."""

from __future__ import annotations

import random
from collections.abc import Iterator

import numpy as np

from models import cycle_hardware, fp32, vector_engine
from models.commands import Command, IllegalCommand, formats, queue_number
from models.errors import AddressError
from tb.vector import mirror, stimulus, vector_coverage
from tb.vector.mirror import Mirror

REFUSED_CYCLES = 4
HEADER = np.dtype([("counts", "<u4", 4), ("reset_after", "<u4"), ("stalls", "u1", 4)])
COMMAND = np.dtype([
    ("word", "u1", 32), ("counts", "<u4", 2), ("reads", "<u4", 2), ("signature", "<u4"),
    ("cycles", "<u4"), ("status", "u1"), ("sticky", "u1"), ("exact", "u1"), ("queued", "u1")])
SCALAR = np.dtype([("value", "<u4"), ("addr", "<u2"), ("unused", "<u2")])


def ve(**fields: int) -> Command:
    return Command("ve", queue_number("ve"), fields)


class Bulk:
    """Draws episodes and keeps what they leave behind."""

    def __init__(self, block: int, beats: int, fn_cycles: int, seed: int) -> None:
        self.block, self.lanes, self.beats = block, block // 4, beats
        self.mirror = Mirror(block, beats)
        self.hardware = cycle_hardware.Hardware(block=block, fn_cycles=fn_cycles)
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        self.coverage = vector_coverage.define(block)
        self.waiting: list[Command] = []
        self.load = np.dtype([("data", "u1", block), ("addr", "<u4")])
        self.beat = np.dtype([("data", "u1", block), ("addr", "<u2"), ("exps", "<u2")])

    # ---- the stream

    def episode(
        self, commands: list[Command], loads: list, stalls: str = "none", reset_after: int = 0
    ) -> bytes:
        """The bytes of one episode; the mirror executes its commands."""
        table = np.zeros(len(commands), COMMAND)
        beats, scalars = [], []
        for row, c in zip(table, commands):
            o = self.mirror.run(c)
            row["word"] = np.frombuffer(c.encode(), np.uint8)
            row["signature"], row["status"], row["sticky"] = o.signature, int(o.code), o.sticky
            row["cycles"] = REFUSED_CYCLES
            if o.effect is None:
                continue
            e = o.effect
            tree = c.reduce not in (vector_engine.REDUCE_NONE, vector_engine.REDUCE_ROWS)
            row["cycles"] = cycle_hardware.vector(c, self.hardware).done
            row["exact"] = not tree and c.out != vector_engine.OUT_MX
            row["queued"] = not c.reduce and not c.fn and c.out == vector_engine.OUT_FP32
            row["reads"] = o.reads
            row["counts"] = len(e.address), len(e.scalar_index)
            beats.append(np.zeros(len(e.address), self.beat))
            beats[-1]["data"], beats[-1]["addr"] = e.data, e.address
            beats[-1]["exps"] = e.exps[:, 0] + 256 * e.exps[:, 1].astype(np.uint16)
            scalars.append(np.zeros(len(e.scalar_index), SCALAR))
            scalars[-1]["value"], scalars[-1]["addr"] = fp32.bits(e.scalar_value), e.scalar_index
        written = np.zeros(len(loads), self.load)
        for row, (address, data) in zip(written, loads):
            row["addr"], row["data"] = address, data
        head = np.zeros((), HEADER)
        head["counts"] = len(loads), len(commands), sum(map(len, beats)), sum(map(len, scalars))
        head["reset_after"] = reset_after
        head["stalls"] = *stimulus.STALLS[stalls], self.random.choice((0, 80, 240))
        return b"".join(part.tobytes() for part in (head, written, table, *beats, *scalars))

    def alone(self, c: Command, kind: str = "normal", stalls: str = "none") -> bytes:
        """One legal command on fresh operands."""
        return self.episode([c], self.mirror.operands(c, kind, kind, self.numpy), stalls)

    def first(self) -> bytes:
        """Gives the whole stash, all scalars and the held row a value."""
        whole = self.mirror.put(np.arange(self.beats), stimulus.floats(
            "normal", self.beats * self.lanes, self.numpy))
        return self.episode([], whole) + self.state()

    def state(self) -> bytes:
        """All scalars and the held row."""
        return b"".join(
            self.alone(c) for c in [mirror.hold(self.block), *mirror.first_scalars(self.beats)])

    # ---- what is driven

    def chains(self, chains: list[dict[str, int]]) -> Iterator[bytes]:
        """Bursts of commands with these chains, some refused, some on a new held row."""
        left = list(chains)
        while left:
            size = self.random.randint(1, 8)
            burst, left = left[:size], left[size:]
            stalls = self.random.choice(list(stimulus.STALLS))
            commands, loads = [], []
            if self.random.random() < 0.1:
                commands.append(mirror.hold(self.block))
                kind = self.random.choice(stimulus.VALUES)
                loads += self.mirror.operands(commands[0], kind, kind, self.numpy)
            for chain in burst:
                c = stimulus.command(chain, self.block, self.beats, self.random)
                kind = self.random.choice(stimulus.VALUES)
                other = self.random.choice((kind, "normal"))
                loads += self.mirror.operands(c, kind, other, self.numpy)
                if self.random.random() < 0.1:
                    commands.append(self.refused(c, self.random.choice(stimulus.RULES)))
                commands.append(c)
                vector_coverage.sample(self.coverage, c, kind, stalls)
            yield self.episode(commands, loads, stalls)

    def refused(self, c: Command, rule: str) -> Command:
        self.coverage.sample(rule=rule)
        return stimulus.broken(c, self.random)[rule]

    def rules(self) -> Iterator[bytes]:
        """Each rule broken once, between good commands."""
        for rule in stimulus.RULES:
            c = stimulus.command(self.chain(), self.block, self.beats, self.random)
            loads = self.mirror.operands(c, "normal", "normal", self.numpy)
            yield self.episode([self.refused(c, rule), c], loads)

    def chain(self) -> dict[str, int]:
        return self.random.choice(stimulus.CHAINS)

    def ends(self) -> Iterator[bytes]:
        """Commands that end on the last beat or scalar, and one place further."""
        for field in ("a", "b", "d", "s_src", "s_dst"):
            for out in (vector_engine.OUT_FP32, vector_engine.OUT_MX):
                chain = {"scale": 1, "bin": 2, "reduce": 1, "out": out}
                c = stimulus.command(chain, self.block, self.beats, self.random)
                p = vector_engine.plan(c, self.block, self.beats)
                streams = {"a": p.a, "b": p.b, "d": p.d, "s_src": p.source, "s_dst": p.target}
                end = vector_engine.SCALARS if field.startswith("s_") else self.beats
                values = {**c.values, "s_src": 0, "s_dst": 512}
                values[field] = getattr(c, field) + end - 1 - int(streams[field].max())
                at_end = ve(**values)
                commands = [at_end]
                if values[field] + 1 < 1 << formats()["ve"].fields[field].width:
                    past = ve(**{**values, field: values[field] + 1})
                    commands.insert(0, past)
                loads = self.mirror.operands(at_end, "normal", "normal", self.numpy)
                yield self.episode(commands, loads)

    def far(self) -> Iterator[bytes]:
        """Commands that end just behind a power of two, where trip counts, strides or bases are
        powers of two: a bit that is lost anywhere makes them look legal, or the other way round."""
        for k in range(25):
            over = (1 << k) + self.random.randrange(4)
            bit = 1 << min(k, 11)
            for field in "abd":
                self.reach(field, "outer", over)
                for trips, stride in ((bit, -(-self.beats // bit)), (-(-self.beats // bit), bit)):
                    for more in (0, -1, -2):
                        self.reach(field, "outer", trips * stride + more * stride, stride)
                if k < 16:
                    self.try_one(**{field: over & 0xFFFF})
                if field != "b":
                    self.reach(field, "inner", over)
            inner = self.random.randint(over // 4095 + 1, 255) if k < 20 else 255
            rows = {"inner": inner, "outer": min(over // inner, 4095)}
            for trips in (rows, {"outer": over % 4096}):
                for s_row in (0, 1):
                    self.try_one(**trips, scale=2, s_row=s_row, s_src=over % inner + 1)
                self.try_one(**trips, reduce=3, s_dst=over % inner + 1)
                self.try_one(**trips, scale=2, reduce=3, s_src=self.random.randrange(1024),
                             s_dst=self.random.randrange(1024), s_row=self.random.randrange(2))
        while self.waiting:
            part, self.waiting = self.waiting[:50], self.waiting[50:]
            yield self.episode(part, [])

    def reach(self, field: str, loop: str, end: int, stride: int = 0) -> None:
        """A stream that starts at the remainder and reaches `end` with this stride, or a random
        one."""
        most, widest = {"outer": (4094, 4095), "inner": (254, 1023)}[loop]
        stride = stride or self.random.randint(min(end // most, widest - 1) + 1, widest)
        steps = min(end // stride, most)
        base = end - steps * stride
        if stride <= widest and 0 <= base < 1 << 16 and steps >= 0:
            self.try_one(**{field: base, f"{field}_{loop}": stride, loop: steps + 1})

    def try_one(self, **fields: int) -> None:
        """A command of short rows, if it is refused, or not long and D apart from A and B."""
        c = ve(**{"outer": 1, "inner": 1, "bin": 2, "out": 1, "len": 1, "b": self.beats - 1,
                  "d": self.beats - 2, **fields})
        try:
            p = vector_engine.plan(c, self.block, self.beats)
            if c.outer * c.inner > 300 or np.isin(p.d, p.a).any() or np.isin(p.d, p.b).any():
                return
        except (IllegalCommand, AddressError):
            pass
        self.waiting.append(c)
