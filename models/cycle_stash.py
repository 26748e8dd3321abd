# SPDX-License-Identifier: Apache-2.0
"""The stash beat by beat: what bank conflicts cost each client, by number of banks.

Ports are those of rtl/chiplet/stash.v without core and DMA; each bank serves one request a cycle,
round robin. The vector engine asks as fast as its read buffers allow, the macros read a row's
activations and write each tile's results in bursts at the macros' pace, links deliver flits whose
beats leave the receive buffer one per cycle. Hardware.conflict (models/cycle_hardware.py) is short
for what comes out here.
"""

from __future__ import annotations

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What happens at once: macros that stream tiles of `blocks` contraction blocks (`tiles` column
    tiles per row), `links` that deliver flits of `flit` beats at two cycles per beat and one more,
    and the vector engine's chain of two operands and one result. `shared`: all macros have one
    result port. `pace`: cycles from one beat of a flit to the next as the receiver writes them, 1
    or 2. `hashed`: a bank is the exclusive or of all groups of address bits instead of the lowest
    bits."""

    macros: int = 4
    blocks: int = 9
    tiles: int = 4
    links: int = 0
    flit: int = 8
    pace: int = 1
    shared: bool = False
    hashed: bool = False


@dataclasses.dataclass(frozen=True)
class Cost:
    """vector: cycles per beat of the vector engine's chain; load: beats per cycle of all others;
    late: longest time that a result beat waited, in cycles; backlog: result beats left undone."""

    vector: float
    load: float
    late: int
    backlog: int


class _Port:
    """Requests wait in a queue of (due cycle, address)."""

    def __init__(self) -> None:
        self.queue: list[tuple[int, int]] = []
        self.done = 0
        self.late = 0


def simulate(traffic: Traffic, banks: int, cycles: int = 6000, seed: int = 1) -> Cost:
    """Run the ports for some cycles from random base addresses."""
    rng = np.random.default_rng(seed)

    def bank_of(address: int) -> int:
        return (address ^ address // banks ^ address // banks**2) % banks if traffic.hashed \
            else address % banks

    act = [_Port() for _ in range(traffic.macros)]
    res = [_Port() for _ in range(1 if traffic.shared else traffic.macros)]
    links = [_Port() for _ in range(traffic.links)]
    a, b, d = _Port(), _Port(), _Port()
    ports = [a, b, d, *act, *res, *links]
    tile = traffic.blocks * 8
    phase = rng.integers(0, tile, traffic.macros)
    base = rng.integers(0, 4096, len(ports) + traffic.macros).tolist()
    asked_a = asked_b = joined = 0
    last = [0] * banks
    for now in range(cycles):
        # The vector engine: eight beats ahead on A and B, four results behind.
        if asked_a - joined < 8 and not a.queue:
            a.queue.append((now, base[0] + asked_a))
            asked_a += 1
        if asked_b - joined < 8 and not b.queue:
            b.queue.append((now, base[1] + asked_b))
            asked_b += 1
        if min(a.done, b.done) > joined and len(d.queue) < 4:
            d.queue.append((now, base[2] + joined))
            joined += 1
        for m in range(traffic.macros):
            step, at = divmod(now + int(phase[m]), tile)
            if at == 0:
                out = res[m % len(res)]
                out.queue += [(now, base[len(ports) + m] + 4 * step + i) for i in range(4)]
                if step % traffic.tiles == 0:
                    act[m].queue += [(now, base[3 + m] + step * traffic.blocks + i)
                                     for i in range(traffic.blocks)]
        for i, link in enumerate(links):
            flit, at = divmod(now + 5 * i, 2 * traffic.flit + 1)
            if at == 0:
                first = base[3 + traffic.macros + i] + flit * traffic.flit
                link.queue += [(now + beat * traffic.pace, first + beat)
                               for beat in range(traffic.flit)]
        wants: dict[int, list[int]] = {}
        for p, port in enumerate(ports):
            if port.queue and port.queue[0][0] <= now:
                wants.setdefault(bank_of(port.queue[0][1]), []).append(p)
        for bank, who in wants.items():
            winner = min(who, key=lambda p: ((p - last[bank] - 1) % len(ports)))
            last[bank] = winner
            due, _ = ports[winner].queue.pop(0)
            ports[winner].done += 1
            ports[winner].late = max(ports[winner].late, now - due)
    others = sum(p.done for p in (*act, *res, *links))
    return Cost(cycles / max(joined, 1), others / cycles, max(p.late for p in res),
                sum(len(p.queue) for p in res))
