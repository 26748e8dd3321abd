# SPDX-License-Identifier: Apache-2.0
"""Commands that must be refused."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from models.chiplet import Chiplet
from models.commands import Command, IllegalCommand, formats
from models.compiler.program import DMA, MACRO0, MOVE, PEER0, SEND, VE
from models.errors import AddressError, Code
from tb.chiplet.edges.far import spread
from tb.chiplet.edges.steps import RESET_CYCLES, completions, error, reset
from tb.chiplet.faults import BEYOND, ZERO, word
from tb.chiplet.scenario import REFUSED, WAIT, Scenario, Step


@dataclasses.dataclass(frozen=True)
class Extent:
    """What must be below `limit`: base + sum of (count - 1) * stride + what `tail` adds."""

    limit: str
    base: str
    steps: tuple[tuple[str, str], ...]
    tail: str = ""


STASH, SETS = "stash_beats", "sets"
EXTENTS = {
    "mac": (Extent(STASH, "src", (("outer", "src_outer"), ("inner", "src_inner")), "depth"),
            Extent(STASH, "dst", (("outer", "dst_outer"), ("inner", "dst_inner")), "cols"),
            Extent(SETS, "set", (("cols", "tile_stride"),), "depth")),
    "load": (Extent(STASH, "stash", (("rows", "stash_stride"),), "count"),),
    "store": (Extent(STASH, "stash", (("rows", "stash_stride"),), "count"),),
    "weights": (Extent(SETS, "set", (), "count"),),
    "column": (Extent(STASH, "src", (("rows", "src_outer"), ("tiles", "src_inner"))),
               Extent(SETS, "set", (("pos", "block_stride"), ("tiles", "tile_stride")))),
    "row": (Extent(STASH, "ev", (("tiles", "ev_stride"),), "pos"),
            Extent(SETS, "set", (("pos", "block_stride"), ("tiles", "tile_stride")))),
    "send": (Extent(STASH, "src", (("rows", "src_stride"),), "count"),
             Extent(STASH, "dst", (("rows", "dst_stride"),), "count")),
}


class Refusals:
    """Commands that one chiplet must refuse."""

    def __init__(self, scenario: Scenario, chiplet: int) -> None:
        self.s, self.c, self.r = scenario, chiplet, scenario.r
        self.config = scenario.config
        self.queues = MACRO0 + self.config.n_macros
        memory = np.zeros((16, self.config.block), np.uint8)
        self.scratch = Chiplet(self.config, chiplet, memory)

    def queue(self, name: str) -> int:
        queues = {"mac": MACRO0 + self.r.randrange(self.config.n_macros), "ve": VE, "send": SEND,
                  "column": MOVE, "row": MOVE}
        return queues.get(name, DMA)

    def small(self, name: str) -> Command:
        """A legal command of one beat."""
        values = dict.fromkeys(ZERO[name], 1)
        if name == "send":
            values["peers"] = 1 << 1 - self.c
        return Command(name, self.queue(name), values)

    def code(self, c: Command) -> Code:
        """What an engine says to a command that does no harm to an empty chiplet."""
        try:
            self.scratch.send(c) if c.name == "send" else self.scratch.execute(c)
        except IllegalCommand:
            return Code.ILLEGAL
        except AddressError:
            return Code.ADDRESS
        return Code.NONE

    def beyond(self) -> tuple[Command, Code] | None:
        """An extent that ends just behind the limit, or at a power of two above it."""
        r, config = self.r, self.config
        c = self.small(r.choice(list(EXTENTS)))
        extent = r.choice(EXTENTS[c.name])
        fields = formats()[c.name].fields
        limit = getattr(config, extent.limit)
        power = 1 << r.randint(limit.bit_length(), 26)
        last = r.choice((limit, limit, power, power, power, limit + spread(r, 1 << 24)))
        unit = {"depth": config.block, "cols": config.block, "pos": config.block}
        left = last
        for count, stride in extent.steps:
            if r.random() < 0.6:
                n = 1 + spread(r, min((1 << fields[count].width) // unit.get(count, 1) - 1, left))
                step = min(left // max(n - 1, 1), (1 << fields[stride].width) - 1)
                c.values[count], c.values[stride] = max(1, (n - 1) * unit.get(count, 1) + 1), step
                left -= (n - 1) * step
        if extent.tail and r.random() < 0.5 and c.values.get(extent.tail, 0) <= 1:
            each = {"cols": config.lanes}.get(extent.tail, unit.get(extent.tail, 1))
            if c.name == "weights":
                each = config.block
            n = spread(r, min(left, (1 << fields[extent.tail].width) // each - 1))
            c.values[extent.tail] = n * each + 1
            left -= n
        if left >> fields[extent.base].width:
            return None
        c.values[extent.base] = left
        code = self.code(c)
        return (c, code) if code != Code.NONE else None

    def zeros(self) -> Iterator[tuple[Command, Code]]:
        """Each count that must not be 0, and peers that are none."""
        for name, fields in ZERO.items():
            for field in fields:
                c = self.small(name)
                c.values[field] = 0
                yield c, Code.ILLEGAL
        for peers in range(1 << 8):
            if peers != 1 << 1 - self.c and self.r.random() < 0.1:
                c = self.small("send")
                c.values["peers"] = peers
                yield c, Code.ILLEGAL
        for _ in range(20):
            c = self.small("send")
            first = self.r.randrange(16)
            c.values.update(remote_first=first, remote_count=self.r.randint(1, 15))
            if first + c.remote_count > self.queues:
                yield c, Code.ILLEGAL

    def headers(self) -> Iterator[bytes]:
        """What the dispatcher does not take: opcodes, queues, ranges, reserved bits."""
        r = self.r
        opcodes = defaultdict(lambda: {0, 1}, {DMA: {0, 1, 2, 3}, MOVE: {0, 1, 2}})
        for queue in range(16):
            for opcode in range(15):
                if queue >= self.queues and r.random() < 0.2 or \
                        queue < self.queues and opcode not in opcodes[queue]:
                    yield word(Command("sync", queue), opcode=opcode)
        have = {*range(self.queues), PEER0, PEER0 + 1}
        for first in range(32):
            count = next((n for n in range(1, 16) if not {*range(first, first + n)} <= have), 0)
            for n in {count, r.randint(count, 15), r.randint(count, 15)} if count else ():
                yield word(Command("sync", r.randrange(self.queues)), wait_first=first,
                           wait_count=n)
        for first in range(16):
            least = max(1, self.queues - first + 1)
            for n in {least, r.randint(least, 15)}:
                yield word(Command("sync", r.randrange(self.queues)), signal_first=first,
                           signal_count=n)
        for name in ("sync", *ZERO):
            used = formats()[name].used_bits
            command = Command("sync", r.randrange(self.queues)) if name == "sync" else \
                self.small(name)
            bits = range(used, 256) if name == "sync" else [
                used, 255, *(r.randint(used, 255) for _ in range(4))] if used < 256 else ()
            for bit in bits:
                yield word(command, reserved=bit)

    def second(self) -> None:
        """An error behind the first one: a load that finds no memory, while another is refused."""
        s, c = self.s, self.c
        core = s.commands[c].core
        load = Command("load", DMA, {"mem": BEYOND, "rows": 1, "count": 400,
                                     "stash": 0 if core.first >= 400 else core.last})
        bad = Command("mac", MACRO0, {})
        s.begin(c, Step({}, whole=False, title="two errors"))
        s.push(c, load.encode())
        s.push(c, bad.encode())
        s.script[c] += [WAIT, RESET_CYCLES]
        error(s, c, Code.ILLEGAL, MACRO0, 0, formats()["mac"].opcode)

    def numbered(self) -> None:
        """A list with a bad header behind some commands of all queues."""
        s, c, r = self.s, self.c, self.r
        syncs = [Command("sync", r.randrange(self.queues)) for _ in range(r.randrange(120))]
        queue = r.randrange(self.queues)
        bad = word(Command("sync", queue), reserved=r.randrange(26, 256))
        want = completions(syncs)
        s.begin(c, Step(want, whole=False, title="a bad header in a list"))
        raw = b"".join(x.encode() for x in syncs) + bad + Command("end", 0).encode()
        s.start(c, raw, [0] * 16)
        error(s, c, Code.ILLEGAL, queue, 0, 0, len(want[queue]))

    def add(self, count: int) -> None:
        """A step with every bad header and `count` commands that engines refuse."""
        cases = [(raw, Code.ILLEGAL) for raw in self.headers()]
        cases += [(c.encode(), code) for c, code in self.zeros()]
        while count:
            if found := self.beyond():
                cases.append((found[0].encode(), found[1]))
                count -= 1
        self.r.shuffle(cases)
        s, c = self.s, self.c
        reset(s, c)
        s.begin(c, Step({}, whole=False, title="refused commands"))
        for raw, code in cases:
            words = np.frombuffer(raw, "<u4").tolist()
            shown = code | (raw[0] >> 4) << 4 | (raw[0] & 15) << 14
            s.script[c] += [REFUSED, *words, shown, 0]
        self.second()
        for _ in range(20):
            self.numbered()
        s.tell(c)
        s.initialise([c])
