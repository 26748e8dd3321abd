# SPDX-License-Identifier: Apache-2.0
"""The lanes of a die-to-die link: scrambler, training sequence, lane map, as in docs/link/phy.md.

A link has 4 * block / 8 data lanes, the frame lane and a spare; lane l brings byte l of a cycle,
bit 0 first on the line.
"""

from __future__ import annotations

from dataclasses import dataclass

SEED = 0x2EDF23
SYNC = (0xD7, 0x0B)
LENGTH = 16  # bytes of a training sequence
RETRAIN = 0xFF  # frame code between the physical layers
PHASES = {0: "seek", 1: "ask", 2: "ready", 3: "go", 7: "down"}
MAX_SKEW_BITS = 24  # between the first and the last lane
STATES = ("reset", "detect", "train", "align", "repair", "active", "retrain", "down", "raw")


def lanes(block: int) -> int:
    """Physical lanes: data, frame, spare."""
    return block // 2 + 2


def scramble_next(state: int) -> int:
    """Scrambler state eight bits later: b[n] = b[n-18] ^ b[n-23], bit 0 the next on the line."""
    return state >> 8 | ((state ^ state >> 5) & 0xFF) << 15


def scramble_byte(state: int, lane: int) -> int:
    """Byte of a lane: the sequence plus itself 7 + lane mod 8 bits later."""
    return (state ^ state >> 7 + lane % 8) & 0xFF


def scramble_word(state: int, count: int) -> int:
    """Bytes of `count` lanes, lane 0 lowest."""
    return sum(scramble_byte(state, lane) << 8 * lane for lane in range(count))


def crc16(data: bytes) -> int:
    """CRC-16 of a training sequence: polynomial 0x1021, high bit first, from 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return crc


@dataclass(frozen=True)
class Training:
    """The fields of a training sequence."""

    phase: int
    fresh: int
    ask: int
    skip: int
    cause: int = 0

    def text(self) -> bytes:
        """The 16 bytes before scrambling."""
        body = bytes([self.phase | self.fresh << 4, self.ask, self.skip, self.cause, *bytes(8)])
        return bytes(SYNC) + body + crc16(body).to_bytes(2, "big")

    def line(self, lane: int) -> bytes:
        """The 16 bytes as they go over a lane."""
        state, out = SEED, bytearray()
        for i, byte in enumerate(self.text()):
            out.append(byte if i < 2 else byte ^ scramble_byte(state, lane))
            state = scramble_next(state)
        return bytes(out)

    @classmethod
    def parse(cls, text: bytes) -> Training:
        """Take the 16 bytes apart.

        Raises:
            ValueError: sync, CRC or a byte that must be 0 is wrong.
        """
        found = cls(text[2] & 15, text[2] >> 4, text[3], text[4], text[5])
        if found.text() != text:
            raise ValueError(f"training sequence {text.hex()} is not {found.text().hex()}")
        return found


def spread(frame: int, data: int, skip: int, block: int) -> int:
    """Lanes of a cycle before scrambling, lane `skip` left out."""
    below = (1 << 8 * skip) - 1
    phit = frame << 4 * block | data
    return phit & below | (phit & ~below) << 8


def gather(word: int, skip: int, block: int) -> tuple[int, int]:
    """Frame code and data of a cycle, from its descrambled lanes."""
    below = (1 << 8 * skip) - 1
    phit = word & below | word >> 8 & ~below
    return phit >> 4 * block & 0xFF, phit & (1 << 4 * block) - 1


class LaneReader:
    """Follows what an end puts on its lanes, from its first training sequence on: a reference
    receiver without skew or errors. `feed` takes the lanes of each cycle."""

    def __init__(self, block: int) -> None:
        self.block, self.count = block, lanes(block)
        self.trainings: list[Training] = []
        self.skip = self.count - 1
        self.data = False
        self._synced = False
        self._slot = 0
        self._state = SEED
        self._before = 0
        self._text = bytearray()
        self._codes = 0

    def feed(self, word: int) -> tuple[int, int] | None:
        """Frame code and data of the cycle, or None while the lanes train.

        Raises:
            ValueError: the lanes of a training sequence differ from each other, or the sequence
                from its definition.
        """
        if self.data:
            plain = word ^ scramble_word(self._state, self.count)
            self._state = scramble_next(self._state)
            frame, data = gather(plain, self.skip, self.block)
            self._codes = self._codes + 1 if frame == RETRAIN else 0
            if self._codes == 3:
                self.data = self._synced = False
            return frame, data
        if self._synced:
            self._train(word)
        elif self._before & 0xFF == SYNC[0] and word & 0xFF == SYNC[1]:
            self._synced, self._slot = True, 2
            self._state = scramble_next(scramble_next(SEED))
            self._text = bytearray(SYNC)
        self._before = word
        return None

    def _train(self, word: int) -> None:
        key = scramble_word(self._state, self.count) if self._slot >= 2 else 0
        plain = (word ^ key).to_bytes(self.count, "little")
        if len(set(plain)) != 1:
            if self._slot == 0:  # silence, or raw
                self._synced = False
                return
            raise ValueError(f"lanes differ in byte {self._slot} of a sequence: {plain.hex()}")
        if self._slot == 0 and plain[0] != SYNC[0]:
            self._synced = False
            return
        self._text.append(plain[0])
        self._slot += 1
        self._state = scramble_next(self._state)
        if self._slot == LENGTH:
            self.trainings.append(Training.parse(bytes(self._text)))
            self._slot, self._state, self._text = 0, SEED, bytearray()
            if PHASES.get(self.trainings[-1].phase) == "go":
                self.data, self.skip = True, self.trainings[-1].skip
