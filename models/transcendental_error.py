# SPDX-License-Identifier: Apache-2.0
"""Measured error of models.transcendental against float64: `python -m models.transcendental`."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

import numpy as np

from models import fp32
from models import transcendental as fn

_erf = np.vectorize(math.erf, otypes=[np.float64])
_erfc = np.vectorize(math.erfc, otypes=[np.float64])


@dataclasses.dataclass(frozen=True)
class Measurement:
    """Largest error over `inputs`: in units of the last place of the exact result, absolute, and
    relative to max(1, |x|)."""

    name: str
    inputs: str
    ulp: float
    absolute: float
    scaled: float


def _exact_sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _exact_gelu_tanh(x: np.ndarray) -> np.ndarray:
    u = 2 * math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return x * _exact_sigmoid(u)


EXACT: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "exp2": np.exp2,
    "recip": lambda x: 1 / x,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "tail": lambda x: _erfc(x / math.sqrt(2)) / 2,
    "sigmoid": _exact_sigmoid,
    "silu": lambda x: x * _exact_sigmoid(x),
    "gelu": lambda x: x * _erfc(-x / math.sqrt(2)) / 2,
    "gelu_tanh": _exact_gelu_tanh,
    "tanh": np.tanh,
    "erf": _erf,
}


def _mantissas(exponent: int) -> np.ndarray:
    return fp32.from_bits(np.arange(2**23, dtype=np.uint32) | np.uint32(exponent + 127 << 23))


def _sweep(low: float, high: float, count: int) -> np.ndarray:
    return np.linspace(low, high, count).astype(np.float32)


def cases(count: int) -> Iterator[tuple[str, str, np.ndarray]]:
    """(function, description of the inputs, float32 inputs); `count` points per sweep."""
    yield "exp2", "[-126, 128) sweep", _sweep(-126, 127.99, count)
    yield "exp2", "[-1, 1] sweep", _sweep(-1, 1, count)
    yield "recip", "[1, 2) every mantissa", _mantissas(0)
    yield "rsqrt", "[1, 2) every mantissa", _mantissas(0)
    yield "rsqrt", "[2, 4) every mantissa", _mantissas(1)
    for name in ("sigmoid", "silu", "gelu_tanh"):
        yield name, "[0, 20] sweep", _sweep(0, 20, count)
        yield name, "[-20, 0] sweep", _sweep(-20, 0, count)
    yield "tail", "[0, 1] sweep", _sweep(0, 1, count // 4)
    yield "tail", "[0, 7.98) sweep", _sweep(0, 7.984, count // 4)
    yield "gelu", "[0, 8] sweep", _sweep(0, 8, count // 4)
    yield "gelu", "[-8, 0] sweep", _sweep(-8, 0, count // 4)
    yield "tanh", "[-10, 10] sweep", _sweep(-10, 10, count)
    yield "erf", "[-4, 4] sweep", _sweep(-4, 4, count // 4)


@np.errstate(all="ignore")
def measure(name: str, inputs: str, x: np.ndarray) -> Measurement:
    exact = EXACT[name](x.astype(np.float64))
    error = np.abs(getattr(fn, name)(x).astype(np.float64) - exact)
    normal = np.abs(exact) >= float(fp32.MIN_NORMAL)
    ulp = error[normal] / 2.0 ** (np.floor(np.log2(np.abs(exact[normal]))) - 23)
    scale = np.maximum(1, np.abs(x.astype(np.float64)))
    worst = (float(v.max()) for v in (ulp, error, error / scale))
    return Measurement(name, inputs, *worst)


def report(count: int = 2_000_000) -> str:
    """The table of docs/numerics.md."""
    lines = ["| function | inputs | max ulp | max abs error | max error / max(1, abs x) |"]
    lines.append("|---|---|---|---|---|")
    for case in cases(count):
        m = measure(*case)
        ulp = f"{m.ulp:.2f}" if m.ulp < 100 else f"{m.ulp:.1e}"
        absolute = "-" if m.name in ("exp2", "recip", "rsqrt") else f"{m.absolute:.1e}"
        scaled = "-" if absolute == "-" else f"{m.scaled:.1e}"
        lines.append(f"| {m.name} | {m.inputs} | {ulp} | {absolute} | {scaled} |")
    return "\n".join(lines)
