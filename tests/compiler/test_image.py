# SPDX-License-Identifier: Apache-2.0
"""Image format: what is built is parsed, damage is named, boot refuses what is damaged."""

from __future__ import annotations

import re

import numpy as np
import pytest

from models import config, host, image
from models.checkpoint import random_llama
from models.compiler import compile_model
from models.image import Image, ImageError, Kind
from tests.compiler.small_models import shape

CONFIG = config.load("tracer", block=16, sets=512)


@pytest.fixture(scope="module")
def images() -> list[Image]:
    weights = random_llama(shape(), 3)
    return compile_model(weights, CONFIG, firmware=bytes(range(200)))


def damaged(good: Image, beat: int, byte: int = 0) -> np.ndarray:
    beats = good.beats.copy()
    beats[beat, byte] ^= 1
    return beats


def test_round_trip(images: list[Image]) -> None:
    for good in images:
        back = image.parse(good.beats)
        assert back.header == good.header
        assert back.sections == good.sections
        assert back.section(Kind.FIRMWARE).tobytes()[:200] == bytes(range(200))
    assert [i.chiplet for i in images] == [0, 1]
    assert image.parse(images[0].beats).sections[Kind.FIRMWARE] is not None
    assert next(iter(back.sections)) == Kind.FIRMWARE  # the boot ROM reads entry 0


def test_firmware_can_be_replaced(images: list[Image]) -> None:
    other = image.with_firmware(images[0], b"other")
    back = image.parse(other.beats)
    assert back.section(Kind.FIRMWARE).tobytes().rstrip(b"\0") == b"other"
    assert np.array_equal(back.section(Kind.STEP_LIST), images[0].section(Kind.STEP_LIST))
    with pytest.raises(ImageError, match="firmware of"):
        image.with_firmware(images[0], bytes(image.FIRMWARE_BYTES + 1))


def test_damage_is_named(images: list[Image]) -> None:
    good = images[0]
    with pytest.raises(ImageError, match="magic"):
        image.parse(damaged(good, 0))
    with pytest.raises(ImageError, match="version"):
        image.parse(damaged(good, 0, 4))
    with pytest.raises(ImageError, match="CRC of the header"):
        image.parse(damaged(good, 2))
    with pytest.raises(ImageError, match="truncated"):
        image.parse(good.beats[:-1])
    with pytest.raises(ImageError, match="hold no header"):
        image.parse(good.beats[:5])
    for kind in (Kind.STEP_LIST, Kind.TABLES, Kind.HEAD_LIST):
        with pytest.raises(ImageError, match=f"section {kind.name} is corrupt"):
            image.parse(damaged(good, good.sections[kind].first))


@pytest.mark.parametrize("kind, message", [
    (Kind.STEP_LIST, "section STEP_LIST corrupt"), (Kind.WEIGHTS, "weights corrupt"),
    (Kind.EMBEDDING, "embedding of tokens"), (Kind.FIRMWARE, "firmware corrupt"),
])
def test_firmware_refuses_damage(images: list[Image], kind: Kind, message: str) -> None:
    """The check that the C firmware also does: signatures of what was loaded."""
    at = images[1].sections[kind].first
    bad = Image(images[1].header, images[1].sections, damaged(images[1], at))
    with pytest.raises(ImageError, match=f"chiplet 1: {message}"):
        host.run([images[0], bad], CONFIG, [0, 1], 1)


def test_mx_memory_layout() -> None:
    """Groups of block/2 data beats, then their exponents; the tail group has its own."""
    q = np.arange(11 * 16).reshape(11, 16).astype(np.uint8).view(np.int8)
    e = np.arange(100, 111).astype(np.uint8)
    beats = image.mx_beats(q, e, 16)
    assert len(beats) == 13
    assert np.array_equal(beats[:8].view(np.int8), q[:8])
    assert beats[8].tolist() == [x for v in range(100, 108) for x in (v, v)]
    assert np.array_equal(beats[9:12].view(np.int8), q[8:])
    assert beats[12].tolist() == [108, 108, 109, 109, 110, 110] + [0] * 10


def test_c_header_has_every_word_once() -> None:
    names = re.findall(r"#define (\w+) ", image.c_header())
    assert len(names) == len(set(names))
    for field in image.FIELDS:
        assert f"IMAGE_{field.upper()}" in names


def test_requests_that_cannot_be_served(images: list[Image]) -> None:
    for prompt, new, message in (([], 1, "at least one"), ([1], 0, "at least one"),
                                 ([50], 1, "not below 50"), ([1] * 60, 6, "65 positions of 64")):
        with pytest.raises(host.RequestError, match=message):
            host.run(images, CONFIG, prompt, new)
