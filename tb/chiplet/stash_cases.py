# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the stash: random requests on all ports against an array in Python."""

from __future__ import annotations

import random

import cocotb
from cocotb.triggers import RisingEdge

from tb.common.clock import rng, start

BANKS = 16


class Request:
    """What one port asks for; stays on offer until it is taken."""

    def __init__(self, r: random.Random, block: int, beats: int, spread: int) -> None:
        """One of `spread` addresses, equally far apart."""
        self.we = int(r.random() < 0.4)
        self.addr = r.randrange(spread) * (beats // spread)
        self.data = r.getrandbits(8 * block)
        self.exps = r.getrandbits(16)
        everything = (1 << block) - 1
        self.strb = everything if r.random() < 0.7 else r.getrandbits(block)
        self.overtaken = 0  # requests to the same bank that went first


class Bench:
    """Drives all ports each cycle and checks arbitration, order and data."""

    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.ports = len(dut.req_valid)
        self.block = len(dut.req_data) // (8 * self.ports)
        self.beats = int(dut.STASH_BEATS.value)
        self.data = [0] * self.beats
        self.exps = [0] * self.beats
        self.answer: list[tuple[int, int] | None] = [None] * self.ports
        self.offer: list[Request | None] = [None] * self.ports
        self.taken = [0] * self.ports

    async def begin(self) -> None:
        for name in ("req_valid", "req_we", "req_addr", "req_data", "req_exps", "req_strb"):
            getattr(self.dut, name).value = 0
        await start(self.dut)
        for address in range(self.beats):  # nothing is read before it was written
            request = Request(self.r, self.block, self.beats, self.beats)
            request.we, request.addr, request.strb = 1, address, (1 << self.block) - 1
            await self.cycle({0: request})

    async def cycle(self, fresh: dict[int, Request]) -> None:
        """Offer new requests on idle ports, pass one clock edge, check what happened."""
        d = self.dut
        for port, request in fresh.items():
            self.offer[port] = self.offer[port] or request
        live = [(p, q) for p, q in enumerate(self.offer) if q is not None]
        d.req_valid.value = sum(1 << p for p, _ in live)
        d.req_we.value = sum(q.we << p for p, q in live)
        d.req_addr.value = sum(q.addr << 16 * p for p, q in live)
        d.req_data.value = sum(q.data << 8 * self.block * p for p, q in live)
        d.req_exps.value = sum(q.exps << 16 * p for p, q in live)
        d.req_strb.value = sum(q.strb << self.block * p for p, q in live)
        await RisingEdge(d.clk)
        self._check_answers()
        ready = int(d.req_ready.value)
        banks: dict[int, list[int]] = {}
        for p, q in live:
            banks.setdefault(q.addr % BANKS, []).append(p)
        for bank, asking in banks.items():
            won = [p for p in asking if ready >> p & 1]
            assert len(won) == 1, f"bank {bank}: ports {asking} ask, {won} are taken"
            for p in asking:
                self.offer[p].overtaken += p != won[0]
                assert self.offer[p].overtaken < self.ports, f"port {p} starves at bank {bank}"
            self._serve(won[0])

    def _serve(self, port: int) -> None:
        q = self.offer[port]
        self.offer[port] = None
        self.taken[port] += 1
        if not q.we:
            self.answer[port] = (self.data[q.addr], self.exps[q.addr])
            return
        if q.strb == (1 << self.block) - 1:
            self.exps[q.addr] = q.exps
        mask = sum(0xFF << 8 * i for i in range(self.block) if q.strb >> i & 1)
        self.data[q.addr] = self.data[q.addr] & ~mask | q.data & mask

    def _check_answers(self) -> None:
        d = self.dut
        valid = int(d.rsp_valid.value)
        want = sum(1 << p for p, a in enumerate(self.answer) if a is not None)
        assert valid == want, f"answers on ports {valid:b}, expected {want:b}"
        if valid:
            data, exps = int(d.rsp_data.value), int(d.rsp_exps.value)
            for p, answer in enumerate(self.answer):
                if answer is not None:
                    got = data >> 8 * self.block * p & (1 << 8 * self.block) - 1
                    assert got == answer[0], f"port {p}: data {got:x}, expected {answer[0]:x}"
                    assert exps >> 16 * p & 0xFFFF == answer[1], f"port {p}: exponents"
        self.answer = [None] * self.ports

    def some(self, load: float, spread: int) -> dict[int, Request]:
        return {p: Request(self.r, self.block, self.beats, spread)
                for p in range(self.ports) if self.r.random() < load}


@cocotb.test()
async def random_traffic(dut) -> None:
    """Any mix of ports and addresses; then all on one bank and on one beat."""
    b = Bench(dut, "random_traffic")
    await b.begin()
    for load, spread in ((0.1, b.beats), (0.5, b.beats), (1.0, b.beats), (0.7, 4), (1.0, 1)):
        for _ in range(400):
            await b.cycle(b.some(load, spread))
    for _ in range(2 * b.ports + 2):
        await b.cycle({})
    assert not any(b.offer), "requests never taken"


@cocotb.test()
async def fairness(dut) -> None:
    """Ports that all want one bank all the time get it equally often."""
    b = Bench(dut, "fairness")
    await b.begin()
    b.taken = [0] * b.ports
    for _ in range(20 * b.ports):
        await b.cycle(b.some(1.0, 1))
    assert max(b.taken) - min(b.taken) <= 1, b.taken


@cocotb.test()
async def full_rate(dut) -> None:
    """Each port walking through the beats gets one per cycle when the banks differ."""
    b = Bench(dut, "full_rate")
    await b.begin()
    for step in range(100):
        fresh = {}
        for p in range(min(b.ports, BANKS)):
            fresh[p] = Request(b.r, b.block, b.beats, b.beats)
            fresh[p].addr = (step + p) % b.beats
        await b.cycle(fresh)
        assert not any(b.offer)
