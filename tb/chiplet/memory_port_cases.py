# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the memory port: bursts, order, errors and routing, from the requests alone."""

from __future__ import annotations

import cocotb
from cocotb.triggers import RisingEdge

from tb.common.bus import Scoreboard, StreamMonitor, StreamSink, StreamSource, random_pause
from tb.common.clock import rng, start

PAGE_BYTES = 4096
CLIENTS = (("a", "x"), ("b", "y"))


class Bench:
    """Two clients with a request stream and a response stream each."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.block = len(dut.x_data) // 8
        self.page = PAGE_BYTES // self.block
        self.beats = int(dut.MEMORY_BEATS.value)
        self.memory = [self.r.getrandbits(8 * self.block) for _ in range(self.beats)]
        self.bursts: list[list[tuple[int, int]]] = [[], []]

    async def begin(self) -> None:
        d = self.dut
        self.stalls(0)
        self.sources = [StreamSource(d, s, d.clk, ("addr", "beats")) for s, _ in CLIENTS]
        d.t_write.value = d.x_ready.value = d.y_ready.value = 0
        await start(d)
        # Only now: registers start at random, so a stream may show anything before its reset.
        self.sinks = [StreamSink(d, m, d.clk, ("data", "err")) for _, m in CLIENTS]
        self.boards = [Scoreboard(sink) for sink in self.sinks]
        StreamMonitor(d, "ar", d.clk, ("id", "addr", "len")).add_callback(self._burst)
        d.t_write.value = 1
        for index, word in enumerate(self.memory):
            d.t_index.value, d.t_data.value = index, word
            await RisingEdge(d.clk)
        d.t_write.value = 0

    def stalls(self, level: float) -> None:
        """Shares of cycles in which memory and clients stall; a quick memory if 0."""
        d = self.dut
        d.ar_stall.value = d.r_stall.value = int(256 * level)
        d.read_latency.value = self.r.choice((2, 30)) if level else 2

    def _burst(self, beat: dict[str, int]) -> None:
        """Each AR is the next burst that a request of its client must become."""
        want = self.bursts[beat["id"]].pop(0)
        got = beat["addr"], beat["len"] + 1
        assert got == want, f"client {beat['id']}: burst {got}, expected {want}"

    def ask(self, client: int, addr: int, beats: int) -> None:
        """Queue a request with what must come of it: as few bursts as pages, then the data."""
        at, left = addr, beats
        while left:
            some = min(left, self.page - at % self.page)
            self.bursts[client].append((at * self.block, some))
            at, left = at + some, left - some
        for n in range(addr, addr + beats):
            good = n < self.beats
            data = self.memory[n] if good else 0
            self.boards[client].expect({"data": data, "err": int(not good)})
        self.sources[client].append({"addr": addr, "beats": beats})

    async def drained(self) -> None:
        for board in self.boards:
            await board.drained(200_000)
        for _ in range(20):
            await RisingEdge(self.dut.clk)
        assert self.bursts == [[], []]


@cocotb.test()
async def every_alignment(dut) -> None:
    """Requests that end before, at and behind a 4 KiB boundary, from every place in a page."""
    b = Bench(dut, "every_alignment")
    await b.begin()
    for offset in range(b.page):
        to_end = b.page - offset
        for beats in {1, 128, min(128, to_end), min(128, to_end + 1), max(1, min(128, to_end - 1))}:
            page = b.r.randrange((b.beats - 128) // b.page)
            b.ask(b.r.randrange(2), page * b.page + offset, beats)
        if offset % 16 == 15:
            await b.drained()


@cocotb.test()
@cocotb.parametrize(stall=[0.0, 0.3, 0.8])
async def random_requests(dut, stall) -> None:
    """Two busy clients, stalls everywhere, some beats beyond the end of memory."""
    b = Bench(dut, f"random_requests{stall}")
    await b.begin()
    b.stalls(stall)
    for stream in (*b.sources, *b.sinks):
        stream.set_pause(random_pause(stall, rng(stream.name)))
    for _ in range(80):
        beats = b.r.choice((1, b.r.randint(1, 8), b.r.randint(1, 128)))
        addr = b.r.randrange(b.beats - beats)
        if b.r.random() < 0.15:
            addr = b.beats - b.r.randint(-3, beats)
        b.ask(b.r.randrange(2), addr, beats)
    await b.drained()


@cocotb.test()
async def one_client_stalls(dut) -> None:
    """A client that takes nothing holds back the other's later data; nothing of either is lost."""
    b = Bench(dut, "one_client_stalls")
    await b.begin()
    b.sinks[0].set_pause(iter([True] * 300))
    b.ask(0, 5, 20)
    b.ask(1, 70, 20)
    await b.drained()


@cocotb.test()
async def top_of_memory(dut) -> None:
    """The highest addresses reach the bus whole."""
    b = Bench(dut, "top_of_memory")
    await b.begin()
    b.ask(1, 0xFFFFFF00, 100)
    b.ask(0, 0x80000000, 128)
    await b.drained()


@cocotb.test()
async def rate(dut) -> None:
    """Requests of 32 beats one behind the other: a beat in every cycle."""
    b = Bench(dut, "rate")
    await b.begin()
    dut.read_latency.value = 20
    for k in range(16):
        b.ask(1, 32 * k, 32)
    await RisingEdge(dut.y_valid)
    for beat in range(512):
        assert dut.y_valid.value == 1, f"no beat {beat}"
        await RisingEdge(dut.clk)
    await b.drained()
