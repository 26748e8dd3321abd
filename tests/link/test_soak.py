# SPDX-License-Identifier: Apache-2.0
"""Two link ends at full speed in a compiled harness: every trouble, exact measurements between."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tb.common.compiled import compiled, run
from tb.common.filelist import ROOT, read
from tb.common.runner import missing_simulator

FOLDER = ROOT / "tb" / "link"
# All parameters of link_tb: a netlist of `link` (make mutate) is made for just these.
SIZES = {
    "usual": {"REPLAY_BEATS": 128, "REPLAY_FLITS": 32, "RX_BEATS": 128, "RX_FLITS": 32,
              "MGMT_DEPTH": 8},
    "small": {"REPLAY_BEATS": 64, "REPLAY_FLITS": 16, "RX_BEATS": 64, "RX_FLITS": 12,
              "MGMT_DEPTH": 3},
}  # fmt: skip
TIMES = {"TIMEOUT": 512, "MAX_TIMEOUTS": 5, "MAX_REPLAYS": 64, "REFRESH": 256, "SILENCE": 4096,
         "DETECT_LIMIT": 2048}  # fmt: skip


def harness(block: int, size: str) -> Path:
    """The compiled program."""
    sizes = {"BLOCK": block} | SIZES[size]
    parameters = sizes | TIMES
    limits = {name: TIMES[name] for name in ("TIMEOUT", "MAX_TIMEOUTS", "MAX_REPLAYS", "REFRESH")}
    limits |= {"SILENCE_CYCLES": TIMES["SILENCE"]}
    names = " ".join(f"-D{name}={value}" for name, value in (sizes | limits).items())
    options = ["--x-initial", "unique", "--unroll-count", "1"]
    options += ["-CFLAGS", f"-O1 -march=native -std=c++17 -I{FOLDER} {names}"]
    headers = [FOLDER / f"soak_{part}.h" for part in ("streams", "exact", "troubles")]
    files, main = read(FOLDER / "link_tb.f"), FOLDER / "link_soak.cpp"
    files.sources.append(FOLDER / "link_tb.v")
    return compiled("link_soak", "link_tb", files, main, parameters, options, headers)


def soak(program: Path, seed: int, amount: int, *fault: str) -> dict:
    """Run a harness, this one until `amount` beats have arrived; its summary.

    Raises:
        AssertionError: something was wrong; its message.
    """
    number = os.environ.get("MUTANT", "0").rpartition(":")[2]
    command = [program, str(seed), str(amount), *fault, f"+mutant={number}"]
    done = run(command)
    text = (done.stdout + done.stderr)[-2000:]
    assert done.returncode == 0, f"SEED={seed}: ended with {done.returncode}: {text}"
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(autouse=True)
def _verilator() -> None:
    if reason := missing_simulator("verilator"):
        pytest.skip(reason)


@pytest.mark.parametrize(("block", "size"), [(16, "small"), (64, "usual")])
def test_soak(seed: int, block: int, size: str) -> None:
    done = soak(harness(block, size), seed, 20_000)
    assert done["beats"] >= 20_000 and done["downs"] > 5 and done["flips"] > 1000, done


@pytest.mark.parametrize("fault", ["lost", "repeated", "swapped", "bit"])
def test_scoreboard_sees_faults(seed: int, fault: str) -> None:
    with pytest.raises(AssertionError, match=r"[ab]_rx item \d+: "):
        soak(harness(16, "small"), seed, 20_000, fault)


@pytest.mark.regress
@pytest.mark.parametrize(("block", "size"), [(64, "usual"), (16, "small"), (32, "usual")])
def test_soak_long(seed: int, block: int, size: str) -> None:
    done = soak(harness(block, size), seed, 10_000_000)
    print(done)
    assert done["beats"] >= 10_000_000, done
