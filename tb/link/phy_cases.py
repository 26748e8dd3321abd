# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the lanes: training, alignment, repair. tests/link/test_link_phy.py runs them."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from models import link_phy
from tb.common import clock
from tb.common.clock import rng
from tb.link.link_cases import LONG, PATIENCE, load, stalls
from tb.link.link_env import End, Env, LineMonitor

BOTH = ("ab", "ba")


def beats() -> int:
    return int(os.environ.get("LINK_BEATS", "150"))


def pick_lane(env: Env, name: str) -> int:
    """first, mid, last (data), frame or spare as a lane number."""
    count = env.ab.lanes
    return {"first": 0, "mid": count // 2 - 1, "last": count - 3, "frame": count - 2,
            "spare": count - 1}[name]  # fmt: skip


def load_both(env: Env) -> None:
    for direction in (env.ab, env.ba):
        load(direction, beats(), beats() // 8)


async def finish(env: Env) -> None:
    await env.drained(max(LONG, PATIENCE * beats()))


@cocotb.test()
@cocotb.parametrize(flight=[0, 4, 37])
async def trains_after_reset(dut, flight: int) -> None:
    """Both ends are up soon after reset; the sequences on the lanes are those of the model, with
    the phases in order and no lane left out but the spare."""
    env = Env(dut)
    lines = [LineMonitor(env, channel) for channel in BOTH]
    dut.latency.value = flight
    await clock.start(dut)
    cycles = 0
    while not (env.a.up and env.b.up):
        await RisingEdge(dut.clk)
        cycles += 1
    dut._log.info(f"flight {flight}: up after {cycles} cycles")
    assert cycles < 220 + 5 * flight
    await ClockCycles(dut.clk, 40)
    for line in lines:
        phases = [link_phy.PHASES[t.phase] for t in line.reader.trainings]
        order = [p for i, p in enumerate(phases) if i == 0 or phases[i - 1] != p]
        assert order[0] == "seek" and order[-1] == "go"
        assert order == sorted(order, key=list(link_phy.PHASES.values()).index)
        spare = env.ab.lanes - 1
        assert {(t.ask, t.skip, t.fresh) for t in line.reader.trainings} == {(spare, spare, 1)}
        assert line.flits, "no credits were sent"
    for end in (env.a, env.b):
        assert await end.state() == "active"
        assert await end.bad_lanes() == [] and await end.read("TRAININGS") == 1


def check_alignment(late: list[int], found: list[tuple[int, int]]) -> None:
    """(slip, age) of each lane must bring all lanes to the place of the last one."""
    words = [-(-bits // 8) for bits in late]
    for lane, (slip, age) in enumerate(found):
        assert slip == late[lane] % 8, f"lane {lane}: slip {slip}, late by {late[lane]} bits"
        assert age == max(words) - words[lane], f"lane {lane}: age {age}"


async def places(end: End, lanes: int) -> list[tuple[int, int]]:
    out = []
    for lane in range(lanes):
        await end.write("LANE", lane)
        value = await end.read("LANE")
        assert value & 0xFF == lane and value >> 21 & 1, "not locked"
        out.append((value >> 18 & 7, value >> 16 & 3))
    return out


@cocotb.test()
@cocotb.parametrize(kind=["bits", "words", "any", "one_late", "one_early"])
async def skew(dut, kind: str) -> None:
    """Lanes late by up to 24 bits of each other are aligned, by the amounts that were set."""
    env = Env(dut)
    source = rng(f"skew/{kind}")
    most = link_phy.MAX_SKEW_BITS
    late = {}
    for direction in (env.ab, env.ba):
        bits = {
            "bits": [source.randrange(8) for _ in range(direction.lanes)],
            "words": [8 * source.randrange(4) for _ in range(direction.lanes)],
            "any": [source.randrange(most + 1) for _ in range(direction.lanes)],
            "one_late": [0] * direction.lanes,
            "one_early": [most] * direction.lanes,
        }[kind]
        if kind.startswith("one"):
            bits[source.randrange(direction.lanes)] = most - bits[0]
        direction.skew(*bits)
        late[direction.channel] = bits
    await env.start(latency=source.choice([0, 3]), ber=1e-5)
    check_alignment(late["ab"], await places(env.b, env.ab.lanes))
    check_alignment(late["ba"], await places(env.a, env.ab.lanes))
    load_both(env)
    await finish(env)
    assert await env.a.bad_lanes() == [] and await env.b.bad_lanes() == []


@cocotb.test()
async def lane_too_late(dut) -> None:
    """A lane that cannot be aligned is left out like a dead one."""
    env = Env(dut)
    lane = pick_lane(env, "mid")
    env.ab.skew(*(31 if i == lane else 0 for i in range(env.ab.lanes)))
    await env.start()
    assert await env.b.bad_lanes() == [lane]
    assert await env.a.skips() == (lane, env.ab.lanes - 1)
    load_both(env)
    await finish(env)


@cocotb.test()
@cocotb.parametrize(
    lane=["first", "mid", "last", "frame", "spare"], kind=["stuck0", "stuck1", "random"]
)
async def dead_at_training(dut, lane: str, kind: str) -> None:
    """A lane that is dead from the start is left out in its direction only, and named."""
    env = Env(dut)
    line = LineMonitor(env, "ab")
    number, spare = pick_lane(env, lane), env.ab.lanes - 1
    env.ab.fault(**{f"l{number}": kind})
    await env.start()
    assert await env.a.skips() == (number, spare) and await env.b.skips() == (spare, number)
    assert await env.b.bad_lanes() == [number] and await env.a.bad_lanes() == []
    assert await env.b.read("REPAIRS") == (number != spare)
    load_both(env)
    await finish(env)
    assert line.reader.skip == number


@cocotb.test()
@cocotb.parametrize(lane=["first", "mid", "frame"], kind=["stuck0", "stuck1", "random"])
async def dies_in_traffic(dut, lane: str, kind: str) -> None:
    """A lane dies with both directions loaded: found, left out, and nothing is lost."""
    env = Env(dut)
    await env.start(latency=2)
    env.stall(stalls("random"))
    load_both(env)
    number = pick_lane(env, lane)
    while env.b.count("beats_received") < beats() // 3:
        await RisingEdge(dut.clk)
    env.ab.fault(**{f"l{number}": kind})
    await finish(env)
    assert await env.b.read("TRAININGS") >= 2 and await env.a.read("TRAININGS") >= 2
    assert await env.b.bad_lanes() == [number]
    assert (await env.a.skips())[0] == number
    assert await env.b.read("REPAIRS") == 1
    # The lane monitor and the errors race for a lane that stops; only errors show a random one.
    assert await env.b.read("LANES_LOST") <= (kind != "random")


@cocotb.test()
@cocotb.parametrize(lane=["first", "frame"])
async def dies_while_idle(dut, lane: str) -> None:
    """A lane that stops on an idle link is found and left out without any traffic; when it is
    sound again, the next training takes it back."""
    env = Env(dut)
    await env.start()
    number, spare = pick_lane(env, lane), env.ab.lanes - 1
    env.ab.fault(**{f"l{number}": "stuck1"})
    await clock.poll(lambda: not env.b.up, dut.clk, 130, "the dead lane to be seen")
    await env.trained()
    assert await env.b.bad_lanes() == [number] and await env.b.read("LANES_LOST") == 1
    env.ab.fault()
    await env.b.write("CONTROL", 2)
    await ClockCycles(dut.clk, 20)
    await env.trained()
    assert await env.b.skips() == (spare, spare) and await env.b.bad_lanes() == []
    load_both(env)
    await finish(env)
