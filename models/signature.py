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
    raw = np.concatenate(
        [offset.astype("<u4").reshape(-1, 1).view(np.uint8), data, exps], axis=1
    ).tobytes()
    size = 4 + data.shape[1] + 2
    return sum(zlib.crc32(raw[at : at + size]) for at in range(0, len(raw), size)) & 0xFFFFFFFF
