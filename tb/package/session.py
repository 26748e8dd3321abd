# SPDX-License-Identifier: Apache-2.0
"""Runs images on the RTL of a package and compares every completion record with the expected one.

    job = Job(requests=[([1, 2, 3], 4)])
    result = simulate_package(config, images, golden.records, job)

The simulation itself is tb/package/model_run.py (cocotb); it gets the job and gives the result as
JSON files, and appends a line to `progress` for each event while it runs.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from models import host
from models.config import Config
from models.csim import Record
from models.image import Image
from tb.common import filelist, memory
from tb.common.runner import ROOT, default_simulator, flag, simulate
from tb.package import expectation

MEMORY_HEADROOM = 1024  # beats of memory beyond the image
LEAST_MEMORY, LEAST_RECORDS = 1 << 16, 1 << 20  # beats; words of the checker: runs share a build
# package_tb turns over bits of the design's memories, a second driver that Verilator objects to
# from three chiplets on. Where it would be a mistake, lint of the design alone finds it.
VERILATOR_ARGS = ["-Wno-MULTIDRIVEN"]


@dataclasses.dataclass(frozen=True)
class Job:
    """What the host asks for, and the settings of the testbench.

    requests: (prompt, new tokens) or (prompt, new tokens, end token) one after the other; an error
    ends the request it meets.
    batches: behind those; the sequences of a batch are decoded together.
    settings: values of package_tb's setting ports (latency, error_threshold, ...).
    check: hold the records against the expected ones, and stop at the first that differs.
    reboot: after an error ring the doorbell again and go on with the next request.
    actions: in place of boot and requests, what the host does step by step; see `act` of
        tb/package/model_run.py.
    """

    requests: Sequence[tuple[Sequence[int], int] | tuple[Sequence[int], int, int]] = ()
    settings: Mapping[str, int] = dataclasses.field(default_factory=dict)
    check: bool = True
    reboot: bool = False
    actions: Sequence[Sequence] = ()
    batches: Sequence[Sequence[host.Request]] = ()


@dataclasses.dataclass(frozen=True)
class Waves:
    """File for the waveform (VCD), its first cycle, and the cycle in which the run ends."""

    path: Path
    first: int = 0
    last: int | None = None


@dataclasses.dataclass(frozen=True)
class Result:
    """What happened: new tokens of all requests, the host's status at the end, cycle numbers of
    ready, last request and each token, seconds from the start to each token, records compared,
    first that differs or None, replays per chiplet, memory beats read, written, and moved before
    ready, seconds from ready on and in all, errors that the chip reported, and whether the run
    ended with the window of its waves."""

    tokens: list[int]
    ready_cycle: int
    request_cycle: int
    token_cycles: list[int]
    token_seconds: list[float]
    checked: int
    mismatches: int
    first_mismatch: dict | None
    link_replays: list[int]
    memory_reads: list[int]
    memory_writes: list[int]
    memory_at_ready: list[int]
    run_seconds: float
    total_seconds: float
    total_cycles: int
    errors: list[str]
    status: str
    stopped: bool


def sources() -> filelist.FileList:
    """The package with its simulation models."""
    return filelist.read(ROOT / "tb" / "package" / "package_tb.f")


def simulate_package(config: Config, images: Sequence[Image], records: Sequence[Sequence[Record]],
                     job: Job, *, work: Path, sim: str | None = None,
                     memories: Sequence[bytes] | None = None, progress: Path | None = None,
                     trace: Path | None = None, activity: Path | None = None,
                     preload: Path | None = None, waves: Waves | None = None,
                     memory_beats: int = 0, timeout_minutes: float = 30) -> Result:
    """Run `job` on the RTL with one image per chiplet.

    records: expected completion records per chiplet. memories: raw memory contents in place of the
    images (to corrupt them). work: folder for the files of this run. trace, activity: files for the
    completion records (tb/package/trace_checker.v) and for what the engines do when
    (tb/package/activity_trace.v). preload: folder with what the macros hold before the chip boots
    (tb/package/preload.py). waves: with WAVES=1, what to write in place
    of all cycles. memory_beats: size of a memory at least, so that runs share a build.
    Raises AssertionError (from the runner) when the simulation itself fails.
    """
    work.mkdir(parents=True, exist_ok=True)
    contents = memories or [image.beats.tobytes() for image in images]
    plusargs = []
    for c, content in enumerate(contents):
        path = work / f"memory{c}.bin"
        memory.write_bin(path, content, config.block)
        plusargs.append(f"+mem{c}_bin={path}")
    expected = expectation.write(work / "expected.hex", records)
    plusargs.append(f"+expected={work / 'expected.hex'}")
    if trace:
        plusargs.append(f"+trace={trace}")
    if activity:
        plusargs.append(f"+activity={activity}")
    if preload:
        plusargs.append(f"+preload={preload}")
    if flag("WAVES"):
        waves = waves or Waves(work / "waves.vcd")
        plusargs += [f"+waves={waves.path}", f"+wave_from={waves.first}"]
        plusargs += [f"+wave_to={waves.last}"] if waves.last is not None else []
    files = {"job": work / "job.json", "result": work / "result.json",
             "progress": progress or work / "progress.jsonl"}
    files["job"].write_text(json.dumps(dataclasses.asdict(job)))
    files["progress"].write_text("")
    files["result"].unlink(missing_ok=True)
    beats = max(memory_beats, max(map(len, contents)) // config.block + MEMORY_HEADROOM)
    sim = sim or default_simulator()
    simulate(
        "package", top="package_tb", test_module="tb.package.model_run", sim=sim,
        sources=sources(), plusargs=plusargs, own_waves=True, timeout_minutes=timeout_minutes,
        build_args=VERILATOR_ARGS if sim == "verilator" else (),
        parameters={**config.rtl_parameters(), "MEMORY_BEATS": _round_up(beats, LEAST_MEMORY),
                    "RECORDS": _round_up(expected, LEAST_RECORDS)},
        env={**{f"TESSERA_{k.upper()}": str(v) for k, v in files.items()},
             "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])},
    )
    return Result(**json.loads(files["result"].read_text()))


def _round_up(size: int, least: int) -> int:
    """Sizes in powers of two, so that runs of similar size share a build."""
    return max(least, 1 << (size - 1).bit_length())
