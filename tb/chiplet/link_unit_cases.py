# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of three joined link units: messages and packets from everyone to everyone."""

from __future__ import annotations

from collections import defaultdict, deque

import cocotb
from cocotb.triggers import RisingEdge

from models.signature import command_signature
from tb.common.clock import rng, start

N = 3
BOUND = 30_000


def bits(port, index: int, width: int) -> int:
    """Slice `index` of a port; the others may be X."""
    text = str(port.value)
    return int(text[len(text) - (index + 1) * width : len(text) - index * width], 2)


class Bench:
    """Drives all ports of the units each cycle; checks what comes out against what went in."""

    def __init__(self, dut, name: str, load: float, take: float) -> None:
        """load, take: share of cycles in which senders offer and receivers take."""
        self.dut, self.r = dut, rng(name)
        self.block = int(dut.BLOCK.value)
        self.load, self.take = load, take
        self.pop = take                                      # the same for messages
        self.messages = [deque() for _ in range(N)]          # to send: (peer, data)
        self.offered: list[tuple[int, int] | None] = [None] * N
        self.coming: dict = defaultdict(deque)               # (to, from) -> messages
        self.waited = [0] * N
        self.beats = [deque() for _ in range(N)]             # to send: (mask, first, last, ...)
        self.beat: list[dict | None] = [None] * N
        self.left = [0] * N                                  # peers that have not taken it
        self.writes: dict = defaultdict(deque)               # (to, from) -> (addr, data, exps)
        self.records: dict = defaultdict(deque)              # the same -> (first, count, signature)
        self.sent = [0] * N

    async def begin(self) -> None:
        for name in ("tx_valid", "tx_addr", "tx_data", "tx_exps", "tx_first", "tx_last", "tx_empty",
                     "tx_meta", "req_ready", "done_ready", "mtx_peer", "mtx_valid", "mtx_data",
                     "mrx_pop"):
            getattr(self.dut, name).value = 0
        await start(self.dut)

    def message(self, source: int, peer: int) -> None:
        data = self.r.getrandbits(64)
        self.messages[source].append((peer, data))
        if peer < N and peer != source:
            self.coming[peer, source].append(data)

    def packet(self, source: int, peers: list[int], beats: int) -> None:
        """`beats` 0 is a packet that only signals."""
        mask = sum(1 << p for p in peers)
        base = self.r.randrange(0, 900)
        first, count = self.r.randrange(4), self.r.randrange(4)
        body = []
        for k in range(max(1, beats)):
            data, exps = self.r.getrandbits(8 * self.block), self.r.getrandbits(16)
            self.beats[source].append({
                "mask": mask, "addr": base + k, "data": data, "exps": exps, "first": int(k == 0),
                "last": int(k == max(1, beats) - 1), "empty": int(beats == 0),
                "meta": count << 4 | first})
            if beats:
                body.append((k, data.to_bytes(self.block, "little"), exps.to_bytes(2, "little")))
                for p in peers:
                    self.writes[p, source].append((base + k, data, exps))
        for p in peers:
            self.records[p, source].append((first, count, command_signature(body)))
        self.sent[source] += beats * len(peers)

    def idle(self) -> bool:
        return not (any(self.messages) or any(self.offered) or any(self.beats) or any(self.beat)
                    or any(self.coming.values()) or any(self.writes.values())
                    or any(self.records.values()))

    async def cycle(self) -> None:
        d, r = self.dut, self.r
        for u in range(N):
            if self.offered[u] is None and self.messages[u] and r.random() < self.load:
                self.offered[u] = self.messages[u].popleft()
            if self.beat[u] is None and self.beats[u] and r.random() < self.load:
                self.beat[u] = self.beats[u].popleft()
                self.left[u] = self.beat[u]["mask"]
        d.mtx_valid.value = sum(int(m is not None) << u for u, m in enumerate(self.offered))
        d.mtx_peer.value = sum(m[0] << 3 * u for u, m in enumerate(self.offered) if m)
        d.mtx_data.value = sum(m[1] << 64 * u for u, m in enumerate(self.offered) if m)
        d.tx_valid.value = sum(self.left[u] << N * u for u in range(N))
        for name, width in (("addr", 16), ("data", 8 * self.block), ("exps", 16), ("first", 1),
                            ("last", 1), ("empty", 1), ("meta", 16)):
            value = sum(b[name] << width * u for u, b in enumerate(self.beat) if b)
            getattr(d, f"tx_{name}").value = value
        ready = sum(int(r.random() < self.take) << k for k in range(N * N))
        done_ready = sum(int(r.random() < self.take) << k for k in range(N * N))
        pop = sum(int(r.random() < self.pop) << k for k in range(N))
        d.req_ready.value, d.done_ready.value, d.mrx_pop.value = ready, done_ready, pop
        await RisingEdge(d.clk)
        taken, tx_ready = int(d.mtx_ready.value), int(d.tx_ready.value)
        for u in range(N):
            if self.offered[u] and taken >> u & 1:
                self.offered[u] = None
            elif self.offered[u]:
                peer = self.offered[u][0]
                assert peer < N and peer != u, f"unit {u}: a message to nobody waits"
            if self.beat[u]:
                self.left[u] &= ~(tx_ready >> N * u)
                if not self.left[u]:
                    self.beat[u] = None
        self._messages(pop)
        self._packets(ready, done_ready)

    def _messages(self, pop: int) -> None:
        valid = int(self.dut.mrx_valid.value) & pop
        for u in range(N):
            if valid >> u & 1:
                source = bits(self.dut.mrx_source, u, 3)
                data = bits(self.dut.mrx_data, u, 64)
                queue = self.coming[u, source]
                assert queue, f"unit {u}: message {data:016x} from {source}, which sent none"
                want = queue.popleft()
                assert data == want, f"unit {u} from {source}: {data:016x}, expected {want:016x}"

    def _packets(self, ready: int, done_ready: int) -> None:
        d = self.dut
        valid, done = int(d.req_valid.value) & ready, int(d.done_valid.value) & done_ready
        for k in range(N * N):
            place = divmod(k, N)
            if valid >> k & 1:
                got = (bits(d.req_addr, k, 16),
                       bits(d.req_data, k, 8 * self.block),
                       bits(d.req_exps, k, 16))
                assert self.writes[place], f"{place}: write {got}, none expected"
                want = self.writes[place].popleft()
                assert got == want, f"{place}: write {got}, expected {want}"
            if done >> k & 1:
                assert bits(d.done_status, k, 4) == 0
                got = (bits(d.done_first, k, 4), bits(d.done_count, k, 4),
                       bits(d.done_signature, k, 32))
                want = self.records[place].popleft()
                assert got == want, f"{place}: record {got}, expected {want}"

    async def drain(self) -> None:
        for _ in range(BOUND):
            if self.idle():
                break
            await self.cycle()
        else:
            raise AssertionError(f"not through: messages {self.coming}, records {self.records}")
        for _ in range(60):
            await self.cycle()

    def counters(self) -> None:
        d = self.dut
        assert int(d.down.value) == 0 and int(d.replays.value) == 0 and int(d.errors.value) == 0
        for u in range(N):
            assert bits(d.beats_sent, u, 32) == self.sent[u]
        received = sum(bits(d.beats_received, u, 32) for u in range(N))
        assert received == sum(self.sent)


@cocotb.test()
@cocotb.parametrize(load=[0.1, 1.0], take=[0.1, 1.0])
async def everyone_to_everyone(dut, load, take) -> None:
    """Packets and messages at once, also to oneself and to chiplets that do not exist."""
    b = Bench(dut, f"everyone{load}{take}", load, take)
    await b.begin()
    for u in range(N):
        others = [p for p in range(N) if p != u]
        for _ in range(25):
            b.message(u, b.r.choice([*others, *others, u, 3, 7]))
        for _ in range(8):
            peers = b.r.choice([others, others[:1], others[1:]])
            b.packet(u, peers, b.r.choice((0, 1, b.r.randint(2, 30))))
    await b.drain()
    b.counters()


@cocotb.test()
async def messages_pile_up(dut) -> None:
    """A core that reads no messages holds up messages only: packets still come through; nothing is
    lost, and both senders get their turn afterwards."""
    b = Bench(dut, "messages_pile_up", 1.0, 1.0)
    await b.begin()
    for source in (0, 1):
        for _ in range(40):
            b.message(source, 2)
        b.packet(source, [2], 40)
    b.pop = 0.0
    for _ in range(BOUND):
        if not (any(b.beats) or any(b.beat) or any(b.writes.values()) or any(b.records.values())):
            break
        await b.cycle()
    assert not any(b.records.values()), "packets are held up by messages"
    assert all(b.coming[2, source] for source in (0, 1))
    b.pop = 1.0
    await b.drain()
    b.counters()
