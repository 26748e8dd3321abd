# SPDX-License-Identifier: Apache-2.0
"""Random runs of two chiplets: memories, scripts of the firmware, and the records that must come.

A scenario is a sequence of steps, each a command list for each chiplet. Waits and signals are
derived by models/compiler/program.py from what the commands read and write; the expectation is that
of the command-level simulator (models/csim.py), which gets the relocated commands one by one. The
first commands of a list may come from the core instead (PUSH), or the last ones, once the list has
been fetched. While engines work the core writes and reads the stash.
`inject` (tb/chiplet/faults.py) adds steps that must end in an error.
"""

from __future__ import annotations

import dataclasses
import functools
import random
from collections import defaultdict
from pathlib import Path

import numpy as np

from models import csim, vector_engine
from models.commands import BYTES, Command, decode, formats
from models.compiler.program import DMA, MACRO0, PEER0, VE, Node, Part, Program
from models.config import Config
from models.registers import registers
from scripts import firmware
from tb.chiplet.random_commands import CORE_BEATS, Commands, Layout, memory_image
from tb.common.filelist import ROOT
from tb.common.memory import write_hex

REGISTERS, WINDOW = 0x20000000, 0x40000000
SCRIPT_WORD, SRAM_WORDS = 0x1000 // 4, 15 * 1024
END, STORE, CHECK, POLL, PUSH, SLEEP, WAIT, REFUSED = range(8)  # of tb/chiplet/script.c
LINE_ERROR, LINE_MESSAGE, LINE_IDLE = 1 << 17, 1 << 18, 1 << 20
DISPATCH_IDLE, DISPATCH_ERROR, DISPATCH_RESETTING = 2, 4, 16
LIST_START, ENGINE_RESET, NOTIFY_CLEAR, SIGNATURE_CLEAR = 1, 2, 4, 8
WATCHDOG_CYCLES = 100_000  # a chiplet waits that long for the other to be initialised
PIECE = 32
LONGEST_SCALARS = 512


@functools.cache
def program() -> firmware.Image:
    """tb/chiplet/script.c."""
    return firmware.build("chiplet_script", [ROOT / "tb" / "chiplet" / "script.c"])


def register(name: str, index: int = 0) -> int:
    return REGISTERS + registers("core_registers")[name].address + 4 * index


@dataclasses.dataclass(frozen=True)
class Want:
    """A record that must come; the command as it stands in the list, None for a packet."""

    opcode: int
    signature: int
    command: Command | None


@dataclasses.dataclass
class Step:
    """What one chiplet has to do in one step: the records of each queue, all of them unless the
    step ends in an error (then any number of the first ones). `first`: number of the first record
    of a queue."""

    want: dict[int, list[Want]]
    whole: bool = True
    first: dict[int, int] = dataclasses.field(default_factory=dict)
    title: str = ""


def pieces(parts: list[Part]) -> list[Part]:
    """Parts cut at multiples of PIECE: a program finds the users of a short thing sooner."""
    return [Part(f"{p.name}/{n}", max(p.first, n * PIECE), min(p.last, (n + 1) * PIECE))
            for p in parts for n in range(p.first // PIECE, (p.last - 1) // PIECE + 1)]


class Scenario:
    DRAWS = Commands
    LISTS = Layout.lists
    WEIGHTS = {  # how often each command is drawn
        "mac": 6, "ve": 6, "load": 5, "store": 2, "weights": 2, "column": 2, "row": 2, "send": 3,
        "sync": 1,
    }

    def __init__(self, config: Config, seed: int, memory_beats: int = 32768) -> None:
        self.config, self.seed = config, seed
        self.r = random.Random(seed)
        rng = np.random.default_rng(seed)
        self.layout = Layout(config.block // 2, self.LISTS)
        self.next_list = [self.layout.lists] * config.n_chiplets
        self.drawn = 0  # random commands
        self.memory_beats = memory_beats
        self.memory_base = 0  # the machine's memory begins there, that of the model at 0
        memories = [memory_image(self.layout, config.block, memory_beats, rng)
                    for _ in range(config.n_chiplets)]
        self.images = [m.copy() for m in memories]  # what the machine starts with
        self.package = csim.Package(config, memories)
        core = self.r.randrange(0, config.stash_beats, CORE_BEATS)
        self.commands = [self.DRAWS(config, self.r, self.layout, core) for _ in memories]
        self.core_at = core * config.block // 4  # first word in the window
        self.core_words = rng.integers(
            0, 1 << 32, (config.n_chiplets, CORE_BEATS * config.block // 4), np.uint64)
        self.script: list[list[int]] = [[] for _ in memories]
        self.steps: list[list[Step]] = [[] for _ in memories]
        self.sequence = [defaultdict(int) for _ in memories]  # records so far, by queue
        for c in range(config.n_chiplets):
            self.store(c, register("WATCHDOG"), WATCHDOG_CYCLES)
            for n, word in enumerate(self.core_words[c]):
                self.store(c, self.window(n), int(word))

    # Scripts

    def store(self, chiplet: int, address: int, value: int) -> None:
        self.script[chiplet] += [STORE, address, value]

    def check(self, chiplet: int, address: int, value: int, mask: int = 0xFFFFFFFF) -> None:
        self.script[chiplet] += [CHECK, address, mask, value]

    def poll(self, chiplet: int, address: int, value: int, mask: int) -> None:
        self.script[chiplet] += [POLL, address, mask, value]

    def sleep(self, chiplet: int, line: int) -> None:
        self.script[chiplet] += [SLEEP, line]

    def window(self, word: int) -> int:
        return WINDOW + 4 * (self.core_at + word)

    def traffic(self, chiplet: int, count: int) -> None:
        """The core writes and reads its words of the stash."""
        for _ in range(count):
            n = self.r.randrange(self.core_words.shape[1])
            if self.r.random() < 0.5:
                self.core_words[chiplet, n] = self.r.getrandbits(32)
                self.store(chiplet, self.window(n), int(self.core_words[chiplet, n]))
            else:
                self.check(chiplet, self.window(n), int(self.core_words[chiplet, n]))

    def tell(self, sender: int) -> None:
        """The other chiplet goes on when this one has come here."""
        other, value = 1 - sender, self.r.getrandbits(32)
        self.store(sender, register("MTX_PEER"), other)
        self.poll(sender, register("MTX_STATUS"), 1, 1)
        self.store(sender, register("MTX_LO"), value)
        self.store(sender, register("MTX_HI"), value ^ 0xFFFFFFFF)
        self.sleep(other, LINE_MESSAGE)
        self.check(other, register("MRX_STATUS"), 1 | sender << 4)
        self.check(other, register("MRX_LO"), value)
        self.check(other, register("MRX_HI"), value ^ 0xFFFFFFFF)
        self.store(other, register("MRX_POP"), 1)

    def begin(self, chiplet: int, step: Step) -> None:
        """A step of this chiplet begins: its records bear the step's number."""
        step.first = dict(self.sequence[chiplet])
        self.store(chiplet, register("HOST_STATUS"), len(self.steps[chiplet]))
        self.steps[chiplet].append(step)

    def start(self, chiplet: int, raw: bytes, base: list[int], pushed: int = 0, limit: int = 0,
              address: int | None = None) -> None:
        """Have the list, or its first `pushed` commands from the core, executed."""
        for n in range(1, 16):
            self.store(chiplet, register("BASE", n), base[n])
        raw = self.placed(raw)
        listed = raw[pushed * BYTES :]
        beats = -(-len(listed) // self.config.block)
        at = self.next_list[chiplet]
        if at + beats > self.memory_beats:
            raise ValueError(f"the lists need more than {self.memory_beats} memory beats")
        self.next_list[chiplet] = at + beats
        for memory in (self.images[chiplet], self.package.chiplets[chiplet].memory):
            memory[at : at + beats].reshape(-1)[: len(listed)] = np.frombuffer(listed, np.uint8)
        self.push(chiplet, raw[: pushed * BYTES])
        if address is None:
            address = at + self.memory_base
        self.store(chiplet, register("LIST_ADDRESS"), address)
        self.store(chiplet, register("LIST_LIMIT"), limit or beats)
        self.store(chiplet, register("CONTROL"), LIST_START)

    def placed(self, raw: bytes) -> bytes:
        """The commands with memory addresses as the machine has them."""
        if not self.memory_base:
            return raw
        field = formats()["load"].fields["mem"]  # the same in all commands of the DMA
        out = b""
        for at in range(0, len(raw), BYTES):
            value = int.from_bytes(raw[at : at + BYTES], "little")
            if value >> 4 & 15 == DMA and value & 15 in (1, 2, 3):
                mem = value >> field.lsb & 0xFFFFFFFF
                value += ((mem + self.memory_base & 0xFFFFFFFF) - mem) << field.lsb
            out += value.to_bytes(BYTES, "little")
        return out

    def push(self, chiplet: int, raw: bytes) -> None:
        for at in range(0, len(raw), BYTES):
            words = np.frombuffer(raw[at : at + BYTES], "<u4").tolist()
            self.script[chiplet] += [PUSH, *words]

    # Steps

    def bases(self) -> list[int]:
        wide = self.r.random() < 0.7
        return [0] + [self.r.getrandbits(32 if wide else 6) for _ in range(15)]

    def model(self, chiplet: int, raw: bytes, base: list[int]) -> list[Command]:
        """What the simulator executes for a list."""
        every = [decode(raw[at : at + BYTES]) for at in range(0, len(raw), BYTES)]
        return [c.relocate(base) for c in every if c.name != "end"]

    def execute(self, lists: dict[int, list[Command]]) -> list[list[csim.Record]]:
        """Records of the simulator for these commands of some chiplets."""
        before = [len(d.records) for d in self.package.dispatchers]

        def core(chiplet: int):
            for c in lists.get(chiplet, []):
                self.package.dispatchers[chiplet].push(c)
            yield

        self.package.run([core(c) for c in range(self.config.n_chiplets)])
        return [d.records[n:] for d, n in zip(self.package.dispatchers, before)]

    def wants(self, raw: bytes, records: list[csim.Record]) -> dict[int, list[Want]]:
        originals = defaultdict(list)
        for at in range(0, len(raw), BYTES):
            c = decode(raw[at : at + BYTES])
            originals[c.queue].append(c)
        out: dict[int, list[Want]] = defaultdict(list)
        for r in records:
            c = originals[r.queue][len(out[r.queue])] if r.queue < PEER0 else None
            out[r.queue].append(Want(r.opcode, r.signature, c))
        return out

    def run_program(self, made: Program, base: list[list[int]], title: str) -> None:
        """A step in which every command has to be executed."""
        lists = made.finish()
        models = {c: self.model(c, raw, base[c]) for c, raw in enumerate(lists)}
        for c, records in enumerate(self.execute(models)):
            want = self.wants(lists[c], records)
            self.begin(c, Step(want, title=title))
            for queue, listed in want.items():
                self.sequence[c][queue] += len(listed)
            self.run_list(c, lists[c], base[c], want)

    def run_list(self, c: int, raw: bytes, base: list[int], want: dict[int, list[Want]]) -> None:
        count, r = len(raw) // BYTES - 1, self.r
        self.store(c, register("CONTROL"), NOTIFY_CLEAR | SIGNATURE_CLEAR)
        kind = r.random()
        first = min(count, r.randint(1, 5)) if kind < 0.4 else 0
        last = min(count - first, r.randint(1, 5)) if kind > 0.7 else 0
        end = raw[-BYTES:]
        cut = len(raw) - BYTES * (last + 1)
        self.start(c, raw[:cut] + end, base, pushed=first)
        self.traffic(c, r.choice((0, 5, 20)))
        if last:
            self.poll(c, register("DISPATCH"), 0, 1)
            self.push(c, self.placed(raw[cut:-BYTES]))
        self.traffic(c, r.choice((0, 5)))
        if r.random() < 0.5:
            self.sleep(c, LINE_IDLE)
        else:
            self.poll(c, register("DISPATCH"), DISPATCH_IDLE, DISPATCH_IDLE)
        local = [w for queue, listed in want.items() if queue < PEER0 for w in listed]
        self.check(c, register("DISPATCH"), 0, DISPATCH_ERROR)
        self.check(c, register("SIGNATURE_SUM"), sum(w.signature for w in local) & 0xFFFFFFFF)
        self.check(c, register("NOTIFY_COUNT"), sum(w.command.notify for w in local))

    def initialise(self, chiplets: list[int] | None = None) -> None:
        """Write all of stash, weights and some scalars, so that nothing unknown is read."""
        config, layout = self.config, self.layout
        made = Program(config)
        for c in range(config.n_chiplets) if chiplets is None else chiplets:
            draws, core = self.commands[c], self.commands[c].core
            period = layout.group + 1
            for first, last in ((0, core.first), (core.last, config.stash_beats)):
                for at in range(first, last, 64):
                    count = min(64, last - at)
                    mx = self.r.random() < 0.5
                    mem = self.r.randrange(0, layout.fp32 - 64 - 64 // period - period, period)
                    if not mx:
                        mem = self.r.randint(layout.fp32, layout.stores - 64)
                    made.add(c, DMA, Command("load", DMA, {
                        "mem": mem, "stash": at, "rows": 1, "count": count, "mx": int(mx)}),
                        writes=pieces([Part("stash", at, at + count)]))
            for macro in range(config.n_macros):
                step = 4
                for set_ in range(0, config.sets, step):
                    sets = min(step, config.sets - set_)
                    mem = self.r.randrange(0, layout.fp32 // 2, period)
                    made.add(c, DMA, Command("weights", DMA, {
                        "mem": mem, "set": set_, "count": sets * config.block, "macro": macro}),
                        writes=pieces([Part(f"sets{macro}", set_, set_ + sets)]))
            draws.scalars[:] = False
            for s_dst in (0, self.r.randrange(100, 800), vector_engine.SCALARS - 40):
                at = draws.core.last % (config.stash_beats // 2)
                made.add(c, VE, Command("ve", VE, {
                    "a": at, "len": 2, "outer": 40, "inner": 1, "a_outer": 3, "reduce": 1,
                    "s_dst": s_dst}), reads=pieces([Part("stash", at, at + 40 * 3)]))
                draws.scalars[s_dst : s_dst + 40] = True
        self.run_program(made, [self.bases() for _ in self.commands], "initialise")

    def random_list(self, count: int) -> None:
        """A step of `count` random commands on all chiplets."""
        made, base = Program(self.config), [self.bases() for _ in self.commands]
        for draws in self.commands:
            draws.results.clear()
        names, weights = list(self.WEIGHTS), list(self.WEIGHTS.values())
        self.drawn += count
        for _ in range(count):
            self.add(made, self.r.randrange(self.config.n_chiplets),
                     self.r.choices(names, weights)[0], base)
        self.run_program(made, base, f"{count} random commands")

    def add(self, made: Program, c: int, name: str, base: list[list[int]],
            owner: int | None = None) -> Node:
        """Add a random command; some also wait for commands that they do not depend on. `owner`:
        chiplet that will get it, if the program does not number them as the scenario does."""
        draws, r = self.commands[c if owner is None else owner], self.r
        recent = [n for n in made.nodes[-40:] if n.chiplet == c]
        after = r.sample(recent, min(len(recent), r.choice((0, 0, 0, 1, 2))))
        if name == "sync":
            queue = r.randrange(MACRO0 + self.config.n_macros)
            after = r.sample(recent, min(len(recent), r.randint(0, 5)))
            if queue >= MACRO0:
                draws.results.pop(queue, None)
            return made.add(c, queue, Command("sync", queue), after=after)
        drawn = draws.draw(name)
        queue = drawn.command.queue
        if name == "mac" and draws.mac_reads_results(drawn):
            made.add(c, queue, Command("sync", queue))
        command = draws.relocated(drawn.command, base[c])
        reads = pieces(drawn.reads)
        if name == "send":
            return made.send(c, command, reads, pieces(drawn.remote), after)
        return made.add(c, queue, command, reads, pieces(drawn.writes), after)

    def finish(self) -> None:
        for c, script in enumerate(self.script):
            for n, word in enumerate(self.core_words[c]):
                self.check(c, self.window(n), int(word))
            script.append(END)
            if SCRIPT_WORD + len(script) > SRAM_WORDS:
                raise ValueError(f"the script of chiplet {c} has {len(script)} words")

    def write(self, folder: Path) -> None:
        """The files that chiplet_tb loads."""
        folder.mkdir(parents=True, exist_ok=True)
        flat = program().bin.read_bytes()
        for c, script in enumerate(self.script):
            sram = bytearray(4 * (SCRIPT_WORD + len(script)))
            sram[: len(flat)] = flat
            sram[4 * SCRIPT_WORD :] = np.array(script, "<u4").tobytes()
            write_hex(folder / f"sram{c}.hex", bytes(sram), 4)
            write_hex(folder / f"memory{c}.hex", self.images[c].tobytes(), self.config.block)

    @property
    def total(self) -> int:
        """Records that must come in steps that do not end in an error."""
        return sum(len(w) for steps in self.steps for s in steps if s.whole
                   for w in s.want.values())
