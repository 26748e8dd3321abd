# SPDX-License-Identifier: Apache-2.0
"""What the kernels of firmware/kernels compute, written a second time; docstrings there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

MASK = 0xFFFFFFFF
STATES = ("start", "sign", "integer", "point", "exponent", "exponent sign", "scientific", "invalid")
ALPHABET = "0123456+-.,,eE,x"


def numbers(seed: int) -> Iterator[int]:
    """The generator that all kernels take their data from."""
    while True:
        seed = (seed * 1103515245 + 12345) & MASK
        yield seed


def list_kernel(seed: int, rounds: int) -> int:
    """Search, reverse (which stable sorts do not see: keys are unique), sort."""
    count, source = 40, numbers(seed)
    values = [next(source) >> 16 & 63 for _ in range(count)]
    total = 0
    for turn in range(rounds):
        for key in range(turn % 5, count + turn % 5, 5):
            total += values[key] if key < count else 1000
        for key in sorted(range(count), key=lambda k: (values[k], k)):
            total = (total * 31 + key) & MASK
        total += values[0]
    return total & MASK


def matrix_kernel(seed: int, rounds: int) -> int:
    """Scale, product and product of bit fields of two 10 x 10 matrices."""
    n, source = range(10), numbers(seed)
    draws = [[next(source) for _ in n] for _ in n]
    a = [[(x >> 16 & 511) - 256 for x in row] for row in draws]
    b = [[(x >> 20 & 511) - 256 for x in row] for row in draws]

    def checksum(flat: list[int]) -> int:
        return sum(10 if x < last else x for last, x in zip([0, *flat], flat))

    def products(f: Callable[[int], int]) -> list[int]:
        return [sum(f(a[i][k] * b[k][j]) for k in n) for i in n for j in n]

    total = 0
    for turn in range(rounds):
        scaled = [x * (turn - 3) for row in a for x in row]
        bits = products(lambda p: (p >> 2 & 15) * (p >> 5 & 127))
        for flat in (scaled, products(lambda p: p), bits):
            total = (total * 31 + checksum(flat)) & MASK
        a = [[x + turn for x in row] for row in a]
    return total


def state_kernel(seed: int, rounds: int) -> int:
    """Classify words by a state machine; a few characters change in each round."""
    source = numbers(seed)
    text = [ALPHABET[next(source) >> 16 & 15] for _ in range(255)]
    seen, steps = ([0] * len(STATES) for _ in range(2))

    def kind(ch: str) -> str:
        return "digit" if ch.isdigit() else "sign" if ch in "+-" else "e" if ch in "eE" else ch

    arrows = {
        ("start", "digit"): "integer", ("start", "sign"): "sign", ("start", "."): "point",
        ("sign", "digit"): "integer", ("sign", "."): "point",
        ("integer", "digit"): "integer", ("integer", "."): "point",
        ("point", "digit"): "point", ("point", "e"): "exponent",
        ("exponent", "sign"): "exponent sign", ("exponent sign", "digit"): "scientific",
        ("scientific", "digit"): "scientific",
    }  # fmt: skip
    total = 0
    for turn in range(rounds):
        state, fresh = "start", True
        for ch in text:
            fresh = False
            if ch != ",":
                state = arrows.get((state, kind(ch)), "invalid")
                steps[STATES.index(state)] += 1
            if ch == "," or state == "invalid":
                seen[STATES.index(state)] += 1
                state, fresh = "start", True
        if not fresh:
            seen[STATES.index(state)] += 1
        for i in range(turn % 7, len(text), 7):
            if text[i] != ",":
                text[i] = ALPHABET[(i + turn) & 15]
        for x, y in zip(seen, steps):
            total = (total * 31 + x + y) & MASK
    return total


def crc_kernel(seed: int, rounds: int) -> int:
    """CRC-16 (reflected, 0x8005) of four random bytes and a counter, again and again."""
    source, crc = numbers(seed), 0
    for turn in range(16 * rounds):
        for byte in [*next(source).to_bytes(4, "little"), turn & 0xFF]:
            crc ^= byte
            for _ in range(8):
                crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


KERNELS: dict[str, Callable[[int, int], int]] = {
    "list": list_kernel,
    "matrix": matrix_kernel,
    "state": state_kernel,
    "crc": crc_kernel,
}
