# SPDX-License-Identifier: Apache-2.0
"""One chiplet of the command-level simulator: its state and what each command does to it.

State is what software can see: stash, weight sets, scalar file, memory. Commands are executed
whole, one after another; who may run when is decided in models/csim.py. In poison mode nothing is
readable before it was written: a command that uses an unwritten byte (lanes, rows and columns that
its masks exclude are exempt) raises PoisonError.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from models import dimc, mx, native, vector_engine
from models.commands import Command, IllegalCommand
from models.config import Config
from models.errors import AddressError, MemoryAccessError, PoisonError
from models.signature import array_signature

PATTERN = 0xFF  # of bytes that nothing has written: NaN as fp32, an exponent byte of 255


def _filled(shape: tuple[int, ...], poison: bool) -> np.ndarray:
    return np.full(shape, PATTERN, np.uint8) if poison else np.zeros(shape, np.uint8)


def _need(c: Command, *fields: str) -> None:
    for field in fields:
        if getattr(c, field) == 0:
            raise IllegalCommand(f"{c.name}: {field} must be at least 1")


def _within(what: str, last: int, size: int) -> None:
    if last >= size:
        raise AddressError(f"{what} {last} of {size}")


def _grid(base: int, *steps: tuple[int, int]) -> np.ndarray:
    """base + i*s0 + j*s1 + ... for steps (count, stride) -> int64 [count, count, ...]."""
    out = np.array(base, np.int64)
    for count, stride in steps:
        out = out[..., None] + np.arange(count) * stride
    return out


@dataclasses.dataclass(frozen=True)
class Packet:
    """A SEND under way to one receiver: data uint8 [n, block], exps [n, 2] for `address` [n]."""

    source: int
    address: np.ndarray
    offset: np.ndarray
    data: np.ndarray
    exps: np.ndarray
    first: int
    count: int

    def signature(self) -> int:
        """Of the SEND at its sender and of the packet at its receiver."""
        return array_signature(self.offset, self.data, self.exps)


class Macro:
    """The weight sets of one macro, with the float32 values of each set kept for fast products.

    weights int8 [sets, block columns, block rows]; exps uint8 [sets, block columns, 2].
    """

    def __init__(self, sets: int, block: int, poison: bool) -> None:
        self.block = block
        self.weights = _filled((sets, block, block), poison).view(np.int8)
        self.exps = _filled((sets, block, 2), poison)
        self.written = np.zeros((sets, block, block), bool) if poison else None
        self.exps_written = np.zeros((sets, block), bool) if poison else None
        self._values = np.empty((sets, block, block), np.float32)
        self._fresh = np.zeros(sets, bool)
        self._low = np.zeros(sets, np.int32)
        self._high = np.zeros(sets, np.int32)

    def write_columns(self, sets, columns, data: np.ndarray, exps: np.ndarray) -> None:
        """Beat n to column columns[n] of sets[n]: data uint8 [n, block], exps uint8 [n, 2]."""
        self.weights[sets, columns] = data.view(np.int8)
        self.exps[sets, columns] = exps
        self._fresh[sets] = False
        if self.written is not None:
            self.written[sets, columns] = True
            self.exps_written[sets, columns] = True

    def write_row(self, set_: int, row: int, data: np.ndarray) -> None:
        """One byte of data [block] to each column of a V set, whose exponent bytes become 127."""
        self.weights[set_, :, row] = data.view(np.int8)
        self.exps[set_] = mx.UNIT
        self._fresh[set_] = False
        if self.written is not None:
            self.written[set_, :, row] = True
            self.exps_written[set_] = True

    def values(self, sets: np.ndarray) -> tuple[np.ndarray, int, int]:
        """INT8 sets [tiles, blocks] -> (float32 [tiles, blocks, columns, rows], lowest and highest
        log2 of a step); meaningless unless the steps are in the normal range."""
        flat = sets.reshape(-1)
        if stale := flat[~self._fresh[flat]].tolist():
            q, step = self.weights[stale], self.exps[stale, :, 0].astype(np.int32) - mx.UNIT - 6
            live = q.any(axis=-1)
            self._low[stale] = np.where(live, step, 1 << 10).min(axis=-1)
            self._high[stale] = step.max(axis=-1)
            power = (np.clip(step + 127, 1, 254).astype(np.uint32) << 23).view(np.float32)
            self._values[stale] = q.astype(np.float32) * power[..., None]
            self._fresh[stale] = True
        first, last = int(flat[0]), int(flat[-1])
        contiguous = last - first + 1 == flat.size and (np.diff(flat) == 1).all()
        picked = self._values[first : last + 1] if contiguous else self._values[flat]
        shape = (*sets.shape, self.block, self.block)
        return picked.reshape(shape), int(self._low[flat].min()), int(self._high[flat].max())

    def operand(self, sets: np.ndarray, int4: bool) -> dimc.Operand:
        """Sets [tiles, blocks] as the matrix [tiles * columns, blocks * block]."""
        tiles, blocks = sets.shape
        q, e = self.weights[sets], self.exps[sets]  # [tiles, blocks, columns, rows] and [..., 2]
        if int4:
            low, high = (q.view(np.uint8) << 4).view(np.int8) >> 4, q >> 4
            q = np.stack([low, high], axis=3).reshape(tiles, blocks, 2 * self.block, self.block)
            e = e.reshape(tiles, blocks, 2 * self.block)
        else:
            e = e[..., 0]
        columns = q.shape[2]
        q = q.swapaxes(1, 2).reshape(tiles * columns, blocks * self.block)
        e = e.swapaxes(1, 2).reshape(tiles * columns, blocks)
        return dimc.Operand(q, e, 4 if int4 else 8, self.block)


class Chiplet:
    """State and command semantics of chiplet `index`.

    memory uint8 [beats, block]; data uint8 [stash_beats, block], exps uint8 [stash_beats, 2];
    scalars float32 [1024].
    """

    def __init__(self, config: Config, index: int, memory: np.ndarray, poison: bool = False):
        self.config, self.index, self.memory = config, index, memory
        self.block, self.lanes, self.poison = config.block, config.lanes, poison
        self.data = _filled((config.stash_beats, self.block), poison)
        self.exps = _filled((config.stash_beats, 2), poison)
        self.written = np.zeros((config.stash_beats, self.block), bool) if poison else None
        self.exps_written = np.zeros(config.stash_beats, bool) if poison else None
        self.scalars = np.full(vector_engine.SCALARS, np.nan if poison else 0, np.float32)
        self.scalars_written = np.zeros(vector_engine.SCALARS, bool) if poison else None
        self.held = np.zeros(vector_engine.HELD_BEATS * self.lanes, np.float32)
        self.held_beats = 0
        self.macros = [Macro(config.sets, self.block, poison) for _ in range(config.n_macros)]
        self._run = {
            "sync": lambda c: 0, "mac": self._mac, "ve": self._ve, "load": self._load,
            "store": self._store, "weights": self._weights, "column": self._move, "row": self._move,
        }
        self.native = None
        if not poison and memory.flags.c_contiguous and native.library():
            self.native = native.Engines(
                self.block, self.data, self.exps, memory, self.scalars, self.held,
                [m.weights for m in self.macros], [m.exps for m in self.macros])

    def execute(self, c: Command) -> int:
        """Run one relocated command of a local engine (all but send) and return its signature.

        Raises IllegalCommand, AddressError, MemoryAccessError, PoisonError (nothing is written).
        """
        return self.execute_word(c.name, c.queue, c.encode(), lambda: c)

    def execute_word(self, name: str, queue: int, word: bytes,
                     command: Callable[[], Command]) -> int:
        """The same from the 32 bytes of a command; `command` gives the decoded one if need be."""
        if self.native is not None and name in native.KINDS:
            signature = self.native.execute(native.KINDS[name], queue, word)
            if signature is not None:
                return signature
        c = command()
        return self._run[c.name](c)

    # Stash

    def write(self, address: np.ndarray, data: np.ndarray, exps: np.ndarray) -> None:
        """Whole beats: address [n], data uint8 [n, block], exps uint8 [n, 2]."""
        self.data[address], self.exps[address] = data, exps
        if self.written is not None:
            self.written[address], self.exps_written[address] = True, True

    def _readable(self, c: Command, address: np.ndarray, used=None, exps: bool = False) -> None:
        """Poison check of beats [...]; `used` bool [..., block] excludes what masks exclude."""
        if self.written is None:
            return
        bad = ~self.written[address]
        if used is not None:
            bad &= used
        bad = bad.any(axis=-1)
        if exps:
            bad |= ~self.exps_written[address]
        if bad.any():
            raise PoisonError(f"{c}: reads stash beat {address[bad].flat[0]}, never written")

    # Macros

    def _mac(self, c: Command) -> int:
        _need(c, "cols", "depth", "outer", "inner")
        tile = 2 * self.block if c.int4 else self.block
        tiles, blocks = -(-c.cols // tile), -(-c.depth // self.block)
        beats = -(-c.cols // self.lanes)
        outer, inner = c.outer - 1, c.inner - 1
        stash = self.config.stash_beats
        _within("mac: activation beat",
                c.src + outer * c.src_outer + inner * c.src_inner + blocks - 1, stash)
        _within("mac: result beat",
                c.dst + outer * c.dst_outer + inner * c.dst_inner + beats - 1, stash)
        _within("mac: set", c.set + (tiles - 1) * c.tile_stride + blocks - 1, self.config.sets)
        macro = self.macros[c.queue - 4]

        source = _grid(c.src, (c.outer, c.src_outer), (c.inner, c.src_inner), (blocks, 1))
        target = _grid(c.dst, (c.outer, c.dst_outer), (c.inner, c.dst_inner), (beats, 1))
        sets = _grid(c.set, (tiles, c.tile_stride), (blocks, 1))
        live = (np.arange(blocks * self.block) < c.depth).reshape(blocks, self.block)
        if self.poison:
            self._readable(c, source, np.broadcast_to(live, (*source.shape, self.block)), True)
            self._weights_readable(c, macro, sets, live)
        x = np.where(live, self.data[source].view(np.int8), np.int8(0))
        x = x.reshape(-1, blocks, self.block)
        e = self.exps[source, 0].reshape(-1, blocks)
        before = None
        if c.accumulate:
            self._readable(c, target)
            before = self.data[target].view(np.float32).reshape(x.shape[0], -1)[:, : c.cols]
        y = self._product(macro, x, e, sets, c, before)
        out = np.zeros((x.shape[0], beats * self.lanes), np.float32)
        out[:, : c.cols] = y
        beat = out.view(np.uint8).reshape(-1, self.block)
        none = np.zeros((beat.shape[0], 2), np.uint8)
        target = target.reshape(-1)
        self.write(target, beat, none)
        return array_signature(target - c.dst, beat, none)

    def _product(self, macro: Macro, x, e, sets, c: Command, before) -> np.ndarray:
        """x int8 [rows, blocks, block], e [rows, blocks] -> float32 [rows, cols]; see dimc."""
        if not c.int4 and before is None and self.native is None:
            values, low, high = macro.values(sets)
            step = e.astype(np.int32) - mx.UNIT - 6
            xlow = np.where(x.any(axis=-1), step, 1 << 10).min()
            xhigh = int(step.max())
            if (min(xlow, low, xlow + low) >= -126 and max(xhigh, high, xhigh + high) + 36 < 128):
                # Exact: see dimc.product.
                power = (np.clip(step + 127, 1, 254).astype(np.uint32) << 23).view(np.float32)
                xv = x.astype(np.float32) * power[..., None]
                out = np.zeros((sets.shape[0], x.shape[0], self.block), np.float32)
                for k in range(sets.shape[1]):
                    out += np.matmul(xv[:, k], values[:, k].swapaxes(1, 2))
                return out.swapaxes(0, 1).reshape(x.shape[0], -1)[:, : c.cols]
        w = macro.operand(sets, bool(c.int4))
        w = dimc.Operand(w.q[: c.cols], w.e[: c.cols], w.bits, self.block)
        start = np.zeros((x.shape[0], c.cols), np.float32) if before is None else before
        x_operand = dimc.Operand(x.reshape(x.shape[0], -1), e, 8, self.block)
        return dimc.product(x_operand, w, start)

    def _weights_readable(self, c: Command, macro: Macro, sets, live) -> None:
        columns = -(-c.cols // 2) if c.int4 else c.cols
        used = (np.arange(sets.shape[0] * self.block) < columns).reshape(-1, 1, self.block)
        bad = ~macro.written[sets] & live[None, :, None, :] & used[..., None]
        bad = bad.any(axis=-1) | (~macro.exps_written[sets] & used)
        if bad.any():
            tile, block, column = np.argwhere(bad)[0]
            set_ = sets[tile, block]
            raise PoisonError(f"{c}: uses column {column} of set {set_}, never written")

    # Vector engine

    def _ve(self, c: Command) -> int:
        if self.poison:
            self._ve_readable(c)
        effect = vector_engine.execute(c, self.data, self.scalars, self.block, self.held)
        self.write(effect.address, effect.data, effect.exps)
        self.scalars[effect.scalar_index] = effect.scalar_value
        if self.scalars_written is not None:
            self.scalars_written[effect.scalar_index] = True
        if effect.held is not None:
            self.held[: effect.held.size] = effect.held
            self.held_beats = effect.held.size // self.lanes
        return array_signature((effect.address - c.d) & 0xFFFF, effect.data, effect.exps)

    def _ve_readable(self, c: Command) -> None:
        p = vector_engine.plan(c, self.block, self.config.stash_beats)

        def used(beats: int, size: int) -> np.ndarray:
            """bool [outer, beats, block]: bytes of valid elements of `size` bytes."""
            element = np.arange(beats * self.block // size) < p.valid[:, None]
            return np.repeat(element, size, axis=1).reshape(c.outer, beats, self.block)

        self._readable(c, p.a, np.broadcast_to(
            used(p.a.shape[-1], 4)[:, None], (*p.a.shape, self.block)))
        if p.b is not None:
            self._readable(c, p.b, used(p.b.shape[-1], 1 if c.fold else 4))
        if p.source is not None and not self.scalars_written[p.source].all():
            raise PoisonError(f"{c}: reads a scalar that was never written")
        if vector_engine.uses_held(c) and p.a.shape[-1] > self.held_beats:
            raise PoisonError(f"{c}: uses {p.a.shape[-1]} beats of C, {self.held_beats} were held")

    # DMA

    def _memory_rows(self, c: Command) -> tuple[np.ndarray, np.ndarray | None]:
        """Memory beats of the data [rows, count], and of their exponents (MX only)."""
        group = self.block // 2
        j = np.arange(c.count)
        row = c.mem + np.arange(c.rows)[:, None] * c.mem_stride
        if not c.mx:
            return row + j, None
        index = j // group
        size = np.minimum(group, c.count - index * group)
        return row + j + index, row + index * (group + 1) + size

    def _fetch(self, c: Command, data_at, exps_at, j) -> tuple[np.ndarray, np.ndarray]:
        """Data [n, block], exponents [n, 2] of memory beats; j is the beat's place in its row."""
        last = int(data_at.max() if exps_at is None else max(data_at.max(), exps_at.max()))
        if last >= self.memory.shape[0]:
            raise MemoryAccessError(f"{c.name}: memory beat {last} of {self.memory.shape[0]}")
        data = self.memory[data_at.reshape(-1)]
        if exps_at is None:
            return data, np.zeros((data.shape[0], 2), np.uint8)
        byte = 2 * (j.reshape(-1) % (self.block // 2))
        at = exps_at.reshape(-1)
        return data, np.stack([self.memory[at, byte], self.memory[at, byte + 1]], axis=1)

    def _load(self, c: Command) -> int:
        _need(c, "rows", "count")
        _within("load: stash beat", c.stash + (c.rows - 1) * c.stash_stride + c.count - 1,
                self.config.stash_beats)
        j = np.broadcast_to(np.arange(c.count), (c.rows, c.count))
        data, exps = self._fetch(c, *self._memory_rows(c), j)
        target = _grid(c.stash, (c.rows, c.stash_stride), (c.count, 1)).reshape(-1)
        self.write(target, data, exps)
        return array_signature((target - c.stash) & 0xFFFF, data, exps)

    def _store(self, c: Command) -> int:
        _need(c, "rows", "count")
        _within("store: stash beat", c.stash + (c.rows - 1) * c.stash_stride + c.count - 1,
                self.config.stash_beats)
        source = _grid(c.stash, (c.rows, c.stash_stride), (c.count, 1))
        data_at, exps_at = self._memory_rows(c)
        last = int(data_at.max() if exps_at is None else max(data_at.max(), exps_at.max()))
        if last >= self.memory.shape[0]:
            raise MemoryAccessError(f"{c.name}: memory beat {last} of {self.memory.shape[0]}")
        self._readable(c, source, exps=bool(c.mx))
        data, exps = self.data[source], self.exps[source]
        self.memory[data_at] = data
        if exps_at is None:
            exps = np.zeros_like(exps)
        else:
            self.memory[exps_at] = 0
            byte = np.broadcast_to(2 * (np.arange(c.count) % (self.block // 2)), exps_at.shape)
            self.memory[exps_at, byte] = exps[..., 0]
            self.memory[exps_at, byte + 1] = exps[..., 1]
        return array_signature(np.arange(c.rows * c.count), data.reshape(-1, self.block),
                               exps.reshape(-1, 2))

    def _weights(self, c: Command) -> int:
        _need(c, "count")
        _within("weights: macro", c.macro, self.config.n_macros)
        _within("weights: first column", c.index, self.block)
        _within("weights: column", c.index, self.block)
        place = c.index + np.arange(c.count)
        sets, columns = c.set + place // self.block, place % self.block
        _within("weights: set", int(sets[-1]), self.config.sets)
        row = Command("load", c.queue, {"mem": c.mem, "rows": 1, "count": c.count, "mx": 1})
        data, exps = self._fetch(c, *self._memory_rows(row), np.arange(c.count))
        self.macros[c.macro].write_columns(sets, columns, data, exps)
        return array_signature(np.arange(c.count), data, exps)

    # MOVE

    def _move(self, c: Command) -> int:
        _need(c, "rows", "tiles")
        _within(f"{c.name}: macro", c.macro, self.config.n_macros)
        stash, block = self.config.stash_beats, self.block
        _within(f"{c.name}: stash beat",
                c.src + (c.rows - 1) * c.src_outer + (c.tiles - 1) * c.src_inner, stash)
        last = (c.pos + c.rows - 1) // block
        _within(f"{c.name}: set", c.set + last * c.block_stride + (c.tiles - 1) * c.tile_stride,
                self.config.sets)
        if c.name == "row":
            _within("row: exponent beat", c.ev + (c.tiles - 1) * c.ev_stride + last, stash)
        source = _grid(c.src, (c.rows, c.src_outer), (c.tiles, c.src_inner))
        self._readable(c, source, exps=True)
        macro = self.macros[c.macro]
        for t in range(c.rows):
            token_block, place = divmod(c.pos + t, block)
            for k in range(c.tiles):
                beat = source[t, k]
                set_ = c.set + token_block * c.block_stride + k * c.tile_stride
                if c.name == "column":
                    macro.write_columns([set_], [place], self.data[beat : beat + 1],
                                        self.exps[beat : beat + 1])
                    continue
                macro.write_row(set_, place, self.data[beat])
                vector = c.ev + k * c.ev_stride + token_block
                self.data[vector, place] = self.exps[beat, 0]
                if self.written is not None:
                    self.written[vector, place] = True
        flat = source.reshape(-1)
        return array_signature(np.arange(flat.size), self.data[flat], self.exps[flat])

    # SEND and packets

    def send(self, c: Command) -> tuple[int, dict[int, Packet]]:
        """Signature of a send command, and its packet for each receiver."""
        peers = [p for p in range(8) if c.peers >> p & 1]
        if not peers or max(peers) >= self.config.n_chiplets or self.index in peers:
            raise IllegalCommand(f"send: peers mask {c.peers:#x} in chiplet {self.index}")
        _need(c, "rows")
        if c.remote_count and c.remote_first + c.remote_count > 4 + self.config.n_macros:
            raise IllegalCommand("send: signals a queue that does not exist")
        if c.count:
            stash = self.config.stash_beats
            last = (c.rows - 1, c.count - 1)
            _within("send: source beat", c.src + last[0] * c.src_stride + last[1], stash)
            _within("send: target beat", c.dst + last[0] * c.dst_stride + last[1], stash)
        source = _grid(c.src, (c.rows, c.src_stride), (c.count, 1)).reshape(-1)
        target = _grid(c.dst, (c.rows, c.dst_stride), (c.count, 1)).reshape(-1)
        self._readable(c, source)
        packet = Packet(self.index, target, (target - c.dst) & 0xFFFF, self.data[source],
                        self.exps[source], c.remote_first, c.remote_count)
        return packet.signature(), dict.fromkeys(peers, packet)

    def receive(self, packet: Packet) -> int:
        """Write a packet; its signature at the receiver."""
        self.write(packet.address, packet.data, packet.exps)
        return packet.signature()
