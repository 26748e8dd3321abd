# SPDX-License-Identifier: Apache-2.0
"""The signature that every command leaves: the sum mod 2^32 of CRC-32 over its beats.

The CRC of a beat covers its offset from the command's destination (4 little-endian bytes), its
BLOCK data bytes and its two exponent bytes, the one of the lower half first. Invalid lanes and
unused exponents count as zero. The sum does not depend on the order of the beats.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from models import native


def beat_signature(offset: int, data_bytes: bytes, exps: Sequence[int] = (0, 0)) -> int:
    """CRC-32 of one beat: offset in beats, BLOCK data bytes, exponents (lower, upper half).

    Raises OverflowError if the offset does not fit 32 bits, ValueError if an exponent is no byte.
    """
    return zlib.crc32(offset.to_bytes(4, "little") + bytes(data_bytes) + bytes(exps))


def command_signature(beats: Iterable[tuple[int, bytes, Sequence[int]]]) -> int:
    """Signature of a command from its beats (offset, data bytes, exponents) in any order."""
    return sum(beat_signature(*beat) for beat in beats) & 0xFFFFFFFF


def array_signature(offset: np.ndarray, data: np.ndarray, exps: np.ndarray) -> int:
    """command_signature of beats in arrays, quicker for many of them.

    offset int [n], each from 0 to 2^32 - 1; data uint8 [n, BLOCK]; exps uint8 [n, 2].
    """
    if native.library():
        return native.signature(offset, data, exps)
    raw = np.concatenate(
        [offset.astype("<u4").reshape(-1, 1).view(np.uint8), data, exps], axis=1
    ).tobytes()
    size = 4 + data.shape[1] + 2
    return sum(zlib.crc32(raw[at : at + size]) for at in range(0, len(raw), size)) & 0xFFFFFFFF


def _table() -> np.ndarray:
    """CRC-32 of single bytes, as the state after them: uint32 [256]."""
    state = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        state = (state >> 1) ^ np.where(state & 1, np.uint32(0xEDB88320), np.uint32(0))
    return state


def seal(offset: int, wanted: np.ndarray, block: int) -> np.ndarray:
    """Beats at `offset` whose signatures are `wanted` (uint32 [n]): zeros up to a last word.

    uint8 [n, block]. CRC-32 of a message depends on any four bytes of it one to one: undo the
    steps of the exponents and of the word from the wanted end; what the state must have been then,
    exclusive or what it is after the bytes before the word, is the word.
    """
    table = _table()
    high = np.zeros(256, np.uint32)  # index of the entry with this highest byte
    high[table >> 24] = np.arange(256, dtype=np.uint32)
    state = ~np.asarray(wanted).astype(np.uint32)
    for _ in range(2 + 4):
        index = high[state >> 24]
        state = (state ^ table[index]) << np.uint32(8) | index
    before = ~np.uint32(zlib.crc32(offset.to_bytes(4, "little") + bytes(block - 4)))
    beats = np.zeros((len(state), block // 4), "<u4")
    beats[:, -1] = state ^ before
    return beats.view(np.uint8)
