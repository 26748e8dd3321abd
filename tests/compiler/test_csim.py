# SPDX-License-Identifier: Apache-2.0
"""Command-level simulator: engines, semaphores, errors, deadlock, poison."""

from __future__ import annotations

import numpy as np
import pytest

from models import config, csim, dimc, fp32, mx, signature
from models.chiplet import Chiplet
from models.commands import Command
from models.errors import Code, HungError, PoisonError
from models.image import mx_beats

VE, DMA, MOVE, SEND, MACRO0 = range(5)


def package(lists: list[list[Command]], **options) -> csim.Package:
    """nano chiplets with lists at memory beat 0 and room behind."""
    cfg = config.load("nano", n_chiplets=len(lists), n_macros=2)
    memories = []
    for commands in lists:
        memory = np.zeros((2048, 16), np.uint8)
        raw = b"".join(c.encode() for c in [*commands, Command("end", 0)])
        memory.reshape(-1)[: len(raw)] = np.frombuffer(raw, np.uint8)
        memories.append(memory)
    return csim.Package(cfg, memories, **options)


def run(p: csim.Package) -> csim.Package:
    def firmware(d: csim.Dispatcher):
        d.start(0, 1024)
        yield

    p.run([firmware(d) for d in p.dispatchers])
    return p


def sync(queue: int, **fields: int) -> Command:
    return Command("sync", queue, fields)


def test_signature_is_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    data, exps = rng.integers(0, 256, (5, 16), np.uint8), rng.integers(0, 256, (5, 2), np.uint8)
    offset = rng.integers(0, 1 << 16, 5)
    beats = [(int(o), d.tobytes(), e.tolist()) for o, d, e in zip(offset, data, exps)]
    assert signature.array_signature(offset, data, exps) == signature.command_signature(beats)


@pytest.mark.parametrize("int4", [0, 1])
@pytest.mark.parametrize("accumulate", [0, 1])
@pytest.mark.parametrize("extreme", [False, True])
def test_mac(int4: int, accumulate: int, extreme: bool, seed: int) -> None:
    """Against models/dimc.py, with stale data outside the valid rows and columns."""
    rng = np.random.default_rng(seed)
    p = package([[]])
    chip: Chiplet = p.chiplets[0]
    block, rows, depth, cols = 16, 6, 37, 41
    blocks, bits = 3, 4 if int4 else 8
    tile = 32 if int4 else 16
    tiles = -(-cols // tile)
    low, high = (1, 255) if extreme else (110, 140)
    x = rng.integers(-127, 128, (rows, blocks * block)).astype(np.int8)
    ex = rng.integers(low, high, (rows, blocks)).astype(np.uint8)
    top = 2 ** (bits - 1)
    w = rng.integers(-top + 1, top, (tiles * tile, blocks * block)).astype(np.int8)
    ew = rng.integers(low, high, (tiles * tile, blocks)).astype(np.uint8)
    chip.data[: rows * blocks] = x.view(np.uint8).reshape(-1, block)
    chip.exps[: rows * blocks] = np.repeat(ex.reshape(-1, 1), 2, axis=1)
    macro = chip.macros[0]
    for n in range(tiles):
        for k in range(blocks):
            part = w[n * tile : (n + 1) * tile, k * block : (k + 1) * block]
            e = ew[n * tile : (n + 1) * tile, k]
            if int4:
                part = (part[0::2] & 15) | (part[1::2] << 4)
            pair = np.stack([e[0::2], e[1::2]], 1) if int4 else np.stack([e, e], 1)
            macro.write_columns([5 + n * 4 + k] * block, range(block), part.view(np.uint8), pair)
    beats = -(-cols // 4)
    start = rng.standard_normal((rows, beats * 4)).astype(np.float32)
    chip.data[200 : 200 + rows * beats] = start.view(np.uint8).reshape(-1, block)
    chip.execute(Command("mac", MACRO0, dict(
        src=0, dst=200, set=5, cols=cols, depth=depth, outer=3, inner=2, tile_stride=4,
        src_outer=2 * blocks, src_inner=blocks, dst_outer=2 * beats, dst_inner=beats,
        int4=int4, accumulate=accumulate)))
    got = chip.data[200 : 200 + rows * beats].view(np.float32).reshape(rows, -1)
    x[:, depth:] = 0
    want = dimc.matmul(x, ex, w[:cols], ew[:cols], block=block, w_bits=bits,
                       acc=start[:, :cols] if accumulate else np.zeros((rows, cols), np.float32))
    assert np.array_equal(fp32.bits(got[:, :cols]), fp32.bits(want))
    assert not fp32.bits(got[:, cols:]).any()


def test_load_and_store_of_mx_rows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p = package([[]])
    chip = p.chiplets[0]
    x = rng.standard_normal((2, 11 * 16)).astype(np.float32)
    q, e = mx.quantize(x, 8, 16)
    rows = [mx_beats(q[i].reshape(-1, 16), e[i], 16) for i in range(2)]
    chip.memory[100:200] = 0
    for i, row in enumerate(rows):
        chip.memory[100 + 20 * i : 100 + 20 * i + len(row)] = row
    load = dict(mem=100, stash=30, rows=2, count=11, mem_stride=20, stash_stride=12, mx=1)
    chip.execute(Command("load", DMA, load))
    for i in range(2):
        row = slice(30 + 12 * i, 41 + 12 * i)
        assert np.array_equal(chip.data[row].view(np.int8), q[i].reshape(-1, 16))
        assert np.array_equal(chip.exps[row, 1], e[i])
    before = chip.memory[100:140].copy()
    chip.memory[100:140] = 0
    chip.execute(Command("store", DMA, load))
    assert np.array_equal(chip.memory[100:140], before)


def test_moves_fill_columns_rows_and_exponents(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chip = package([[]]).chiplets[0]
    chip.data[:12] = rng.integers(0, 256, (12, 16), np.uint8)
    chip.exps[:12] = rng.integers(1, 255, (12, 1), np.uint8)
    common = dict(src=0, rows=3, pos=14, tiles=2, src_outer=4, src_inner=2, macro=1)
    chip.execute(Command("column", MOVE, dict(common, set=3, block_stride=2, tile_stride=1)))
    chip.execute(Command("row", MOVE, dict(common, set=20, block_stride=1, tile_stride=5, ev=50,
                                           ev_stride=3)))
    macro = chip.macros[1]
    for t in range(3):
        block, place = divmod(14 + t, 16)
        for k in range(2):
            beat = 4 * t + 2 * k
            assert np.array_equal(macro.weights[3 + 2 * block + k, place].view(np.uint8),
                                  chip.data[beat])
            assert macro.exps[3 + 2 * block + k, place].tolist() == chip.exps[beat].tolist()
            v = 20 + block + 5 * k
            assert np.array_equal(macro.weights[v, :, place].view(np.uint8), chip.data[beat])
            assert (macro.exps[v] == 127).all()
            assert chip.data[50 + 3 * k + block, place] == chip.exps[beat, 0]


def test_semaphores_order_queues_and_chiplets() -> None:
    p = run(package([
        [Command("load", DMA, dict(mem=1000, stash=0, rows=1, count=1, signal_first=SEND,
                                   signal_count=1)),
         Command("send", SEND, dict(src=0, dst=9, rows=1, count=1, peers=2, wait_first=DMA,
                                    wait_count=1, remote_first=VE, remote_count=1))],
        [sync(VE, wait_first=16, wait_count=2)],  # spans its own number
    ], policy=csim.reverse))
    assert not p.unconsumed()
    assert [(r.queue, r.opcode, r.sequence) for r in p.records[1]] == [(16, 1, 0), (VE, 0, 0)]
    assert p.records[0][1].signature == p.records[1][0].signature


def test_base_registers_relocate() -> None:
    p = package([[Command("load", DMA, dict(mem=1000, stash=0xFFFF, rows=0, count=1),
                          dict(mem=1, stash=2, rows=3))]])
    p.chiplets[0].memory[1005] = 7
    p.dispatchers[0].base[1:4] = [5, 4, 1]
    run(p)
    assert (p.chiplets[0].data[3] == 7).all()


def test_deadlock_says_who_waits_for_whom() -> None:
    lists = [[sync(VE, wait_first=MOVE, wait_count=1, signal_first=MOVE, signal_count=1),
              sync(MOVE, wait_first=VE, wait_count=1, signal_first=VE, signal_count=1)]]
    with pytest.raises(HungError, match=r"chiplet 0: ve command 0 .*waits for move; "
                                        r"chiplet 0: move command 0 .*waits for ve"):
        run(package(lists))
    with pytest.raises(HungError, match="chiplet 1: ve command 0 .* waits for peer0"):
        run(package([[], [sync(VE, wait_first=16, wait_count=1)]]))


def test_overflow_of_a_semaphore() -> None:
    with pytest.raises(csim.CommandError, match="ve signalled move 256 times") as caught:
        run(package([[sync(VE, signal_first=MOVE, signal_count=1)] * 256]))
    assert caught.value.code == Code.OVERFLOW


LOAD = dict(mem=0, stash=0, rows=1, count=1)


@pytest.mark.parametrize("command, code", [
    (Command("load", DMA, dict(LOAD, rows=0)), Code.ILLEGAL),
    (Command("load", DMA, dict(LOAD, stash=2047, count=2)), Code.ADDRESS),
    (Command("load", DMA, dict(LOAD, mem=2048)), Code.MEMORY),
    (Command("weights", DMA, dict(mem=0, count=1, macro=2)), Code.ADDRESS),
    (Command("weights", DMA, dict(mem=0, count=17, set=63)), Code.ADDRESS),
    (Command("mac", MACRO0, dict(cols=1, depth=1, outer=1)), Code.ILLEGAL),
    (Command("mac", MACRO0, dict(cols=1, depth=17, outer=1, inner=1, set=63)), Code.ADDRESS),
    (Command("send", SEND, dict(rows=1, count=1, peers=1)), Code.ILLEGAL),
    (Command("send", SEND, dict(rows=1, count=2, dst=2047, peers=2)), Code.ADDRESS),
    (Command("column", MOVE, dict(rows=1, tiles=1, macro=2)), Code.ADDRESS),
    (Command("row", MOVE, dict(rows=1, tiles=1, ev=2048)), Code.ADDRESS),
    (Command("ve", VE, dict(outer=1, inner=1)), Code.ILLEGAL),
    (sync(VE, wait_first=6, wait_count=1), Code.ILLEGAL),
    (sync(VE, signal_first=5, signal_count=2), Code.ILLEGAL),
    (sync(6), Code.ILLEGAL),
])
def test_errors_have_their_codes(command: Command, code: Code) -> None:
    with pytest.raises(csim.CommandError) as caught:
        run(package([[command], []]))
    assert caught.value.code == code and caught.value.chiplet == 0


def test_reserved_bits_and_missing_end() -> None:
    p = package([[]])
    p.chiplets[0].memory.reshape(-1)[:32] = np.frombuffer(
        sync(VE).encode()[:31] + b"\x80", np.uint8)
    with pytest.raises(csim.CommandError, match="reserved bits"):
        run(p)
    p = package([[]])
    p.chiplets[0].memory.reshape(-1)[: 2048 * 16] = np.tile(
        np.frombuffer(sync(VE).encode(), np.uint8), 1024)
    with pytest.raises(csim.CommandError, match="does not end within 1024 beats") as caught:
        run(p)
    assert caught.value.code == Code.IMAGE


def test_poison_sees_what_was_never_written() -> None:
    read = Command("ve", VE, dict(a=3, d=4, outer=1, inner=1, len=2, out=1))
    with pytest.raises(PoisonError, match="stash beat 3"):
        run(package([[read]], poison=True))
    mac = Command("mac", MACRO0, dict(src=0, dst=4, cols=1, depth=1, outer=1, inner=1, set=7))
    load = Command("load", DMA, dict(LOAD, signal_first=MACRO0, signal_count=1, mx=1))
    mac.values |= dict(wait_first=DMA, wait_count=1)
    with pytest.raises(PoisonError, match="column 0 of set 7"):
        run(package([[load, mac]], poison=True))
    scaled = Command("ve", VE, dict(a=0, d=4, outer=1, inner=1, len=2, out=1, scale=1,
                                    wait_first=DMA, wait_count=1))
    load = Command("load", DMA, dict(LOAD, signal_first=VE, signal_count=1))
    with pytest.raises(PoisonError, match="scalar"):
        run(package([[load, scaled]], poison=True))
