# SPDX-License-Identifier: Apache-2.0
"""The die-to-die link in numbers: flit format, overhead, and the go-back-N bound.

Format and names as in docs/link/link_layer.md. `block` is the number of bytes of a beat's data; a
phit has 4 * block bits, a beat two phits of data and 16 bits of exponents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

CONTROL_BITS = 256
FRAME_BITS = 8
SPARE_BITS = 8
BEATS_PER_FLIT = 8
POLYNOMIAL = 0x82F63B78  # CRC-32C, reflected

IDLE, BODY, CTRL, CONT = 0x00, 0x33, 0x55, 0x5A
HEAD = (0x0F, 0xF0)  # by generation
SOLO = (0x3C, 0xC3)

TYPES = {0: "control", 1: "bulk", 2: "mgmt"}

_FIELDS = {  # name: (lowest bit of the control word, width)
    "type": (128, 3), "nak": (131, 1), "count": (132, 4), "vc": (136, 2), "first": (138, 1),
    "last": (139, 1), "empty": (140, 1), "seq": (144, 8), "ack": (152, 8), "beat_limit": (160, 10),
    "flit_limit": (170, 8), "mgmt_limit": (178, 8), "addr": (192, 16), "meta": (208, 16),
    "crc": (224, 32),
}  # fmt: skip


def phit_bits(block: int) -> int:
    """Data bits of a phit."""
    return 4 * block


def flit_phits(beats: int, block: int) -> int:
    """Phits of a flit with `beats` beats: two per beat and ceil(256 / phit) of control."""
    return 2 * beats + -(-CONTROL_BITS // phit_bits(block))


def payload_efficiency(beats: int, block: int) -> float:
    """Share of the data lanes that carries payload (data and exponents) when flits of `beats`
    beats follow each other without errors or gaps."""
    return beats * (8 * block + 16) / (flit_phits(beats, block) * phit_bits(block))


def flit_error_rate(ber: float, beats: int, block: int) -> float:
    """Probability that at least one bit of a flit, its frame lane included, arrives wrong."""
    return 1.0 - (1.0 - ber) ** (flit_phits(beats, block) * (phit_bits(block) + FRAME_BITS))


def go_back_n_bound(
    ber: float, round_trip_flits: float, block: int, beats: int = BEATS_PER_FLIT
) -> float:
    """Payload share of raw bandwidth under go-back-N: eta * (1 - p) / (1 + (N - 1) p).

    Each flit error costs N flits, the erroneous one and those sent until the NAK arrives.

    Args:
        ber: probability that a bit is turned over, independent between bits.
        round_trip_flits: N, flit times from the first phit of a wrong flit to the first phit of
            its repetition.
    """
    p = flit_error_rate(ber, beats, block)
    return payload_efficiency(beats, block) * (1.0 - p) / (1.0 + (round_trip_flits - 1.0) * p)


def error_threshold(ber: float, block: int) -> int:
    """Setting of tb/common/link_channel.v for a bit error rate: 2^32 times the probability that
    a cycle's lanes, frame and spare included, have at least one wrong bit."""
    bits = phit_bits(block) + FRAME_BITS + SPARE_BITS
    return min(2**32 - 1, round(2**32 * (1.0 - (1.0 - ber) ** bits)))


def lane_threshold(ber: float) -> int:
    """Setting of tb/common/link_channel.v for the bit error rate of one lane."""
    return min(2**32 - 1, round(2**32 * (1.0 - (1.0 - ber) ** 8)))


def crc32c(data: bytes) -> int:
    """CRC-32C without the final inversion: initial value all ones, reflected polynomial."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (POLYNOMIAL if crc & 1 else 0)
    return crc


@dataclass(frozen=True)
class Flit:
    """A flit taken apart.

    Attributes:
        generation: of the frame code of the first phit.
        fields: header fields and `crc` by name.
        data: data phits, in order.
        low: the 128 bits below the header: exponents of beat i at 16 i, or a message.
        crc_good: whether the CRC fits.
    """

    generation: int
    fields: dict[str, int]
    data: tuple[int, ...]
    low: int
    crc_good: bool


def parse_flit(frames: Sequence[int], phits: Sequence[int], block: int) -> Flit:
    """Take a flit apart, from its frame codes and phits.

    Raises:
        ValueError: the frame codes are not those of one flit, or the count of beats is wrong.
    """
    controls = flit_phits(0, block)
    count = len(phits) - controls
    generation = int(frames[0] in (HEAD[1], SOLO[1]))
    if count < 0 or count % 2:
        raise ValueError(f"a flit cannot have {len(phits)} phits")
    if count:
        want = [HEAD[generation], *[BODY] * (count - 1), CTRL, *[CONT] * (controls - 1)]
    else:
        want = [SOLO[generation], *[CONT] * (controls - 1)]
    if list(frames) != want:
        raise ValueError(f"frame codes {[hex(f) for f in frames]} are not those of a flit")
    raw = b"".join(p.to_bytes(phit_bits(block) // 8, "little") for p in phits)
    control = int.from_bytes(raw[-CONTROL_BITS // 8 :], "little")
    fields = {name: control >> lsb & ((1 << width) - 1) for name, (lsb, width) in _FIELDS.items()}
    if 2 * fields["count"] != count:
        raise ValueError(f"header counts {fields['count']} beats, the flit has {count} data phits")
    low = control & (2**128 - 1)
    good = crc32c(raw[:-4]) == fields["crc"]
    return Flit(generation, fields, tuple(phits[:count]), low, good)
