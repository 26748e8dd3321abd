# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tb/package/session.py: boot, request, tokens, with every record checked."""

from __future__ import annotations

import json
import os
import time

import cocotb
from cocotb.triggers import ClockCycles, First, RisingEdge, Timer

from models import commands, host
from tb.package.host import CLOCK_NS, NO_END_TOKEN, ChipError, Host, RecordDiffers

TICK = 20_000  # cycles between two looks at how far the run is


def _words(value: int, width: int, count: int) -> list[int]:
    return [value >> width * i & (1 << width) - 1 for i in range(count)]


class Session:
    """One run of a job."""

    def __init__(self, dut) -> None:
        self.dut = dut
        with open(os.environ["TESSERA_JOB"]) as file:
            self.job = json.load(file)
        self.progress = open(os.environ["TESSERA_PROGRESS"], "a", buffering=1)
        self.host = Host(dut)
        self.start = self.began = time.time()
        self.n = len(dut.core_sleep)
        self.ready = self.request = 0
        self.tokens: list[int] = []
        self.token_cycles: list[int] = []
        self.token_seconds: list[float] = []
        self.moved: list[int] = []
        self.errors: list[str] = []

    def cycle(self) -> int:
        return int(self.dut.cycle.value)

    def counts(self, name: str) -> list[int]:
        """A port with a 32-bit count per chiplet."""
        return _words(int(getattr(self.dut, name).value), 32, self.n)

    def note(self, event: str, **values) -> None:
        """Append an event to the progress file."""
        line = {"event": event, "cycle": self.cycle(), "seconds": time.time() - self.start,
                "checked": int(self.dut.checked.value), "read": max(self.counts("memory_reads"))}
        self.progress.write(json.dumps({**line, **values}) + "\n")

    async def tick(self) -> None:
        """An event now and then, for those who watch."""
        while True:
            await Timer(TICK * CLOCK_NS, "ns")
            self.note("tick")

    def apply(self, settings: dict) -> None:
        for name, value in settings.items():
            getattr(self.dut, name).value = value

    def mismatch(self) -> dict | None:
        """The first record that differs, by its place in the command stream."""
        if not int(self.dut.failed.value):
            return None
        return {
            "chiplet": int(self.dut.failed_chiplet.value),
            "queue": int(self.dut.failed_queue.value),
            "queue_name": commands.queue_name(int(self.dut.failed_queue.value)),
            "opcode": int(self.dut.failed_opcode.value),
            "number": int(self.dut.failed_number.value),
            "cycle": int(self.dut.failed_cycle.value),
            "got": int(self.dut.failed_signature.value),
            "expected": int(self.dut.expected_signature.value),
        }

    async def boot(self) -> None:
        await self.host.boot(seen=lambda status: self.note("boot", status=status))
        self.ready = self.cycle()
        self.moved = [r + w for r, w in zip(self.counts("memory_reads"),
                                            self.counts("memory_writes"))]
        self.note("ready")

    async def serve(self, prompt: list[int], new_tokens: int,
                    end_token: int = NO_END_TOKEN) -> None:
        """One request to its last token."""
        self.request = self.cycle()
        await self.host.request([len(prompt), new_tokens, end_token, *prompt])
        for _ in range(new_tokens):
            if await self.word() == end_token:
                break
        await self.host.wait_status("done", cycles=100_000)

    async def serve_batch(self, sequences: list[host.Request]) -> None:
        """A batch to the last token of each sequence."""
        self.request = self.cycle()
        await self.host.request(host.words(sequences))
        left = [sequence.new_tokens for sequence in sequences]
        while any(left):
            word = await self.word()
            s, token = word >> host.SEQUENCE, word & (1 << host.SEQUENCE) - 1
            left[s] = 0 if token == sequences[s].end_token else left[s] - 1
        await self.host.wait_status("done", cycles=100_000)

    async def word(self) -> int:
        """The next output word, noted."""
        self.tokens.append(await self.host.token())
        self.token_cycles.append(self.cycle())
        self.token_seconds.append(time.time() - self.start)
        self.note("token", token=self.tokens[-1])
        return self.tokens[-1]

    async def act(self, action: str, *values) -> None:
        """One action of the host: ring the doorbell; wait `values[0]` cycles; hold the hardware
        reset for values[0] cycles; write the words values[0]; take values[0] tokens; wait for the
        status values[0]; expect an error."""
        port = self.host
        if action == "ring":
            await port.write("DOORBELL", 1)
            await port.write("IRQ_ENABLE", 3)
        elif action == "wait":
            await ClockCycles(self.dut.clk, values[0])
        elif action == "reset":
            await port.hold_reset(values[0])
        elif action == "words":
            for word in values[0]:
                while await port.read("IN_SPACE") == 0:
                    await ClockCycles(self.dut.clk, 100)
                await port.write("IN_DATA", word)
        elif action == "tokens":
            for _ in range(values[0]):
                self.tokens.append(await port.token())
        elif action == "status":
            await port.wait_status(values[0], cycles=2_000_000)
            self.note(f"status {values[0]}")
        elif action == "error":
            await port.wait_status("error", cycles=2_000_000)
            self.errors.append(str(await port.error()))
        else:
            raise ValueError(f"no action {action}")

    async def guarded(self, step) -> bool:
        """Await a step; False if the chip reported an error or a record differs."""
        try:
            await step
        except ChipError as error:
            self.errors.append(str(error))
            self.note("error", text=str(error))
            return False
        except RecordDiffers:
            return False
        return True

    async def drive(self) -> None:
        """Everything that the host does."""
        job, dut = self.job, self.dut
        for action in job["actions"]:
            if not await self.guarded(self.act(*action)):
                break
        good = not job["actions"] and await self.guarded(self.boot())
        self.began = time.time()
        batches = [[host.Request(**sequence) for sequence in batch] for batch in job["batches"]]
        served = [(self.serve, request) for request in job["requests"]]
        served += [(self.serve_batch, [batch]) for batch in batches]
        for serve, values in served if good else []:
            good = await self.guarded(serve(*values))
            if not good and job["reboot"]:
                good = await self.guarded(self.boot())
            if not good and int(dut.failed.value):
                break
        await ClockCycles(dut.clk, 100)

    async def run(self) -> dict:
        dut = self.dut
        self.apply(self.job["settings"])
        dut.check_enable.value = int(self.job["check"])
        await self.host.reset()
        self.note("reset")
        cocotb.start_soon(self.tick())
        drive = cocotb.start_soon(self.drive())
        await First(drive, RisingEdge(dut.waves_over))
        stopped = not drive.done()
        if stopped:
            drive.cancel()
        else:
            drive.result()  # raises what it raised
        run_seconds = time.time() - self.began
        total_cycles = self.cycle()
        return {
            "tokens": self.tokens, "ready_cycle": self.ready, "request_cycle": self.request,
            "token_cycles": self.token_cycles, "token_seconds": self.token_seconds,
            "checked": int(dut.checked.value),
            "mismatches": int(dut.mismatches.value), "first_mismatch": self.mismatch(),
            "link_replays": self.counts("link_replays"),
            "memory_reads": self.counts("memory_reads"),
            "memory_writes": self.counts("memory_writes"), "memory_at_ready": self.moved,
            "run_seconds": run_seconds, "total_seconds": time.time() - self.start,
            "total_cycles": total_cycles, "errors": self.errors,
            "status": await self.host.status(), "stopped": stopped,
        }


@cocotb.test()
async def model_run(dut):
    """Run the job; the caller judges the result."""
    session = Session(dut)
    result = await session.run()
    with open(os.environ["TESSERA_RESULT"], "w") as file:
        json.dump(result, file)
