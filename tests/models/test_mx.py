# SPDX-License-Identifier: Apache-2.0
"""The MX quantiser: published vectors, an exact definition, and the special blocks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from models import fp32, mx

NEAR_TIES = 6
VARIANTS = [(32, 8), (32, 4), (64, 8), (64, 4)]


@pytest.mark.parametrize(("block", "bits"), VARIANTS)
def test_published_vectors(block: int, bits: int, shared_data: Path) -> None:
    """Equal to exact round-to-nearest-even; d-Matrix's code differs only near ties."""
    data = np.load(shared_data / "mx_vectors.npz")
    key = f"k{block}_w{bits}_"
    q, e = mx.quantize(data[key + "x"], bits, block)
    assert (q != data[key + "q_exact_rne"]).sum() == 0
    zero = ~data[key + "x"].any(axis=1)
    assert (e[~zero, 0].astype(int) - 127 == data[key + "E"][~zero]).all()
    assert (e[zero] == 0).all()
    theirs = data[key + ("dmx_mxint_q" if block == 32 else "dmx_bfp_q")]
    differs = (q != theirs).any(axis=1)
    assert set(data[key + "class"][differs].tolist()) <= {NEAR_TIES}


def exact_block(x: np.ndarray, bits: int) -> tuple[list[int], int]:
    values = [Fraction(float(v)) if abs(v) >= 2.0**-126 else Fraction(0) for v in x]
    largest = max(abs(v) for v in values)
    if largest == 0:
        return [0] * len(values), 0
    exponent = -126
    while Fraction(2) ** (exponent + 1) <= largest:
        exponent += 1
    step, top = Fraction(2) ** (exponent - (bits - 2)), 2 ** (bits - 1) - 1
    return [max(-top, min(top, round(v / step))) for v in values], exponent + 127


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("block", [16, 64])
def test_random_blocks_of_every_scale(block: int, bits: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pattern = rng.integers(0, 2**32, (60, block), dtype=np.uint32)
    exponent = rng.integers(0, 255, (60, 1))
    field = np.clip(exponent - rng.integers(0, 12, (60, block)), 0, 254).astype(np.uint32)
    x = fp32.from_bits((pattern & np.uint32(0x807FFFFF)) | (field << np.uint32(23)))
    q, e = mx.quantize(x, bits, block)
    for row, qr, er in zip(x, q, e):
        want, byte = exact_block(row, bits)
        assert qr.tolist() == want and er.tolist() == [byte]


def test_dequantize_then_quantize_is_the_identity_unless_the_block_shrank() -> None:
    rng = np.random.default_rng(3)
    q, e = mx.quantize(rng.standard_normal((50, 64)).astype(np.float32))
    again = mx.quantize(mx.dequantize(q, e))
    assert (again[0] == q).all() and (again[1] == e).all()


def test_padding_and_special_blocks() -> None:
    x = np.zeros((4, 100), np.float32)
    x[0, 70], x[1, 3], x[2, 99] = np.nan, -np.inf, 1e-40
    x[3] = 1
    q, e = mx.quantize(x)
    assert q.shape == (4, 128) and q.dtype == np.int8
    assert e.tolist() == [[0, 255], [255, 0], [0, 0], [127, 127]] and e.dtype == np.uint8
    assert not q[:3].any() and (q[3, :100] == 64).all() and not q[3, 100:].any()
    assert fp32.bits(mx.dequantize(q, e))[0, 64:].tolist() == [0x7FC00000] * 64
    with pytest.raises(ValueError, match="bits"):
        mx.quantize(x, 5)
