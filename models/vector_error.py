# SPDX-License-Identifier: Apache-2.0
"""Measured error of models.vector against float64: `python -m models.vector_error`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from models import fp32, vector
from models import transcendental as fn
from models.transcendental_error import EXACT

BLOCK = 64
EPS = 1e-12


def _normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


def _exact_norm(x: np.ndarray) -> np.ndarray:
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + EPS)


def _exact_layer_norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return _exact_norm(x - x.mean(-1, keepdims=True)) * gamma + beta


def _softmax(s: np.ndarray, constant: np.float32) -> np.ndarray:
    e = vector.softmax_exp(s, vector.softmax_max(s, True), constant, True)
    return fp32.mul(e, vector.softmax_scale(e, BLOCK))


def _exact_softmax(s: np.ndarray) -> np.ndarray:
    e = np.exp((s - s.max(-1, keepdims=True)) / 8)
    return e / e.sum(-1, keepdims=True)


def _pooled(x: np.ndarray) -> np.ndarray:
    """The mean of rows, in ascending order, as the engine's passes have it."""
    total = np.zeros(x.shape[-1], np.float32)
    for row in x:
        total = fp32.add(total, row)
    return fp32.mul(total, np.float32(1 / len(x)))[None]


def cases(rows: int) -> Iterator[tuple[str, str, Callable[[], np.ndarray], np.ndarray]]:
    """(operation, operands, result, exact result): rows [rows, n] of standard normal values."""
    rng = np.random.default_rng(1)
    n = 576
    x, y, gamma, beta = (_normal(rng, k, n) for k in (rows, rows, 1, 1))
    wide = [v.astype(np.float64) for v in (x, y, gamma, beta)]
    gain, eps = vector.norm_gain(gamma, n), vector.norm_epsilon(EPS, n)
    shape = f"{n} elements"
    yield ("RMSNorm", shape, lambda: fp32.mul(fp32.mul(x, gain), vector.rms_scale(x, eps, BLOCK)),
           _exact_norm(wide[0]) * wide[2])
    for offset in (0, 10):
        moved = (x + np.float32(offset)).astype(np.float32)
        yield (f"LayerNorm, mean {offset}", shape,
               lambda v=moved: vector.layer_norm(v, gain, beta, eps, BLOCK),
               _exact_layer_norm(moved.astype(np.float64), *wide[2:]))
    yield ("softmax", "512 scores, head of 64",
           lambda: _softmax(8 * x[:, :512], vector.softmax_constant(64)),
           _exact_softmax(8 * wide[0][:, :512]))
    yield "SiLU gate", shape, lambda: vector.silu_mul(x, y), EXACT["silu"](wide[0]) * wide[1]
    yield ("GELU with bias", shape, lambda: fn.gelu(fp32.add(x, beta)),
           EXACT["gelu"](wide[0] + wide[3]))
    yield ("GELU with bias, tanh form", shape, lambda: fn.gelu_tanh(fp32.add(x, beta)),
           EXACT["gelu_tanh"](wide[0] + wide[3]))
    cos, sin = vector.rope_table(np.arange(rows), n, 1e4)
    turn = wide[0].reshape(rows, -1, 2) @ np.array([1, 1j]) * (cos + 1j * sin.astype(np.float64))
    yield ("RoPE, table given", shape, lambda: vector.rope(x, cos, sin),
           np.stack([turn.real, turn.imag], -1).reshape(rows, n))
    yield ("mean over tokens", f"128 rows of {n}", lambda: _pooled(x[:128]),
           wide[0][:128].mean(0, keepdims=True))
    yield ("L2 norm", shape, lambda: vector.l2_normalize(x, BLOCK),
           wide[0] / np.sqrt((wide[0] ** 2).sum(-1, keepdims=True)))


def measure(result: np.ndarray, exact: np.ndarray) -> tuple[float, float]:
    """Largest and root mean square error, in ulp of the largest exact element of the row."""
    size = np.abs(exact).max(-1, keepdims=True)
    error = (result.astype(np.float64) - exact) / 2.0 ** (np.floor(np.log2(size)) - 23)
    return float(np.abs(error).max()), float(math.sqrt((error**2).mean()))


def report(rows: int = 2_000) -> str:
    """The table of docs/numerics.md."""
    lines = ["| operation | row | max ulp | rms ulp |", "|---|---|---|---|"]
    for name, shape, run, exact in cases(rows):
        worst, mean = measure(run(), exact)
        lines.append(f"| {name} | {shape} | {worst:.1f} | {mean:.2f} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
