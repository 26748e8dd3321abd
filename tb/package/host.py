# SPDX-License-Identifier: Apache-2.0
"""The host of a package in simulation: rings the doorbell, sends requests, reads tokens.

It touches the AXI4-Lite port only; the image is in the memory models before reset ends
(plusargs +mem<c>_bin). It sleeps on the interrupt between tokens, so that the simulation runs free.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, First, RisingEdge
from cocotbext.axi import AxiLiteBus, AxiLiteMaster

from models import commands, errors, registers

STATUS = {"reset": 0, "booting": 1, "loading": 2, "ready": 3, "running": 4, "done": 5, "error": 15}
CLOCK_NS = 2
BOOT_POLL = 2000
BOOT_START = 1000
NO_END_TOKEN = 0xFFFFFFFF


@dataclasses.dataclass(frozen=True)
class ChipError(Exception):
    """STATUS became error: the decoded words ERROR and ERROR_INFO."""

    code: errors.Code
    chiplet: int
    queue: str
    producer: str
    opcode: int
    info: int

    def __str__(self) -> str:
        text = f"chiplet {self.chiplet} reports {self.code.name}, info {self.info:#x}"
        if self.code == errors.Code.HUNG:
            return f"{text}: queue {self.queue} waits for {self.producer}"
        if self.code in (errors.Code.ILLEGAL, errors.Code.ADDRESS, errors.Code.CONFLICT,
                         errors.Code.MEMORY, errors.Code.LINK, errors.Code.OVERFLOW):
            return f"{text}: queue {self.queue}, opcode {self.opcode}, command {self.info}"
        return text


class RecordDiffers(Exception):
    """A completion record differs from the expected one."""


def decode_error(error: int, info: int) -> ChipError:
    """Words ERROR and ERROR_INFO of the host port as an exception."""
    return ChipError(
        errors.Code(error & 15), error >> 20 & 15, commands.queue_name(error >> 4 & 31),
        commands.queue_name(error >> 9 & 31), error >> 14 & 15, info)


class Host:
    """Clock, reset, settings and host port of tb/package/package_tb.v."""

    def __init__(self, dut) -> None:
        self.dut = dut
        self.map = registers.registers("host_registers")
        cocotb.start_soon(Clock(dut.clk, CLOCK_NS, unit="ns", impl="gpi").start())
        dut.rst.value = 1
        settings = dict(read_latency=40, write_latency=20, bandwidth=256, latency=4,
                        error_threshold=0, seed=1, cut=0, inject_enable=0, inject_phit=0,
                        inject_bit=0, inject_index=0, skew=0, burst_threshold=0,
                        burst_length=0, lane_fault=0, lane_fault_lane=0, lane_fault_cycle=0,
                        flip_target=0, flip_cycle=0,
                        flip_address=0, flip_bit=0, check_enable=0)
        for name, value in settings.items():
            getattr(dut, name).value = value

    async def reset(self) -> None:
        """Hold reset for a few cycles; the bus master starts when the port is out of X."""
        await ClockCycles(self.dut.clk, 4)
        self.axi = AxiLiteMaster(AxiLiteBus.from_prefix(self.dut, "s_axil"), self.dut.clk,
                                 self.dut.rst)
        await self.hold_reset(4)

    async def hold_reset(self, cycles: int) -> None:
        """Hardware reset for so many cycles, from any state."""
        self.dut.rst.value = 1
        await ClockCycles(self.dut.clk, cycles)
        self.dut.rst.value = 0
        await ClockCycles(self.dut.clk, 2)

    async def read(self, register: str) -> int:
        """Value of a host register by name."""
        return await self.axi.read_dword(self.map[register].address)

    async def write(self, register: str, value: int) -> None:
        """Write a host register by name."""
        await self.axi.write_dword(self.map[register].address, value)

    async def status(self) -> str:
        """Name of the state."""
        return {v: k for k, v in STATUS.items()}[await self.read("STATUS")]

    async def check_error(self) -> None:
        """Raise ChipError if the status is error."""
        if await self.read("STATUS") == STATUS["error"]:
            raise await self.error()

    async def error(self) -> ChipError:
        """The error that the chip shows."""
        return decode_error(await self.read("ERROR"), await self.read("ERROR_INFO"))

    async def wait_status(self, *wanted: str, cycles: int = 2_000_000, poll: int = 500,
                          seen: Callable[[str], None] = lambda status: None) -> str:
        """Wait for one of the states; raises ChipError on an error that is not wanted.

        seen: called with the state at every look."""
        start = int(self.dut.cycle.value)
        while True:
            state = await self.status()
            seen(state)
            if int(self.dut.failed.value):
                raise RecordDiffers
            if state in wanted:
                return state
            await self.check_error()
            if int(self.dut.cycle.value) - start > cycles:
                raise TimeoutError(f"status is {state} after {cycles} cycles, not {wanted}")
            await ClockCycles(self.dut.clk, poll)

    async def boot(self, cycles: int = 20_000_000,
                   seen: Callable[[str], None] = lambda status: None) -> None:
        """Ring the doorbell and wait until the weights are loaded. An earlier error is gone from
        STATUS once the boot ROM has started."""
        await self.write("DOORBELL", 1)
        await ClockCycles(self.dut.clk, BOOT_START)
        await self.wait_status("ready", cycles=cycles, poll=BOOT_POLL, seen=seen)
        await self.write("IRQ_ENABLE", 3)

    async def request(self, words: list[int]) -> None:
        """Hand over the words of a request and wait until the firmware has taken them; tokens come
        one by one through `token`."""
        room = await self.read("IN_SPACE")
        for word in words:
            while await self.read("IN_SPACE") == 0:
                await ClockCycles(self.dut.clk, 100)
            await self.write("IN_DATA", word)
        while await self.read("IN_SPACE") != room:
            await ClockCycles(self.dut.clk, 100)
        await ClockCycles(self.dut.clk, 100)

    async def token(self) -> int:
        """The next token; sleeps on the interrupt. Raises ChipError."""
        while await self.read("OUT_COUNT") == 0:
            await self.check_error()
            if not int(self.dut.irq.value):
                await First(RisingEdge(self.dut.irq), RisingEdge(self.dut.failed))
            if int(self.dut.failed.value):
                raise RecordDiffers
        token = await self.read("OUT_DATA")
        await self.write("OUT_POP", 1)
        return token
