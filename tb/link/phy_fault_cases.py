# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the lanes in operation: retraining, bursts, raw mode, going down and coming
back. tests/link/test_link_phy.py runs them."""

from __future__ import annotations

import cocotb
from cocotb.triggers import ClockCycles

from tb.common import clock
from tb.common.clock import rng
from tb.link.link_cases import LONG, PATIENCE, coverage, stalls
from tb.link.link_env import Direction, End, Env, command
from tb.link.phy_cases import beats, finish, load_both, pick_lane


async def wait_down(env: Env, *ends: End, cycles: int = 30_000) -> None:
    await clock.poll(lambda: all(e.down for e in ends), env.dut.clk, cycles, "the link to go down")
    cov = coverage()
    for end in ends:
        cov.sample(cause=end.cause)
    cov.save()


async def both_clear(env: Env) -> None:
    await env.a.clear()
    await env.b.clear()


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
        direction.set("burst_threshold", 2**32 // (60 + 6 * length))
    env.stall(stalls("random"))
    load_both(env)
    await finish(env)
    assert env.ab.flips() > 0 and env.a.count("replays") + env.b.count("replays") > 0


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
