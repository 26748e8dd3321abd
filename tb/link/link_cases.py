# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of two link ends and their channels. tests/link/test_link.py runs them."""

from __future__ import annotations

import os

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from models import link as model
from tb.common import clock
from tb.common.bus import burst_pause, no_pause, random_pause
from tb.common.clock import rng
from tb.common.coverage import Coverage
from tb.link.link_env import CAUSES, Direction, Env, LineMonitor, command

LONG = 100_000
PATIENCE = 250  # cycles per beat: a slow sink under errors takes tens
BERS = [0.0, 1e-6, 1e-5, 1e-4]
STREAMS = [f"{end}_{name}" for end in "ab" for name in ("tx", "mtx", "rx", "mrx")]


def coverage() -> Coverage:
    """Functional coverage of the link, sampled by all cases."""
    cov = Coverage("link")
    cov.point("flit", {"control": [-2], "mgmt": [-1], **{str(n): [n] for n in range(9)}})
    cov.point("ber", {f"{ber:.0e}": [ber] for ber in BERS})
    cov.point("stall", ["none", "random", "slow_sink", "burst"])
    cov.point("latency", {"0": [0], "1": [1], "2-9": range(2, 10), "10-": range(10, 1025)})
    cov.cross("ber_x_stall", ["ber", "stall"])
    cov.point("cause", list(CAUSES), exclude={"protocol": "needs a broken peer"})
    cov.point("corrected", ["data", "control", "crc", "frame", "single", "nak"])
    return cov


def sample_flits(cov: Coverage, monitor: LineMonitor) -> None:
    for _, flit in monitor.flits:
        kind = model.TYPES[flit.fields["type"]]
        cov.sample(flit={"control": -2, "mgmt": -1, "bulk": flit.fields["count"]}[kind])


def load(direction: Direction, beats: int, messages: int, jumps: float = 0.02) -> int:
    """Queue random commands of at least `beats` beats in total, and messages."""
    source = rng(f"load/{direction.channel}")
    total = 0
    while total < beats:
        size = source.choice([0, 1, 1, 2, 3, 8, 9, 16, 40])
        direction.send(*command(source, direction.block, size, jumps=jumps))
        total += size
    direction.send_mgmt(*(source.getrandbits(64) for _ in range(messages)))
    return total


def stalls(kind: str) -> dict:
    source = rng(f"stall/{kind}")
    if kind == "none":
        return {}
    if kind == "random":
        return {name: random_pause(source.random() * 0.8, source) for name in STREAMS}
    if kind == "slow_sink":
        return {name: random_pause(0.9, source) for name in STREAMS if "rx" in name}
    return {name: burst_pause(60, source) for name in STREAMS}


@cocotb.test()
@cocotb.parametrize(ber=BERS, stall=["none", "random", "slow_sink", "burst"])
async def traffic(dut, ber: float, stall: str) -> None:
    """Both directions loaded with random commands, signals and messages under bit errors."""
    env = Env(dut)
    cov = coverage()
    latency = rng(f"latency/{ber}/{stall}").choice([0, 1, 2, 7, 33])
    dut.seed.value = rng(f"channel/{ber}/{stall}").getrandbits(32)
    lines = [LineMonitor(env, "ab"), LineMonitor(env, "ba")]
    await env.start(latency, ber)
    env.stall(stalls(stall))
    beats = int(os.environ.get("LINK_BEATS", "400"))
    sent = {d: load(d, beats, beats // 8) for d in (env.ab, env.ba)}
    await env.drained(max(LONG, PATIENCE * beats))
    errors = env.a.count("errors") + env.b.count("errors")
    flips = env.ab.flips() + env.ba.flips()
    dut._log.info(
        f"ber {ber:g} stall {stall} latency {latency}: {dut.ab_count_phits.value.to_unsigned()} "
        f"phits, {flips} flips, {errors} errors, {env.a.count('replays')} replays of a"
    )
    for direction, count in sent.items():
        assert direction.source.count("beats_sent") == count
        assert direction.sink.count("beats_received") == count
        assert direction.source.count("flits_sent") == direction.sink.count("flits_received")
    if flips == 0:
        assert errors == 0 and env.a.count("replays") + env.b.count("replays") == 0
    if ber == 1e-4:
        assert flips > 0 and errors > 0
        assert env.a.count("replays") + env.b.count("replays") > 0
    cov.sample(ber=ber, stall=stall, latency=latency)
    cov.sample(cause=env.a.cause)
    for line in lines:
        sample_flits(cov, line)
    cov.save()


@cocotb.test()
async def efficiency(dut) -> None:
    """Bulk in both directions without gaps: full flits back to back, no idle cycle."""
    env = Env(dut)
    line = LineMonitor(env, "ab")
    await env.start()
    source = rng("efficiency")
    for direction in (env.ab, env.ba):
        direction.send(*command(source, env.block, 480, addr=0x1000))
    board = env.ab.bulk
    while board.compared < 80:
        await RisingEdge(dut.clk)
    first_cycle, first_beat, busy = line.cycle, board.compared, line.busy
    while board.compared < 400:
        await RisingEdge(dut.clk)
    cycles, beats = line.cycle - first_cycle, board.compared - first_beat
    reached = beats * (8 * env.block + 16) / (cycles * model.phit_bits(env.block))
    dut._log.info(f"payload efficiency {reached:.4f} over {cycles} cycles, {beats} beats")
    # At most the beats of one flit more or less, by where the window falls.
    assert line.busy - busy == cycles, "the line was idle"
    bound = model.payload_efficiency(8, env.block)
    assert abs(reached / bound - 1) <= 8 / beats
    await env.drained(LONG)
    full = [f for _, f in line.flits if f.fields["type"] == 1]
    assert sum(f.fields["count"] == 8 for f in full) >= len(full) - 2


@cocotb.test()
@cocotb.parametrize(flight=[0, 1, 2, 37])
async def latency(dut, flight: int) -> None:
    """A beat, a signal and a message through an idle link take what the page says."""
    env = Env(dut)
    await env.start(latency=flight)
    source = rng("latency")
    control = model.flit_phits(0, env.block)
    for name, size, phits in (
        ("beat", 1, 2 + control),
        ("signal", 0, control),
        ("message", -1, control),
    ):
        expected = phits + flight + (9 if name == "message" else 10)
        for _ in range(3):
            await ClockCycles(dut.clk, 120 + source.randrange(20))
            if size < 0:
                env.ab.send_mgmt(source.getrandbits(64))
                tx, rx = dut.a_mtx_valid, dut.b_mrx_valid
            else:
                env.ab.send(*command(source, env.block, size))
                tx, rx = dut.a_tx_valid, dut.b_rx_valid
            while tx.value != 1:
                await RisingEdge(dut.clk)
            cycles = 0
            while rx.value != 1:
                await RisingEdge(dut.clk)
                cycles += 1
            assert cycles == expected, f"{name}: {cycles} cycles, the page says {expected}"
    await env.drained(LONG)


@cocotb.test()
@cocotb.parametrize(flight=[0, 4, 20, 60, 150, 300, 700])
async def round_trips(dut, flight: int) -> None:
    """The round trip of a message on an idle link, each way and both ends' share, is in ROUND_TRIP
    and counted once in its bin of the histogram."""
    env = Env(dut)
    await env.start(latency=flight)
    source = rng("trips")
    control = model.flit_phits(0, env.block)
    for _ in range(3):
        await ClockCycles(dut.clk, 40 + source.randrange(100))
        before = [await env.a.read("HISTOGRAM", b) for b in range(8)]
        env.ab.send_mgmt(source.getrandbits(64))
        await env.ab.mgmt.drained(2000)
        await ClockCycles(dut.clk, flight + control + 60)
        trip = await env.a.read("ROUND_TRIP")
        # Closed one cycle after mtx; on the way back there is no buffer to pass, and at most a
        # control flit in the way.
        least = 2 * (control + flight + 6)
        assert least <= trip <= least + 6 + 16 + control, f"{trip} cycles"
        after = [await env.a.read("HISTOGRAM", b) for b in range(8)]
        place = min(7, max(0, trip.bit_length() - 4))
        assert after == [n + (b == place) for b, n in enumerate(before)], f"{trip}: {after}"
    dut._log.info(f"flight {flight}: round trip {trip}")


def xorshift32(x: int) -> int:
    """One step of the generator in tb/common/link_channel.v."""
    x ^= x << 13 & 0xFFFFFFFF
    x ^= x >> 17
    return x ^ x << 5 & 0xFFFFFFFF


@cocotb.test()
async def channel_errors(dut) -> None:
    """The channel's errors repeat: their number is that of the generator, written again here."""
    env = Env(dut)
    seed, cycles, ber = rng("errors").getrandbits(32), 3000, 1e-4
    dut.seed.value = seed
    threshold = model.error_threshold(ber, env.block)
    env.ab.set("error_threshold", threshold)
    cocotb.start_soon(clock.Clock(dut.clk, clock.PERIOD_NS, "ns").start())
    await clock.reset(dut)
    await ClockCycles(dut.clk, cycles)
    x, flips, counts = xorshift32(xorshift32(seed ^ 0x9E3779B9)), 0, [0]
    for _ in range(cycles):
        x = xorshift32(x)
        if x < threshold:
            flips += 1
            flips += xorshift32(xorshift32(x ^ 0x5851F42D)) < threshold >> 1
        counts.append(flips)
    # Reset ends, and the counter is read, within two cycles of the numbers above.
    assert counts[-3] <= env.ab.flips() <= counts[-1]
    bits = model.phit_bits(env.block) + model.FRAME_BITS + model.SPARE_BITS
    expected = cycles * ber * bits
    assert abs(flips - expected) < 5 * expected**0.5, f"{flips} flips, {expected:.0f} expected"


@cocotb.test()
async def management_passes_blocked_bulk(dut) -> None:
    """Nobody takes bulk at b, and all buffers fill; messages still cross both ways."""
    env = Env(dut)
    await env.start(latency=3)
    source = rng("blocked")
    env.b.rx.set_pause(iter(lambda: True, False))  # always
    env.ab.send(*command(source, env.block, 600, addr=0))
    await ClockCycles(dut.clk, 600)
    held = env.b.count("beats_received")
    assert env.ab.bulk.compared == 0 and held > 0
    assert env.a.count("stalls") > 0
    for _ in range(20):
        env.ab.send_mgmt(source.getrandbits(64))
        env.ba.send_mgmt(source.getrandbits(64))
        await env.ab.mgmt.drained(200)
        await env.ba.mgmt.drained(200)
    assert env.ab.bulk.compared == 0 and env.b.count("beats_received") == held
    env.b.rx.set_pause(no_pause())
    await env.drained(LONG)


@cocotb.test()
async def bulk_passes_blocked_management(dut) -> None:
    """Nobody takes messages at b; bulk still flows."""
    env = Env(dut)
    await env.start(latency=3)
    source = rng("blocked")
    env.b.mrx.set_pause(iter(lambda: True, False))
    env.ab.send_mgmt(*(source.getrandbits(64) for _ in range(40)))
    await ClockCycles(dut.clk, 300)
    env.ab.send(*command(source, env.block, 200, addr=0))
    await env.ab.bulk.drained(3000)
    env.b.mrx.set_pause(no_pause())
    await env.drained(LONG)


@cocotb.test()
@cocotb.parametrize(
    kind=["data", "control", "crc", "frame", "single", "nak"],
)
async def one_flip(dut, kind: str) -> None:
    """One named bit is turned over: caught, repeated once, and nothing is seen above."""
    env = Env(dut)
    line = LineMonitor(env, "ab")
    await env.start()
    source = rng(f"flip/{kind}")
    cov = coverage()
    phit = model.phit_bits(env.block)
    base = int(dut.ab_count_phits.value)
    size = 1 if kind == "single" else 24
    controls = model.flit_phits(0, env.block)
    place = {
        "data": (source.randrange(16), source.randrange(phit)),
        "control": (16 + source.randrange(controls - 1 or 1), source.randrange(phit // 2)),
        "crc": (16 + controls - 1, phit - 1 - source.randrange(32)),
        "frame": (source.randrange(17), phit + source.randrange(8)),
        "single": (source.randrange(3), source.randrange(phit // 2)),
        "nak": (source.randrange(16), source.randrange(phit)),
    }[kind]
    env.ab.set("inject_phit", base + place[0])
    env.ab.set("inject_bit", place[1])
    env.ab.set("inject_enable", 1)
    if kind == "nak":  # the request to replay is lost too
        env.ba.set("inject_phit", int(dut.ba_count_phits.value))
        env.ba.set("inject_bit", source.randrange(phit))
        env.ba.set("inject_enable", 1)
    start = line.cycle
    beats = list(command(source, env.block, size, addr=source.getrandbits(16)))
    env.ab.send(*beats)
    await env.ab.bulk.drained(3000)
    dut._log.info(f"{kind} at {place}: {line.cycle - start} cycles")
    assert env.ab.flips() == 1
    assert env.b.count("errors") >= 1
    assert env.a.count("replays") >= 1
    if kind != "nak":
        assert env.a.count("replays") == 1, "one error, one replay"
        assert line.cycle - start < 400, "the timeout, not the NAK, repaired it"
    await env.drained(LONG)
    cov.sample(corrected=kind)
    cov.save()


@cocotb.test()
@cocotb.parametrize(kind=["no_ack", "silence", "errors"])
async def link_down(dut, kind: str) -> None:
    """A link whose flits vanish, or that is too noisy, goes down, says why, and resumes without
    loss."""
    env = Env(dut)
    await env.start(latency=5)
    source = rng(f"down/{kind}")
    cov = coverage()
    env.ab.send(*command(source, env.block, 30, addr=0))
    await env.drained(3000)
    if kind == "no_ack":  # the answers vanish
        env.ba.set("mute", 1)
        env.ab.send(*command(source, env.block, 30, addr=0))
    elif kind == "silence":  # idle, and no flit comes any more
        env.ba.set("mute", 1)
    else:
        # The lanes can be trained, a full flit hardly passes.
        env.ab.set("error_threshold", int(0.35 * 2**32))
        env.ab.send(*command(source, env.block, 240, addr=0))
    for _ in range(20_000):
        if env.a.down:
            break
        await RisingEdge(dut.clk)
    assert env.a.down, "the link did not go down"
    assert env.a.cause == kind, env.a.cause
    cov.sample(cause=env.a.cause)
    cov.save()
    await ClockCycles(dut.clk, 50)
    assert env.a.down and env.a.cause == kind, "the first cause stays"
    env.ba.set("mute", 0)
    env.ab.set("error_threshold", 0)
    await env.a.clear()
    await env.b.clear()
    env.ab.send(*command(source, env.block, 20, addr=0x40))
    await env.drained(5000)


@cocotb.test()
async def noise_while_idle(dut) -> None:
    """Errors on an idle line do no harm."""
    env = Env(dut)
    await env.start(latency=2, ber=1e-4)
    await ClockCycles(dut.clk, 5_000)
    assert env.ab.flips() > 10
    source = rng("noise")
    env.ab.send(*command(source, env.block, 20))
    env.ba.send(*command(source, env.block, 20))
    await env.drained(LONG)


@cocotb.test()
@cocotb.parametrize(fault=["lost", "repeated", "swapped", "wrong_bit", "wrong_meta", "message"])
async def scoreboard_fails(dut, fault: str) -> None:
    """Must fail: the stimulus differs from what the scoreboard expects by one fault."""
    env = Env(dut)
    await env.start()
    source = rng(f"fault/{fault}")
    beats = list(command(source, env.block, 12, addr=0))
    env.ab.bulk.expect(*beats)
    words = [source.getrandbits(64) for _ in range(3)]
    env.ab.mgmt.expect(*words)
    if fault == "lost":
        del beats[5]
    elif fault == "repeated":
        beats.insert(5, beats[5])
    elif fault == "swapped":
        beats[5], beats[6] = beats[6], beats[5]
    elif fault == "wrong_bit":
        beats[5] = beats[5] | {"data": beats[5]["data"] ^ 1 << 77}
    elif fault == "wrong_meta":
        beats = [beat | {"meta": beat["meta"] ^ 1} for beat in beats]
    else:
        words[1] ^= 1
    for beat in beats:
        env.a.tx.append(beat)
    for word in words:
        env.a.mtx.append(word)
    await env.drained(300)


def round_trip(line: LineMonitor, block: int) -> float:
    """Mean time in flits of eight beats from the start of a flit to the start of its repetition,
    over the first flits of all replays."""
    begun: dict[int, int] = {}
    gaps = []
    generation = 0
    for cycle, flit in line.flits:
        if flit.fields["type"] == 0:
            continue
        seq = flit.fields["seq"]
        if flit.generation != generation and seq in begun:
            gaps.append(cycle - begun[seq])
        generation = flit.generation
        begun[seq] = cycle
    return sum(gaps) / len(gaps) / model.flit_phits(8, block) if gaps else 1.0


@cocotb.test()
@cocotb.parametrize(ber=BERS)
async def measure(dut, ber: float) -> None:
    """Print payload efficiency of one direction, zero flight time, beside the go-back-N bound."""
    env = Env(dut)
    line = LineMonitor(env, "ab")
    await env.start(ber=ber)
    beats = int(os.environ.get("LINK_BEATS", "8000"))
    env.ab.send(*command(rng("measure"), env.block, beats, addr=0))
    begin = line.cycle
    await env.ab.bulk.drained(40 * beats)
    cycles = line.cycle - begin
    reached = beats * (8 * env.block + 16) / (cycles * model.phit_bits(env.block))
    flits = round_trip(line, env.block)
    bound = model.go_back_n_bound(ber, flits, env.block)
    dut._log.info(
        f"MEASURE block {env.block} ber {ber:g}: payload {reached:.4f}, N {flits:.2f} flits, "
        f"bound {bound:.4f}, {env.a.count('replays')} replays"
    )
