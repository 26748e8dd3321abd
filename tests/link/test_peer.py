# SPDX-License-Identifier: Apache-2.0
"""One link end against a peer and a model that share nothing with it, compared cycle by cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tb.common.compiled import compiled
from tb.common.filelist import block_list
from tb.common.runner import missing_simulator
from tests.link.test_soak import FOLDER, SIZES, TIMES, soak

PARTS = ("lanes", "flits", "watch", "model", "behaviour", "end", "cases", "training", "states")


def harness(block: int, size: str) -> Path:
    """The compiled program."""
    parameters = {"BLOCK": block} | SIZES[size] | TIMES
    limits = {name: value for name, value in parameters.items() if name != "SILENCE"}
    limits |= {"SILENCE_CYCLES": TIMES["SILENCE"]}
    names = " ".join(f"-D{name}={value}" for name, value in limits.items())
    options = ["--x-initial", "unique", "--unroll-count", "1"]
    options += ["-CFLAGS", f"-O1 -march=native -std=c++17 -I{FOLDER} {names}"]
    headers = [FOLDER / "soak_streams.h", *(FOLDER / f"peer_{part}.h" for part in PARTS)]
    main = FOLDER / "link_peer.cpp"
    return compiled("link_peer", "link", block_list("link"), main, parameters, options, headers)


@pytest.fixture(autouse=True)
def _verilator() -> None:
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)


@pytest.mark.parametrize(("block", "size"), [(16, "small"), (64, "usual")])
def test_peer(seed: int, block: int, size: str) -> None:
    done = soak(harness(block, size), seed, 2_000)
    assert done["flits"] > 1000 and done["replays"] > 20 and done["errors"] > 100, done


@pytest.mark.regress
@pytest.mark.parametrize(("block", "size"), [(64, "usual"), (16, "small"), (32, "usual")])
def test_peer_long(seed: int, block: int, size: str) -> None:
    for more in range(10):
        print(soak(harness(block, size), seed + more, 200_000))
