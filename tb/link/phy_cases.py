# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the lanes: training, alignment, repair, retraining, raw mode, going down and
coming back. tests/link/test_link_phy.py runs them."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from models import link_phy
from tb.common import clock
from tb.common.clock import rng
from tb.link.link_cases import LONG, PATIENCE, coverage, load, stalls
from tb.link.link_env import Direction, End, Env, LineMonitor, command

BOTH = ("ab", "ba")


def beats() -> int:
    return int(os.environ.get("LINK_BEATS", "150"))


def pick_lane(env: Env, name: str) -> int:
    """first, mid, last (data), frame or spare as a lane number."""
    count = env.ab.lanes
    return {"first": 0, "mid": count // 2 - 1, "last": count - 3, "frame": count - 2,
            "spare": count - 1}[name]  # fmt: skip


async def wait_down(env: Env, *ends: End, cycles: int = 30_000) -> None:
    await clock.poll(lambda: all(e.down for e in ends), env.dut.clk, cycles, "the link to go down")
    cov = coverage()
    for end in ends:
        cov.sample(cause=end.cause)
    cov.save()


async def both_clear(env: Env) -> None:
    await env.a.clear()
    await env.b.clear()


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
    assert cycles < 200 + 5 * flight
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
    assert await env.b.read("LANES_LOST") == (kind != "random")


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
    assert await env.b.bad_lanes() == [number]
    env.ab.fault()
    await env.b.write("CONTROL", 2)
    await ClockCycles(dut.clk, 20)
    await env.trained()
    assert await env.b.skips() == (spare, spare) and await env.b.bad_lanes() == []
    load_both(env)
    await finish(env)


@cocotb.test()
@cocotb.parametrize(lane=["mid", "frame", "spare"])
async def second_dead_lane(dut, lane: str) -> None:
    """With a second bad lane the link goes down at both ends and names the lanes; it comes back
    when asked, and what was under way arrives."""
    env = Env(dut)
    first, second = pick_lane(env, "first"), pick_lane(env, lane)
    env.ab.fault(**{f"l{first}": "stuck0"})
    await env.start()
    load_both(env)
    await ClockCycles(dut.clk, 100)
    env.ab.fault(**{f"l{first}": "stuck0", f"l{second}": "random"})
    if lane == "spare":  # with one lane out already, the spare is in use
        assert second != (await env.b.skips())[1]
    await wait_down(env, env.a, env.b)
    assert env.b.cause == "lanes" and env.a.cause == "peer_down", (env.a.cause, env.b.cause)
    assert await env.b.bad_lanes() == [first, second]
    env.ab.fault()
    await ClockCycles(dut.clk, 400)
    assert env.a.down and env.b.down and await env.a.state() == "down", "it must wait to be asked"
    await env.b.clear()
    await env.trained()
    await env.a.clear()
    await finish(env)


@cocotb.test()
@cocotb.parametrize(by=["a", "b", "both"])
async def retrain_in_traffic(dut, by: str) -> None:
    """Training again on request, five times under load: nothing is lost, and it is not an error."""
    env = Env(dut)
    await env.start(latency=3, ber=1e-5)
    env.stall(stalls("burst"))
    load_both(env)
    source = rng(f"retrain/{by}")
    for _ in range(5):
        await ClockCycles(dut.clk, 50 + source.randrange(100))
        for end in (env.a, env.b):
            if by in (end.name, "both"):
                await end.write("CONTROL", 2)
        await ClockCycles(dut.clk, 30)
        await env.trained()
    await finish(env)
    for end in (env.a, env.b):
        assert await end.read("TRAININGS") >= 6
        assert await end.bad_lanes() == []


@cocotb.test()
@cocotb.parametrize(cut=["ab", "ba", "both"])
async def cut_and_restored(dut, cut: str) -> None:
    """A cut link goes down at both ends, loudly; joined again and cleared it carries on."""
    env = Env(dut)
    await env.start(latency=2)
    load_both(env)
    await ClockCycles(dut.clk, 120)
    for direction in (env.ab, env.ba):
        direction.set("cut", int(cut in (direction.channel, "both")))
    await wait_down(env, env.a, env.b)
    deaf = {"ab": {"b"}, "ba": {"a"}, "both": {"a", "b"}}[cut]
    for end in (env.a, env.b):
        want = {"no_signal"} if end.name in deaf else {"peer_down"}
        assert end.cause in want, f"end {end.name}: {end.cause}"
    env.ab.set("cut", 0)
    env.ba.set("cut", 0)
    await ClockCycles(dut.clk, 300)
    assert not env.a.up and not env.b.up
    await both_clear(env)
    await env.trained()
    await finish(env)


@cocotb.test()
async def unalignable(dut) -> None:
    """Half the lanes too late for the others: training ends after its attempts, with a cause."""
    env = Env(dut)
    env.ab.skew(*(31 if i % 3 == 0 else 0 for i in range(env.ab.lanes)))
    await clock.start(dut)
    await wait_down(env, env.b)
    assert env.b.cause == "training"
    await wait_down(env, env.a)
    env.ab.skew(*([0] * env.ab.lanes))
    await ClockCycles(dut.clk, 300)
    await both_clear(env)
    await env.trained()
    load_both(env)
    await finish(env)


@cocotb.test()
@cocotb.parametrize(wide=[0, 1], length=[1, 7, 40])
async def bursts(dut, wide: int, length: int) -> None:
    """Bursts on one lane or on all of them."""
    env = Env(dut)
    await env.start(latency=1)
    for direction in (env.ab, env.ba):
        direction.set("burst_length", length)
        direction.set("burst_all", wide)
        direction.set("burst_threshold", 2**32 // 300)
    env.stall(stalls("random"))
    load_both(env)
    await finish(env)
    assert env.ab.flips() > 0 and env.a.count("replays") > 0


@cocotb.test()
@cocotb.parametrize(ber=[1e-3, 1e-2, 0.1])
async def weak_lane(dut, ber: float) -> None:
    """One lane much worse than the others: carried along by replay, or left out."""
    env = Env(dut)
    await env.start()
    lane = pick_lane(env, "mid")
    env.ab.errors(lane, ber)
    load_both(env)
    await finish(env)
    if ber == 0.1:
        assert await env.b.bad_lanes() == [lane] and (await env.b.skips())[1] == lane


@cocotb.test()
async def raw_mode(dut) -> None:
    """Every lane is driven by one end's registers and seen by the other's; then the link carries
    on, with what was under way."""
    env = Env(dut)
    await env.start(latency=1)
    env.ab.send(*command(rng("raw"), env.block, 40, addr=0))
    await ClockCycles(dut.clk, 30)
    for end in (env.a, env.b):
        await end.write("CONTROL", 4)
    await ClockCycles(dut.clk, 20)
    assert await env.a.state() == "raw" and not env.a.up
    source = rng("raw/bytes")
    sent = [source.getrandbits(8) for _ in range(env.ab.lanes)]
    for lane, byte in enumerate(sent):
        await env.a.write("LANE", byte << 8 | lane)
    await ClockCycles(dut.clk, 8)
    for lane, byte in enumerate(sent):
        await env.b.write("LANE", lane)
        await ClockCycles(dut.clk, 4)
        assert await env.b.read("LANE") >> 8 & 0xFF == byte, f"lane {lane}"
    for end in (env.a, env.b):
        await end.write("CONTROL", 0)
    await env.trained()
    load_both(env)
    await finish(env)


@cocotb.test()
@cocotb.parametrize(touched=[True, False])
async def one_end_reset(dut, touched: bool) -> None:
    """One end alone is reset. If flits have crossed, what the ends know of each other is gone: both
    go down, the cause says so, and clear begins anew. If none have, nothing happens."""
    env = Env(dut)
    await env.start(latency=2)
    if touched:
        load_both(env)
        await finish(env)
    dut.b_reset.value = 1
    await ClockCycles(dut.clk, 300)
    dut.b_reset.value = 0
    await ClockCycles(dut.clk, 20)
    if touched:
        await wait_down(env, env.a, env.b)
        assert env.a.cause == "peer_reset" and env.b.cause == "peer_down"
        await ClockCycles(dut.clk, 300)
        await both_clear(env)
    await env.trained()
    load_both(env)
    await finish(env)


@cocotb.test()
@cocotb.parametrize(skewed=[False, True])
async def storm(dut, skewed: bool) -> None:
    """Everything at once: bit errors, bursts, stalls, skew, a lane that dies, retraining."""
    env = Env(dut)
    source = rng(f"storm/{skewed}")
    if skewed:
        for direction in (env.ab, env.ba):
            direction.skew(*(source.randrange(25) for _ in range(direction.lanes)))
    await env.start(latency=source.choice([0, 5, 20]), ber=source.choice([1e-6, 1e-5, 1e-4]))
    env.stall(stalls(source.choice(["random", "slow_sink", "burst"])))
    for direction in (env.ab, env.ba):
        direction.set("burst_length", source.randrange(1, 20))
        direction.set("burst_threshold", 2**32 // 3000)
    load_both(env)
    dying: Direction = source.choice([env.ab, env.ba])
    done = False

    async def trouble() -> None:
        await ClockCycles(dut.clk, 400 + source.randrange(800))
        dying.fault(**{f"l{source.randrange(dying.lanes)}": source.choice(["stuck0", "random"])})
        while not done:
            await ClockCycles(dut.clk, 3000 + source.randrange(3000))
            await source.choice([env.a, env.b]).write("CONTROL", 2)

    task = cocotb.start_soon(trouble())
    for board in (env.ab.bulk, env.ba.bulk, env.ab.mgmt, env.ba.mgmt):
        await board.drained(max(LONG, PATIENCE * beats()))
    done = True
    task.cancel()
    await ClockCycles(dut.clk, 300)
    await env.trained()
    await finish(env)
