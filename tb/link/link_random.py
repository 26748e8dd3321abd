# SPDX-License-Identifier: Apache-2.0
"""Constrained-random tests of the link: every kind of error in every state, with credits unused,
in use and used up, on both channels; and what makes ends begin anew."""

from __future__ import annotations

import itertools
import os

import cocotb
import pyuvm
from cocotb.triggers import ClockCycles

from models import link as model
from tb.common.coverage import unmet
from tb.link.link_coverage import CREDITS, ERRORS
from tb.link.link_env import FAULTS, command
from tb.link.link_uvm_env import ENDS, LinkTest, other, room

STALLS = ("none", "random", "mostly", "burst")
LONELY = ("peer_reset", "peer_down", "no_signal", "no_ack")  # causes when the peer was reset
SPECIALS = ("noise", "silence", "no_ack", "two_lanes", "skew", "reset_one", "reset_both",
            "forged_type", "forged_ack")  # fmt: skip


class Epochs(LinkTest):
    """Traffic, and the settings of the channel for each kind of error."""

    def traffic(self, modes: dict[str, str]) -> None:
        """Start traffic both ways that uses the credits as said for each channel, until `stop`."""
        self.stopped, self.senders = False, []
        for (_, channel), path in self.env.paths.items():
            mode = modes[channel]
            sink = "always" if mode == "all_used" else self.random.choice(STALLS)
            path.stall(self.random.choice(STALLS), sink)
            if mode != "none_used":
                self.senders.append(cocotb.start_soon(self.sender(path, channel, mode)))

    async def sender(self, path, channel: str, mode: str) -> None:
        block = len(self.dut.a_tx_data) // 8
        few = mode == "some_used"
        while not self.stopped:
            if channel == "mgmt":
                beats = [{"data": self.random.getrandbits(64)}]
            else:
                size = self.random.choice((0, 1, 2, 3)) if few else 24
                beats = list(command(self.random, block, size, jumps=0.2 if few else 0.0))
            await path.source.send(beats)
            while few and not self.stopped and path.board.under_way >= room(channel) // 2:
                await ClockCycles(self.dut.clk, 5)
            if few and self.random.random() < 0.3:
                await ClockCycles(self.dut.clk, self.random.randrange(40))

    async def stop(self) -> None:
        """No stalls, no new traffic; wait until all has come."""
        self.stopped = True
        for path in self.env.paths.values():
            path.stall(path.stalls[0], "none")
        for sender in self.senders:
            await sender
        await self.finish()

    def settings(self, kind: str, lanes: int) -> dict[str, int]:
        """Of the channel, for a kind of error."""
        lane = self.random.randrange(lanes - 1)
        fault = FAULTS[self.random.choice(("stuck0", "stuck1", "random"))]
        return {
            "none": {},
            "bits": {"error_threshold": model.error_threshold(1e-4, 2 * (lanes - 2))},
            "bursts": {"burst_threshold": 2**32 // 200, "burst_all": self.random.randrange(2),
                       "burst_length": self.random.randint(1, 12)},
            "dead_lane": {"lane_fault": fault << 2 * lane},
            "weak_lane": {"lane_errors": model.lane_threshold(0.01) << 32 * lane},
            "vanish": {"mute": 1},
            "cut": {"cut": 1},
        }[kind]  # fmt: skip

    async def epoch(self, kind: str, modes: dict[str, str]) -> None:
        """One kind of error on one channel while the link is active, while it trains, and, with the
        other channel cut, down; then the link is mended and all must come."""
        line = self.random.choice(("ab", "ba"))
        agent, back = self.env.lines[line], self.env.lines[line[::-1]]
        self.traffic(modes)
        await ClockCycles(self.dut.clk, 250)
        self.may_be_down = kind not in ("none", "bits")
        await agent.behave(kind, **self.settings(kind, agent.line.lanes))
        await ClockCycles(self.dut.clk, self.random.randint(100, 200))
        await self.retrain(self.random.choice(ENDS))
        await ClockCycles(self.dut.clk, self.random.randint(40, 400))
        if kind == "dead_lane":
            await ClockCycles(self.dut.clk, 400)
            if (await self.ends[line[1]].bad_lanes()) != []:
                self.env.coverage.event("lane_left_out")
        self.may_be_down = True
        await back.behave("cut", cut=1)
        await self.go_down()
        await ClockCycles(self.dut.clk, 100)
        await back.behave("none")
        await agent.behave("none")
        await self.recover()
        if kind == "dead_lane":
            assert await self.ends[line[1]].bad_lanes() == []
            self.env.coverage.event("lane_back")
        await self.stop()

    async def go_down(self, *ends: str) -> None:
        for _ in range(400):
            if all(self.ends[end].down for end in ends or ENDS):
                return
            await ClockCycles(self.dut.clk, 50)
        raise AssertionError("the link does not go down")

    def plan(self) -> list[tuple[str, dict[str, str]]]:
        """All kinds with all uses of the credits of each channel."""
        shift = self.random.randrange(1, 3)
        plan = [
            (kind, {"bulk": CREDITS[i], "mgmt": CREDITS[(i + shift) % 3]})
            for kind, i in itertools.product(ERRORS, range(3))
        ]
        return self.random.sample(plan, len(plan))

    async def special(self, what: str) -> None:
        """Under traffic."""
        end, line = self.random.choice(ENDS), self.random.choice(("ab", "ba"))
        agent = self.env.lines[line]
        event = self.env.coverage.event
        full = what == "noise"
        self.traffic({"bulk": "full_flits" if full else "some_used", "mgmt": "some_used"})
        await ClockCycles(self.dut.clk, 400)
        if what == "noise":  # hardly a full flit passes
            self.may_be_down = True
            await agent.behave("bits", error_threshold=int(0.3 * 2**32))
            await self.go_down(line[0])
        elif what in ("silence", "no_ack"):
            if what == "silence":
                await self.stop()
            self.may_be_down = True
            await agent.behave("vanish", mute=1)
            await self.go_down(line[1])
            assert self.ends[line[1]].cause == what
        elif what == "two_lanes":
            self.may_be_down = True
            await agent.behave("dead_lane", lane_fault=0b1001 << 2 * self.random.randrange(6))
            await self.go_down()
            assert self.ends[line[1]].cause == "lanes"
        elif what == "skew":
            bits = [self.random.randrange(25) for _ in range(agent.line.lanes)]
            skew = sum(b << 8 * lane for lane, b in enumerate(bits))
            await agent.behave("none", lane_skew=skew)
            await self.retrain(line[1])  # the other end could not make itself understood
            await self.up()
            event("skew_changed")
        elif what == "reset_both":
            await self.reset(*self.random.sample(ENDS, 2))
            await self.up()
            event(what)
        elif what == "reset_one":
            await self.block_sink(other(end))
            await self.reset(end)
            await self.go_down(other(end))
            assert self.ends[other(end)].cause in LONELY
            event(what)
        else:
            await self.stop()
            await ClockCycles(self.dut.clk, 60)
            self.may_be_down = True
            agent.line.forge(*((16, 3) if what == "forged_type" else (19, 0x80)))
            await self.go_down(line[1])
            assert self.ends[line[1]].cause == "protocol"
            event(what)
        for mended in self.env.lines.values():
            await mended.behave("none")
        await self.recover()
        await self.stop()

    async def block_sink(self, end: str) -> None:
        """Let a beat wait at an end that will begin anew."""
        path = self.env.paths[other(end) + end, "bulk"]
        path.stall(path.stalls[0], "always")
        valid = getattr(self.dut, f"{end}_rx_valid")
        for _ in range(40):
            await ClockCycles(self.dut.clk, 20)
            if valid.value == 1:
                return


@pyuvm.test()
class RandomTrouble(Epochs):
    """All epochs and special events, in random order; twice or three times if goals are unmet."""

    async def stimulus(self) -> None:
        rounds = int(os.environ.get("LINK_ROUNDS", "1"))
        for done in range(rounds + 2):
            if done >= rounds and not unmet(self.env.coverage.coverage):
                return
            steps = [("epoch", step) for step in self.plan()]
            steps += [("special", (what,)) for what in SPECIALS]
            for kind, step in self.random.sample(steps, len(steps)):
                cocotb.log.info(f"{kind} {step}")
                await getattr(self, kind)(*step)


@pyuvm.test()
class FewTroubles(Epochs):
    """One epoch of each kind of error, and the special events, for the slow simulator."""

    async def stimulus(self) -> None:
        for kind in ERRORS:
            await self.epoch(kind, {"bulk": "some_used", "mgmt": self.random.choice(CREDITS)})
        for what in SPECIALS:
            await self.special(what)
