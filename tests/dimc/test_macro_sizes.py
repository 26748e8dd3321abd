# SPDX-License-Identifier: Apache-2.0
"""dimc_macro over its parameters: every array at small sizes by default, a table and drawn sizes in
`make regress`, and values that are not allowed."""

from __future__ import annotations

import random

import pytest

from tests.dimc.test_macro import DIRECTED, STATUS, run, run_random

NAMES = ("ROWS", "COLS", "SETS", "BITS_PER_CYCLE", "IMPLEMENTATION", "TREE")
# All pairs of rows, bits per cycle, array and tree; columns and sets from end to end.
TABLE = [
    (8, 4, 2, 1, 0, 1),
    (8, 8, 4096, 2, 0, 1),
    (8, 5, 3, 2, 1, 0),
    (8, 8, 16, 1, 1, 1),
    (16, 4, 4096, 1, 1, 0),
    (16, 12, 2, 2, 1, 1),
    (16, 7, 5, 2, 0, 1),
    (32, 32, 9, 1, 0, 1),
    (32, 12, 4096, 2, 0, 1),
    (32, 4, 5, 1, 1, 0),
    (32, 20, 2, 2, 1, 1),
    (64, 48, 16, 1, 0, 1),
    (64, 64, 2, 2, 0, 1),
    (64, 12, 4, 2, 1, 0),
    (64, 4, 4096, 1, 1, 1),
]
DRAWS = 6
# Each parameter with the values just outside of its range, and the rule that must be named.
ILLEGAL = {
    "ROWS": ([-8, 0, 7, 9, 24, 63, 65, 128], "ROWS_must_be_8_16_32_or_64"),
    "COLS": ([3, 17], "COLS_must_be_4_to_ROWS"),
    "SETS": ([1, 4097], "SETS_must_be_2_to_4096"),
    "BITS_PER_CYCLE": ([0, 3], "BITS_PER_CYCLE_must_be_1_or_2"),
    "TAG_BITS": ([0], "TAG_BITS_must_be_at_least_1"),
    "IMPLEMENTATION": ([-1, 2], "IMPLEMENTATION_must_be_0_or_1"),
    "TREE": ([-1, 2], "TREE_must_be_0_or_1"),
}


def named(values: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(NAMES, values, strict=True))


@pytest.mark.parametrize(
    ("rows", "cols", "bits", "implementation", "tree"),
    [(16, 16, 2, 0, 1), (8, 8, 1, 1, 0), (8, 6, 1, 1, 1), (8, 8, 2, 1, 0), (8, 5, 2, 1, 1)],
)
def test_kinds(
    simulator: str, rows: int, cols: int, bits: int, implementation: int, tree: int
) -> None:
    """Each array with one and two bits per cycle."""
    sizes = named((rows, cols, 8, bits, implementation, tree))
    run(simulator, "directed", DIRECTED, **sizes)
    run(simulator, "status", STATUS, **sizes)
    run_random(simulator, 12 if implementation else 48, **sizes)


@pytest.mark.regress
@pytest.mark.parametrize("values", TABLE, ids=lambda values: "-".join(map(str, values)))
def test_sizes(simulator: str, values: tuple[int, ...]) -> None:
    sizes = named(values)
    slow = simulator == "icarus" and sizes["ROWS"] * sizes["COLS"] > 256
    run_random(simulator, 1 if slow else 12, TAG_BITS=1, **sizes)
    if not slow:
        run(simulator, "directed", DIRECTED, **sizes)
        run(simulator, "status", STATUS, **sizes)
        run_random(simulator, 4, "RandomReset", **sizes)


@pytest.mark.regress
@pytest.mark.parametrize("draw", range(DRAWS))
def test_drawn_sizes(simulator: str, seed: int, draw: int) -> None:
    """Parameters drawn from the seed, which a failure names in its output."""
    rng = random.Random(f"{seed}/{draw}")
    bits, implementation, tree = rng.choice((1, 2)), rng.choice((0, 1)), rng.choice((0, 1))
    most = 16 if simulator == "icarus" else 64 if implementation == 0 else 32
    rows = rng.choice([r for r in (8, 16, 32, 64) if r <= most])
    sets = rng.choice((2, 3, rng.randint(2, 64), rng.randint(65, 4096)))
    values = (rows, rng.randint(4, rows), sets, bits, implementation, tree)
    tag_bits = rng.randint(1, 16)
    print(f"drawn: {named(values)} TAG_BITS={tag_bits}")
    run_random(simulator, 12, "RandomTraffic", "RandomReset", TAG_BITS=tag_bits, **named(values))


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name, (values, _) in ILLEGAL.items() for value in values]
)
def test_illegal_parameter_stops_elaboration(simulator: str, name: str, value: int) -> None:
    small = {"ROWS": 16, "COLS": 16, "SETS": 8}
    if name == "ROWS":
        small["COLS"] = max(min(value, 16), 4)
    with pytest.raises(AssertionError, match=f"dimc_macro_{ILLEGAL[name][1]}"):
        run(simulator, "disturbed", ["Undisturbed"], **{**small, name: value})


@pytest.mark.parametrize("rows", [-8, 0, 9])
def test_illegal_rows_of_the_structural_array(simulator: str, rows: int) -> None:
    sizes = {"ROWS": rows, "COLS": 4, "SETS": 8, "IMPLEMENTATION": 1}
    with pytest.raises(AssertionError, match=f"dimc_macro_{ILLEGAL['ROWS'][1]}"):
        run(simulator, "disturbed", ["Undisturbed"], **sizes)
