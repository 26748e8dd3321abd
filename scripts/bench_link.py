# SPDX-License-Identifier: Apache-2.0
"""Efficiency by bit error rate, latency and all-gather of the die-to-die link:
build/bench/link.json and link.png.

tb/link/link_bench.v loads one direction of a link, link_gather.v joins chiplets' send engines and
links; link_bench.cpp and link_gather.cpp drive the clock."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

from models import link
from tb.common.filelist import ROOT, block_list
from tb.common.runner import VERILATOR_ARGS, tool_environment

FOLDER = ROOT / "build" / "bench"
BLOCK = 64
BERS = (0.0, 1e-7, 1e-6, 1e-5, 1e-4)
BEATS = 400_000
WARM = 800  # beats before link_bench counts
SINGLE_BEATS = 500
SIZES = [64 << i for i in range(11)]  # bytes of data per slice
CHIPLETS = (2, 4, 8)


def build(top: str, blocks: list[str], parameters: dict[str, int], extra: list[str]) -> str:
    """Compile a bench; returns the program's path."""
    name = "_".join([top, *(str(v) for v in parameters.values())])
    sources, incdirs = [], []
    for block in blocks:
        files = block_list(block)
        sources += [path for path in files.sources if path not in sources]
        incdirs += files.incdirs
    with tool_environment():
        subprocess.run(
            ["verilator", "--cc", "--exe", "--build", "-O3", *VERILATOR_ARGS]
            + [f"-I{path}" for path in incdirs]
            + [f"-G{key}={value}" for key, value in parameters.items()]
            + ["--top", top, "--Mdir", str(FOLDER / name), "-o", top]
            + [str(path) for path in sources]
            + [*extra, f"tb/link/{top}.v", f"tb/link/{top}.cpp"],
            cwd=ROOT,
            check=True,
            env=dict(os.environ),
            stdout=subprocess.DEVNULL,
        )
    return str(FOLDER / name / top)


def run(program: str, *arguments: int) -> dict | list:
    """What the program prints."""
    command = [program, *(str(a) for a in arguments)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def efficiency(program: str, ber: float, seed: int, trip: float | None) -> dict:
    """Payload share of the data lanes at one bit error rate, beside the go-back-N bound.

    Args:
        trip: NAK round trip in flits for the bound where this run has none.

    Raises:
        AssertionError: a beat was wrong, or the link went down.
    """
    threshold = link.error_threshold(ber, BLOCK)
    result = run(program, BEATS + WARM, threshold, seed, 0)
    assert not result["wrong"] and not result["down"], result
    raw = result["cycles"] * link.phit_bits(BLOCK) / 8
    reached = BEATS * (BLOCK + 2) / raw
    if result["trips"]:
        trip = result["trip_cycles"] / result["trips"] / link.flit_phits(8, BLOCK)
    p = link.flit_error_rate(ber, 8, BLOCK)
    bound = link.go_back_n_bound(ber, trip or 1.0, BLOCK)
    # A flit costs 1 + N x (failures before it passes); their number is geometric.
    mean = 1 + (trip or 1.0) * p / (1 - p)
    spread = (trip or 1.0) * math.sqrt(p) / (1 - p)
    return {
        "payload": reached,
        "bound": bound,
        "share_of_bound": reached / bound,
        "standard_error": spread / mean / math.sqrt(BEATS / 8) * bound,
        "round_trip_flits": trip,
        "replays": result["replays"],
        "cycles_per_second": result["cycles_per_second"],
    }


def all_gather() -> dict[str, list[dict]]:
    """Cycles of an all-gather by number of chiplets and bytes per slice, beside the bound: beats by
    payload rate, and the latency of one beat."""
    program = build("link_gather", ["package"], {"BLOCK": BLOCK}, [])
    beats = [size // BLOCK for size in SIZES]
    rate = link.payload_efficiency(8, BLOCK) * link.phit_bits(BLOCK) / 8  # bytes per cycle
    report = {}
    for chiplets in CHIPLETS:
        cycles = run(program, chiplets, *beats)
        report[str(chiplets)] = [
            {"bytes": size, "cycles": got, "bound": n * (BLOCK + 2) / rate + cycles[0]}
            for size, n, got in zip(SIZES, beats, cycles, strict=True)
        ]
        for point in report[str(chiplets)]:
            point["over_bound"] = point["cycles"] / point["bound"] - 1
    return report


def plot(curve: dict[str, dict]) -> None:
    """The efficiency curve as a picture."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4))
    measured = [(ber, curve[f"{ber:g}"]) for ber in BERS if ber]
    trip = measured[-1][1]["round_trip_flits"]
    fine = [10 ** (-8 + 0.05 * i) for i in range(85)]
    axes.semilogx(
        fine,
        [100 * link.go_back_n_bound(b, trip, BLOCK) for b in fine],
        label=f"go-back-N bound, N = {trip:.2f} flits",
    )
    axes.errorbar(
        [b for b, _ in measured],
        [100 * r["payload"] for _, r in measured],
        yerr=[100 * r["standard_error"] for _, r in measured],
        fmt="o",
        label="measured",
    )
    axes.axhline(100 * curve["0"]["payload"], linestyle=":", color="grey", label="no errors")
    axes.set_xlabel("bit error rate")
    axes.set_ylabel("payload, % of raw")
    axes.set_ylim(0, 100)
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    figure.tight_layout()
    figure.savefig(FOLDER / "link.png", dpi=120)


def main() -> None:
    """All of it; prints and writes the numbers."""
    seed = int(os.environ.get("SEED") or 1)
    extra = ["tb/common/link_probe.v", "tb/common/link_channel.v"]
    program = build("link_bench", ["link"], {"BLOCK": BLOCK}, extra)
    curve: dict[str, dict] = {}
    trip = None
    for ber in sorted(BERS, reverse=True):  # the rare errors are left with the N of the frequent
        curve[f"{ber:g}"] = efficiency(program, ber, seed, trip)
        trip = curve[f"{ber:g}"]["round_trip_flits"]
        print(f"BER {ber:g}: {curve[f'{ber:g}']}", file=sys.stderr)
    single = run(program, SINGLE_BEATS, 0, seed, 1)
    report = {
        "payload_efficiency": {f"{ber:g}": curve[f"{ber:g}"]["payload"] for ber in BERS},
        "efficiency_detail": {f"{ber:g}": curve[f"{ber:g}"] for ber in BERS},
        "latency_cycles": {key: single[key] for key in ("min", "median", "max")},
        "allgather_cycles": all_gather(),
        "beats_per_point": BEATS,
    }
    plot(curve)
    text = json.dumps(report, indent=1)
    (FOLDER / "link.json").write_text(text + "\n")
    print(text)


if __name__ == "__main__":
    main()
