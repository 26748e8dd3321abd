# SPDX-License-Identifier: Apache-2.0
"""cocotb tests of the core's memories, registers and stash window.

Registers are held against rtl/chiplet/registers.rdl: what is not in it reads 0 and takes nothing.
"""

from __future__ import annotations

import dataclasses
import re
from collections import deque

import cocotb
from cocotb.triggers import ClockCycles, RisingEdge

from models import registers
from tb.common.clock import rng, start
from tb.common.filelist import ROOT

MAP = "core_registers"
ROM, SRAM, REGISTERS, STASH = 0, 0x10000000, 0x20000000, 0x40000000
ROM_BYTES = 8192
INPUTS = dict(
    stash_stall=0, i_req_valid=0, i_req_addr=0, d_req_valid=0, d_req_we=0, d_req_addr=0,
    d_req_wdata=0, d_req_strb=0, chiplet_id=2, push_ready=0, list_busy=0, idle=0, resetting=0,
    notify_count=0, signature_sum=0, error_valid=0, error_code=0, error_queue=0, error_producer=0,
    error_opcode=0, error_sequence=0, mtx_ready=0, mrx_valid=0, mrx_source=0, mrx_data=0,
    links_down=0, links_present=0, link_rdata=0, host_in_valid=0, host_in_data=0, host_out_ready=0,
    host_doorbell=0, counters=0)
PULSES = ("list_start", "engine_reset", "notify_clear", "signature_clear", "mrx_pop", "host_in_pop",
          "link_write")


@dataclasses.dataclass
class Access:
    """One access of the data port; want None: the data do not count."""

    addr: int
    we: int = 0
    data: int = 0
    strb: int = 15
    want: int | None = None
    fault: int = 0


class Bench:
    def __init__(self, dut, name: str) -> None:
        self.dut, self.r = dut, rng(name)
        self.block = int(dut.BLOCK.value)
        self.stash_bytes = self.block * int(dut.STASH_BEATS.value)
        self.sram_bytes = 4 * int(dut.SRAM_WORDS.value)
        self.at = {n: r.address for n, r in registers.registers(MAP).items()}

    async def begin(self) -> None:
        for name, value in INPUTS.items():
            getattr(self.dut, name).value = value
        await start(self.dut)
        await RisingEdge(self.dut.clk)

    async def run(self, accesses: list[Access], pause: float = 0.0) -> None:
        """Accesses one behind the other, the next offered while the last is answered."""
        d = self.dut
        todo, waiting = deque(accesses), deque()
        offered, quiet = None, 0
        while todo or waiting or offered:
            if offered is None and todo and self.r.random() >= pause:
                offered = todo.popleft()
                d.d_req_valid.value, d.d_req_we.value = 1, offered.we
                d.d_req_addr.value, d.d_req_strb.value = offered.addr, offered.strb
                d.d_req_wdata.value = offered.data
            await RisingEdge(d.clk)
            quiet += 1
            if d.d_rsp_valid.value == 1:
                assert waiting, "an answer that nobody waits for"
                self.check(waiting.popleft())
                quiet = 0
            if offered and d.d_req_ready.value == 1:
                waiting.append(offered)
                offered, quiet = None, 0
                d.d_req_valid.value = 0
            assert quiet < 2000, f"no progress: offered {offered}, waiting {waiting}"

    def check(self, a: Access) -> None:
        fault = int(self.dut.d_rsp_err.value)
        assert fault == a.fault, f"{a}: fault {fault}"
        if a.want is not None:
            got = int(self.dut.d_rsp_data.value)
            assert got == a.want, f"{a}: got {got:#010x}"

    async def read(self, name: str, index: int = 0) -> int:
        """A register by name."""
        d = self.dut
        d.d_req_valid.value, d.d_req_we.value = 1, 0
        d.d_req_addr.value = REGISTERS + self.at[name] + 4 * index
        await RisingEdge(d.clk)
        assert d.d_req_ready.value == 1
        d.d_req_valid.value = 0
        await RisingEdge(d.clk)
        assert d.d_rsp_valid.value == 1 and d.d_rsp_err.value == 0
        return int(d.d_rsp_data.value)

    async def write(self, name: str, value: int, index: int = 0) -> None:
        """Write a register; returns when the register has changed."""
        await self.run([Access(REGISTERS + self.at[name] + 4 * index, 1, value)])

    async def fill(self) -> dict[str, int]:
        """Write all registers that only hold a value; what they hold then."""
        values = {}
        for name, (_, words, mask, _) in writable().items():
            if words == 1 and name != "LINK_VALUE":
                values[name] = self.r.getrandbits(32) & mask
                await self.write(name, values[name])
        return values

    async def expect(self, name: str, want: int, index: int = 0) -> None:
        got = await self.read(name, index)
        assert got == want, f"{name}[{index}]: {got:#x}, expected {want:#x}"

    def constants(self) -> dict[str, int]:
        """What read-only registers show with all inputs 0, from the parameters and fields."""
        d = self.dut
        shape = {"chiplet": 2, "n_chiplets": int(d.N_CHIPLETS.value),
                 "n_macros": int(d.N_MACROS.value), "block": self.block}
        return {"ID": int.from_bytes(b"TSRA", "little"), "VERSION": 1,
                "SHAPE": self.word("SHAPE", **shape), "SETS": int(d.SETS.value),
                "STASH_BEATS": int(d.STASH_BEATS.value),
                "DISPATCH": self.word("DISPATCH", push_ready=1),
                "MTX_STATUS": self.word("MTX_STATUS", ready=1),
                "HOST": self.word("HOST", out_ready=1)}

    def word(self, register: str, **fields: int) -> int:
        """A register's value from its fields."""
        out = 0
        places = registers.registers(MAP)[register].fields
        for name, value in fields.items():
            lsb, width, _ = places[name]
            assert value < 1 << width
            out |= value << lsb
        return out


def writable() -> dict[str, tuple[int, int, int, int]]:
    """Registers that read back what was written: address, words, mask, reset value."""
    out = {}
    for node in registers.elaborate(MAP).children(unroll=False):
        fields = [f for f in node.fields() if str(f.get_property("sw")) == "AccessType.rw"]
        if fields:
            words = node.array_dimensions[0] if node.is_array else 1
            mask = sum((1 << f.width) - 1 << f.lsb for f in fields)
            reset = sum((f.get_property("reset") or 0) << f.lsb for f in fields)
            out[node.inst_name] = (node.raw_address_offset, words, mask, reset)
    return out


@cocotb.test()
async def reset_values(dut) -> None:
    """Every word of the page: registers at reset, constants, zeros elsewhere; none faults."""
    b = Bench(dut, "reset_values")
    await b.begin()
    assert int(dut.push_cmd.value) == 0  # cannot be read
    want = {b.at[n]: v for n, v in b.constants().items()}
    for address, words, _, reset in writable().values():
        want |= {address + 4 * k: reset for k in range(words)}
    skip = {b.at["MTIME_LO"]}
    for a in range(0, 4096, 4):
        await b.run([Access(REGISTERS + a, want=None if a in skip else want.get(a, 0))])


@cocotb.test()
async def write_and_read_back(dut) -> None:
    """Random values in random order: each register keeps its own, nothing else changes, addresses
    without a register take nothing; outputs show the registers."""
    b = Bench(dut, "write_and_read_back")
    await b.begin()
    table = writable()
    assert set(table) >= {"MTIMECMP_LO", "BASE", "HOST_STATUS", "WATCHDOG"}
    have = {a + 4 * k: reset for a, words, _, reset in table.values() for k in range(words)}
    mask = {a + 4 * k: m for a, words, m, _ in table.values() for k in range(words)}
    mask[b.at["BASE"]] = 0  # BASE[0] reads 0
    # Registers that act when they are written have tests of their own.
    acts = {b.at[n] + 4 * k for n, words in (("CONTROL", 1), ("PUSH", 8), ("MTX_HI", 1),
            ("MRX_POP", 1), ("HOST_IN_POP", 1), ("HOST_OUT", 1), ("DOORBELL_CLEAR", 1),
            ("LINK_VALUE", 1))
            for k in range(words)}
    timer = {b.at["MTIME_LO"], b.at["MTIME_HI"]}
    fixed = {b.at[n]: v for n, v in b.constants().items()}
    todo = [a for a in range(0, 4096, 4) if a not in acts] * 2
    b.r.shuffle(todo)
    ops, first = [], {}
    for a in todo:
        # The second time the complement, so that every bit is 0 and 1.
        value = first.pop(a) ^ 0xFFFFFFFF if a in first else b.r.getrandbits(32)
        first[a] = value
        ops.append(Access(REGISTERS + a, 1, value))
        if a in have:
            have[a] = value & mask[a]
        near = b.r.choice([*have, a, a ^ 4])
        for look in (a, near):
            if look not in timer and look not in acts:
                ops.append(Access(REGISTERS + look, want=have.get(look, fixed.get(look, 0))))
    await b.run(ops, pause=0.1)
    shown = {"LIST_ADDRESS": dut.list_address, "LIST_LIMIT": dut.list_limit,
             "WATCHDOG": dut.watchdog, "MTX_PEER": dut.mtx_peer, "HOST_STATUS": dut.host_status,
             "HOST_ERROR": dut.host_error, "HOST_ERROR_INFO": dut.host_error_info,
             "MSIP": dut.irq_software}
    for name, port in shown.items():
        assert int(port.value) == have[b.at[name]], name
    want = sum(have[b.at["BASE"] + 4 * k] << 32 * k for k in range(16))
    assert int(dut.base.value) == want


@cocotb.test()
async def pulses(dut) -> None:
    """Each bit that acts once does so for one cycle, alone; reads cause no pulse."""
    b = Bench(dut, "pulses")
    await b.begin()

    async def seen(access: Access) -> list[str]:
        d = dut
        d.d_req_valid.value, d.d_req_we.value = 1, access.we
        d.d_req_addr.value, d.d_req_wdata.value = access.addr, access.data
        d.d_req_strb.value = 15
        out = []
        for _ in range(6):
            await RisingEdge(d.clk)
            d.d_req_valid.value = 0
            out += [name for name in PULSES if getattr(d, name).value == 1]
        return sorted(out)

    fields = registers.registers(MAP)["CONTROL"].fields
    for pick in range(16):
        names = [n for n, (lsb, _, _) in fields.items() if pick >> lsb & 1]
        got = await seen(Access(REGISTERS + b.at["CONTROL"], 1, pick))
        assert got == sorted(names), f"CONTROL {pick}: {got}"
    for name, pulse in (("MRX_POP", "mrx_pop"), ("HOST_IN_POP", "host_in_pop"),
                        ("LINK_VALUE", "link_write")):
        for value in (0, 1):
            assert await seen(Access(REGISTERS + b.at[name], 1, value)) == [pulse]
    assert set(fields) | {"mrx_pop", "host_in_pop", "link_write"} == set(PULSES)
    for address in b.at.values():
        assert await seen(Access(REGISTERS + address)) == []


@cocotb.test()
async def status_inputs(dut) -> None:
    """Random inputs appear in their fields, whatever the registers hold."""
    b = Bench(dut, "status_inputs")
    await b.begin()
    n = int(dut.N_COUNTERS.value)
    for step in range(8 * (n + 2)):
        if step % 8 == 0:
            await b.fill()
        v = {name: b.r.getrandbits(len(getattr(dut, name))) for name in (
            "list_busy", "idle", "resetting", "notify_count", "signature_sum", "error_valid",
            "error_code", "error_queue", "error_producer", "error_opcode", "error_sequence",
            "mrx_valid", "mrx_source", "mrx_data", "links_down", "links_present", "link_rdata",
            "host_in_valid", "host_in_data", "counters")}
        for name, value in v.items():
            getattr(dut, name).value = value
        await b.expect("DISPATCH", b.word("DISPATCH", list_busy=v["list_busy"], idle=v["idle"],
                                          error=v["error_valid"], push_ready=1,
                                          resetting=v["resetting"]))
        await b.expect("NOTIFY_COUNT", v["notify_count"])
        await b.expect("SIGNATURE_SUM", v["signature_sum"])
        error = b.word("ERROR", code=v["error_code"], queue=v["error_queue"],
                       producer=v["error_producer"], opcode=v["error_opcode"])
        await b.expect("ERROR", error if v["error_valid"] else 0)
        await b.expect("ERROR_SEQUENCE", v["error_sequence"])
        await b.expect("MRX_STATUS", b.word("MRX_STATUS", valid=v["mrx_valid"],
                                            source=v["mrx_source"]))
        await b.expect("MRX_LO", v["mrx_data"] & 0xFFFFFFFF)
        await b.expect("MRX_HI", v["mrx_data"] >> 32)
        await b.expect("LINKS", b.word("LINKS", down=v["links_down"], present=v["links_present"]))
        await b.expect("LINK_VALUE", v["link_rdata"])
        await b.expect("HOST", b.word("HOST", in_valid=v["host_in_valid"], out_ready=1))
        await b.expect("HOST_IN", v["host_in_data"])
        pick = (*range(n), n, 255)[step % (n + 2)]
        await b.write("COUNTER_SELECT", pick)
        await b.expect("COUNTER_VALUE", v["counters"] >> 32 * pick & 0xFFFFFFFF if pick < n else 0)


@cocotb.test()
async def streams_out(dut) -> None:
    """A command, a message and a word for the host wait until they are taken, once, whatever else
    is written, which stays as it is, too; the ready bits say when the next may be written."""
    b = Bench(dut, "streams_out")
    await b.begin()
    for _ in range(12):
        held = await b.fill()
        words = [b.r.getrandbits(32) for _ in range(8)]
        order = b.r.sample(range(7), 7)
        for k in [*order, 7]:
            assert dut.push_valid.value == 0
            await b.write("PUSH", words[k], k)
            name = b.r.choice(sorted(held))
            await b.expect(name, held[name])
        peer, low, high, word = b.r.randrange(8), *(b.r.getrandbits(32) for _ in range(3))
        await b.write("MTX_PEER", peer)
        await b.write("MTX_LO", low)
        await b.write("MTX_HI", high)
        await b.write("HOST_OUT", word)
        for name, value in held.items():
            if not name.startswith("MTX"):
                await b.expect(name, value)
                held[name] = b.r.getrandbits(32) & writable()[name][2]
                await b.write(name, held[name])
        assert int(dut.push_cmd.value) == sum(w << 32 * k for k, w in enumerate(words))
        assert (int(dut.mtx_peer.value), int(dut.mtx_data.value)) == (peer, high << 32 | low)
        assert int(dut.host_out_data.value) == word
        busy = {"push": ("DISPATCH", "push_ready"), "mtx": ("MTX_STATUS", "ready"),
                "host_out": ("HOST", "out_ready")}
        for stream in b.r.sample(sorted(busy), 3):
            register, field = busy[stream]
            valid = getattr(dut, f"{stream}_valid")
            assert valid.value == 1
            await b.expect(register, 0)
            getattr(dut, f"{stream}_ready").value = 1
            await RisingEdge(dut.clk)
            getattr(dut, f"{stream}_ready").value = 0
            await RisingEdge(dut.clk)
            assert valid.value == 0
            await b.expect(register, b.word(register, **{field: 1}))


@cocotb.test()
async def doorbell(dut) -> None:
    """A ring stays pending until it is cleared; one that comes with the clear is not lost."""
    b = Bench(dut, "doorbell")
    await b.begin()

    async def ring() -> None:
        dut.host_doorbell.value = 1
        await RisingEdge(dut.clk)
        dut.host_doorbell.value = 0
        await RisingEdge(dut.clk)

    pending = b.word("HOST", out_ready=1, doorbell=1)
    await ring()
    assert dut.doorbell_pending.value == 1
    await b.expect("HOST", pending)
    await b.expect("HOST", pending)
    # What the host writes behind the ring is for the next boot: it cannot be dropped before.
    dut.d_req_valid.value, dut.d_req_we.value = 1, 1
    dut.d_req_addr.value = REGISTERS + b.at["HOST_IN_POP"]
    for _ in range(4):
        await RisingEdge(dut.clk)
        dut.d_req_valid.value = 0
        assert dut.host_in_pop.value == 0
    await b.write("DOORBELL_CLEAR", 1)
    await b.expect("HOST", b.word("HOST", out_ready=1))
    dut.d_req_valid.value, dut.d_req_we.value = 1, 1
    dut.d_req_addr.value = REGISTERS + b.at["DOORBELL_CLEAR"]
    dut.host_doorbell.value = 1
    await RisingEdge(dut.clk)
    dut.d_req_valid.value = dut.host_doorbell.value = 0
    await RisingEdge(dut.clk)
    await b.expect("HOST", pending)


@cocotb.test()
async def timer(dut) -> None:
    """MTIME counts cycles; its interrupt is a level that starts in the cycle of MTIMECMP."""
    b = Bench(dut, "timer")
    await b.begin()
    first = await b.read("MTIME_LO")
    await ClockCycles(dut.clk, 100)
    now = await b.read("MTIME_LO")
    assert now - first == 102  # two cycles per read
    await b.expect("MTIME_HI", 0)
    assert dut.irq_timer.value == 0
    at = now + 60
    await b.write("MTIMECMP_HI", 0)
    await b.write("MTIMECMP_LO", at)
    first = await b.read("MTIME_LO")  # the timer two edges before this one
    shown = [0] * 2
    while not shown[-1]:
        await RisingEdge(dut.clk)
        shown.append(int(dut.irq_timer.value))
        assert len(shown) < 200
    assert first + len(shown) - 1 == at, f"{first} + {len(shown)} - 1, expected {at}"
    await ClockCycles(dut.clk, 5)
    assert dut.irq_timer.value == 1
    await b.write("MTIMECMP_HI", 1)
    await RisingEdge(dut.clk)
    assert dut.irq_timer.value == 0


def lanes(r, data: int) -> tuple[int, int, int]:
    """A random byte, half word or word: offset, strobes, data in all lanes as a core puts them."""
    size = r.choice((1, 2, 4))
    offset = r.randrange(0, 4, size)
    part = data & (1 << 8 * size) - 1
    return offset, (1 << size) - 1 << offset, sum(part << 8 * k for k in range(0, 4, size))


def merged(old: int, strb: int, data: int) -> int:
    mask = sum(0xFF << 8 * k for k in range(4) if strb >> k & 1)
    return old & ~mask | data & mask


@cocotb.test()
@cocotb.parametrize(stall=[0, 120, 230])
async def window_and_sram(dut, stall) -> None:
    """Random bytes, half words and words in stash and SRAM, registers between, against a dict."""
    b = Bench(dut, f"window{stall}")
    await b.begin()
    dut.stash_stall.value = stall
    places = [STASH + 4 * k for k in range(0, b.stash_bytes // 4, 5)]
    places += [STASH, STASH + b.stash_bytes - 4, SRAM, SRAM + b.sram_bytes - 4]
    places += [SRAM + 4 * b.r.randrange(b.sram_bytes // 4) for _ in range(40)]
    memory = {a: b.r.getrandbits(32) for a in places}
    ops = [Access(a, 1, v) for a, v in memory.items()]
    for _ in range(600):
        a = b.r.choice(places)
        if b.r.random() < 0.5:
            _, strb, data = lanes(b.r, b.r.getrandbits(32))
            memory[a] = merged(memory[a], strb, data)
            ops.append(Access(a, 1, data, strb))
        elif b.r.random() < 0.1:
            ops.append(Access(REGISTERS + b.at["ID"], want=0x41525354))
        else:
            ops.append(Access(a, want=memory[a]))
    ops += [Access(a, want=v) for a, v in memory.items()]
    await b.run(ops, pause=0.2)


def rom_words() -> list[int]:
    """What the ROM was given, from the generated contents."""
    text = (ROOT / "build" / "gen" / "boot_rom.vh").read_text()
    words = {int(k): int(v, 16) for k, v in re.findall(r"rom\[(\d+)\] = 32'h([0-9a-f]+);", text)}
    return [words[k] for k in range(ROM_BYTES // 4)]


@cocotb.test()
async def faults(dut) -> None:
    """Every hole of the map faults at its edges, reads and writes, and a write that faults changes
    nothing; the ROM can be read, not written."""
    b = Bench(dut, "faults")
    await b.begin()
    rom = rom_words()
    ends = {ROM: ROM_BYTES, SRAM: b.sram_bytes, REGISTERS: 4096, STASH: b.stash_bytes}
    holes = [SRAM - 4, REGISTERS - 4, 0x30000000, STASH - 4, 0x50000000, 0x80000000, 0xC0000000,
             0xFFFFFFFC]
    for start_, size in ends.items():
        holes += [start_ + size, start_ + 2 * size, start_ + 0x0F000000]
    kept = {start_ + k: b.r.getrandbits(32) for start_ in (SRAM, STASH)
            for k in (0, 4, ends[start_] - 4)}
    ops = [Access(a, 1, v) for a, v in kept.items()]
    for a in holes:
        value = b.r.getrandbits(32)
        ops += [Access(a, fault=1), Access(a, 1, value, 1 << b.r.randrange(4), fault=1),
                Access(a, 1, value, fault=1)]
    for k in (0, 1, 57, ROM_BYTES // 4 - 1):
        look = Access(ROM + 4 * k, want=rom[k])
        ops += [look, Access(ROM + 4 * k, 1, ~rom[k] & 0xFFFFFFFF, fault=1), look]
    ops += [Access(a, want=v) for a, v in kept.items()]
    await b.run(ops)
    await b.run([Access(REGISTERS + b.at["BASE"] + 4 * k, want=0) for k in range(16)])


@cocotb.test()
async def fetches(dut) -> None:
    """Instructions come from ROM and SRAM in the next cycle, faults from everywhere else, while the
    data port is busy."""
    b = Bench(dut, "fetches")
    await b.begin()
    rom = rom_words()
    sram = {SRAM + 4 * k: b.r.getrandbits(32) for k in range(50)}
    await b.run([Access(a, 1, v) for a, v in sram.items()])
    dut.stash_stall.value = 100
    cocotb.start_soon(b.run([Access(STASH + 4 * (k % 64), 1, k) for k in range(300)], pause=0.1))
    want = None
    for _ in range(400):
        kind = b.r.random()
        if kind < 0.4:
            address = b.r.choice(sorted(sram))
            expected = (0, sram[address])
        elif kind < 0.8:
            word = b.r.randrange(len(rom))
            address, expected = 4 * word, (0, rom[word])
        else:
            address = b.r.choice((ROM_BYTES, SRAM + b.sram_bytes, REGISTERS, STASH, 0xFFFFFFFC))
            expected = (1, None)
        valid = int(b.r.random() < 0.8)
        dut.i_req_valid.value, dut.i_req_addr.value = valid, address
        await RisingEdge(dut.clk)
        assert dut.i_req_ready.value == 1
        assert int(dut.i_rsp_valid.value) == int(want is not None)
        if want is not None:
            assert int(dut.i_rsp_err.value) == want[0]
            assert want[1] is None or int(dut.i_rsp_data.value) == want[1]
        want = expected if valid else None


@cocotb.test()
@cocotb.parametrize(pause=[0.0, 0.4])
async def words_in(dut, pause) -> None:
    """Messages and host words read and dropped as fast as the bus goes: the status that follows a
    drop is that of the next word."""
    b = Bench(dut, f"words_in{pause}")
    await b.begin()
    messages = deque((b.r.randrange(8), b.r.getrandbits(64)) for _ in range(12))
    words = deque(b.r.getrandbits(32) for _ in range(12))

    def at(name: str) -> int:
        return REGISTERS + b.at[name]

    ops = []
    for (source, message), word in zip(messages, words, strict=True):
        looks = [Access(at("MRX_STATUS"), want=b.word("MRX_STATUS", valid=1, source=source)),
                 Access(at("HOST"), want=b.word("HOST", in_valid=1, out_ready=1)),
                 Access(at("MRX_LO"), want=message & 0xFFFFFFFF),
                 Access(at("MRX_HI"), want=message >> 32), Access(at("HOST_IN"), want=word)]
        drops = [Access(at("HOST_IN_POP"), 1, 1), Access(at("MRX_POP"), 1, 1)]
        ops += b.r.sample(looks, len(looks)) + b.r.sample(drops, len(drops))
    ops += [Access(at("HOST"), want=b.word("HOST", out_ready=1))]

    async def queues() -> None:
        """The queues behind the registers: they show their next word right after the drop."""
        while True:
            dut.mrx_valid.value, dut.host_in_valid.value = int(bool(messages)), int(bool(words))
            if messages:
                dut.mrx_source.value, dut.mrx_data.value = messages[0]
            if words:
                dut.host_in_data.value = words[0]
            await RisingEdge(dut.clk)
            if dut.mrx_pop.value == 1 and messages:
                messages.popleft()
            if dut.host_in_pop.value == 1 and words:
                words.popleft()

    job = cocotb.start_soon(queues())
    await RisingEdge(dut.clk)
    await b.run(ops, pause)
    assert not messages and not words
    job.cancel()
