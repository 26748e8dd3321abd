# SPDX-License-Identifier: Apache-2.0
"""cocotb side of tb/package/session.py: boot, request, tokens, with every record checked."""

from __future__ import annotations

import json
import os
import time

import cocotb
from cocotb.triggers import ClockCycles

from models import commands
from tb.package.host import ChipError, Host


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
        self.start = time.time()
        self.n = len(dut.core_sleep)

    def cycle(self) -> int:
        return int(self.dut.cycle.value)

    def counts(self, name: str) -> list[int]:
        """A port with a 32-bit count per chiplet."""
        return _words(int(getattr(self.dut, name).value), 32, self.n)

    def note(self, event: str, **values) -> None:
        """Append an event to the progress file."""
        line = {"event": event, "cycle": self.cycle(), "seconds": time.time() - self.start}
        self.progress.write(json.dumps({**line, **values}) + "\n")

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
            "got": int(self.dut.failed_signature.value),
            "expected": int(self.dut.expected_signature.value),
        }

    async def run(self) -> dict:
        job, dut, host = self.job, self.dut, self.host
        self.apply(job["settings"])
        dut.check_enable.value = int(job["check"])
        await host.reset()
        self.note("reset")
        tokens, token_cycles, after_error = [], [], []
        ready = request = 0
        moved = []
        began = time.time()
        error = None
        try:
            await host.boot(seen=lambda status: self.note("boot", status=status))
            ready = self.cycle()
            moved = [r + w for r, w in zip(self.counts("memory_reads"),
                                           self.counts("memory_writes"))]
            self.note("ready")
            self.apply(job["at_ready"])
            began = time.time()
            for _ in range(job["repeat"]):
                request = self.cycle()
                await host.request(job["prompt"], job["new_tokens"])
                for _ in range(job["new_tokens"]):
                    tokens.append(await host.token())
                    token_cycles.append(self.cycle())
                    self.note("token", token=tokens[-1])
                await host.wait_status("done", cycles=100_000)
        except ChipError as chip_error:
            error = str(chip_error)
            self.note("error", text=error)
        except RuntimeError as failure:
            if not int(dut.failed.value):
                raise
            error = str(failure)
        await ClockCycles(dut.clk, 100)
        run_seconds = time.time() - began
        total_cycles = self.cycle()
        return {
            "tokens": tokens, "ready_cycle": ready, "request_cycle": request,
            "token_cycles": token_cycles, "checked": int(dut.checked.value),
            "mismatches": int(dut.mismatches.value), "first_mismatch": self.mismatch(),
            "link_replays": self.counts("link_replays"),
            "memory_reads": self.counts("memory_reads"),
            "memory_writes": self.counts("memory_writes"), "memory_at_ready": moved,
            "run_seconds": run_seconds, "total_seconds": time.time() - self.start,
            "total_cycles": total_cycles, "error": error, "after_error": after_error,
        }


@cocotb.test()
async def model_run(dut):
    """Run the job; the caller judges the result."""
    session = Session(dut)
    result = await session.run()
    with open(os.environ["TESSERA_RESULT"], "w") as file:
        json.dump(result, file)
