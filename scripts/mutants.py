# SPDX-License-Identifier: Apache-2.0
"""Faulty versions of a block: bit-level mutants of its netlist, and named faults in its text.

All mutants of a netlist are in one Verilog file, which behaves like the original until the plusarg
+mutant=N chooses one: Yosys' `mutate -ctrl` adds the select input. Netlists that are built together
number theirs one after the other. The design is mutated before it
is flattened, so a fault in a module is in all its instances with the same parameters. A named
fault is a source file with one piece of text replaced (tests/mutants/<block>.toml).
Both are put into a folder that mirrors the repository; MUTANT= makes tb/common/runner.py read it.
"""

from __future__ import annotations

import math
import re
import resource
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.blocks import stop
from scripts.equivalence import Graph, prove
from tb.common.filelist import ROOT, FileList, block_list, relative

OUT = ROOT / "build" / "mutate"
CLOCKS = {"CLK", "WR_CLK", "RD_CLK"}  # a select in a clock path is a race, not a fault
SELECT = "mutant_select"
LINT = "WIDTH UNSIGNED CMPCONST SELRANGE UNOPTFLAT LATCH CASEINCOMPLETE CASEOVERLAP".split()
FLATTEN = ("setattr -mod -unset keep_hierarchy", "setattr -unset keep_hierarchy", "flatten")
PROOF_SECONDS = 20
PROOF_BYTES = 4 << 30


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (PROOF_BYTES, PROOF_BYTES))


@dataclass
class Mutant:
    """One fault of a netlist; `number` is its value of the select input."""

    number: int
    module: str
    command: str

    def option(self, name: str) -> str:
        """Value of an option of Yosys' mutate command, or nothing."""
        found = re.findall(rf" -{name} (\S+)", self.command)
        return found[-1] if found else ""

    @property
    def place(self) -> str:
        """file:line.column-line.column of the cell."""
        return self.option("src") or "?"

    @property
    def what(self) -> str:
        """Such as "inv add Y[3]" or "const0 procdff Q[0] (read_q[0])"."""
        cell = self.option("cell")
        kind = re.match(r"\$(?!auto\$)(\w+)\$", cell) or re.search(r":(\w+)\$\d+$", cell)
        wire, other = self.option("wire"), self.option("ctrlbit")
        text = f"{self.option('mode')} {kind[1] if kind else cell} "
        text += f"{self.option('port')}[{self.option('portbit')}]"
        text += f" by [{other}]" if other else ""
        return text + (f" ({wire}[{self.option('wirebit')}])" if wire else "")

    @property
    def text(self) -> str:
        """The source lines of its place."""
        found = re.fullmatch(r"(.+):(\d+)\.\d+-(\d+)\.\d+", self.place)
        if not found or not (ROOT / found[1]).is_file():
            return ""
        lines = (ROOT / found[1]).read_text().splitlines()
        return "\n".join(lines[int(found[2]) - 1 : int(found[3])])


class Netlist:
    """An elaboration of a block (an entry of `mutate` in scripts/blocks.toml) and its mutants."""

    def __init__(self, block: str, entry: dict, before: int = 0) -> None:
        """`before`: mutants of the netlists in front of it in the same build."""
        self.entry = entry
        self.before = before
        self.top = entry["top"]
        self.name = entry.get("name", self.top)
        self.folder = OUT / block / self.name
        self.files = block_list(block)
        self.files.add(FileList([ROOT / name for name in entry.get("sources", [])]))
        self.mutants: list[Mutant] = []
        self.graphs: dict[str, Graph | None] = {}

    def make(self, count: int, seed: int) -> None:
        """Write design.il and netlist.v with `count` mutants, spread over the modules."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        includes = " ".join(f"-I{relative(path)}" for path in self.files.incdirs)
        sources = " ".join(relative(path) for path in self.files.sources)
        defines = " ".join(f"-D {name}" for name in self.entry.get("defines", []))
        sets = " ".join(f"-chparam {k} {v}" for k, v in self.entry.get("parameters", {}).items())
        self._yosys(
            "design",
            f"read_verilog -defer {defines} {includes} {sources}",
            f"hierarchy -top {self.top} {sets}",
            "proc",
            "opt -nodffe -nosdff",
            "wreduce",
            "opt_clean",
            f"write_rtlil {self._path('design.il')}",
        )
        wanted = self._shares(count)
        self._yosys(
            "list",
            f"read_rtlil {self._path('design.il')}",
            *[
                f"mutate -list {2 * n + 20} -seed {seed} -module {module} "
                f"-o {self._path(f'list{i}.txt')}"
                for i, (module, n) in enumerate(wanted.items())
            ],
        )
        for i, (module, n) in enumerate(wanted.items()):
            lines = (self.folder / f"list{i}.txt").read_text().splitlines()
            usable = [x for x in lines if self._usable(Mutant(0, "", x))]
            for line in usable[:n]:
                self.mutants.append(Mutant(len(self.mutants) + 1, base_name(module), line))
        self._yosys(
            "netlist",
            f"read_rtlil {self._path('design.il')}",
            *self._apply(self.mutants),
            *FLATTEN,
            "opt_clean",
            f"write_verilog -noattr {self._path('netlist.v')}",
        )

    def put_into(self, tree: Path) -> None:
        """Write the netlist into a folder that mirrors the repository, and of its other sources
        those that are not there: all of them, so that an edit during the run does not count."""
        for path in self.files.sources:
            target = tree / relative(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.stem == self.top:
                target.write_text(self._selectable((self.folder / "netlist.v").read_text()))
            elif not target.is_file():
                target.write_text(path.read_text())

    def proof(self, mutant: Mutant) -> str:
        """The kind of proof that the mutant is no fault (scripts/equivalence.py), or nothing: of
        the whole netlist, or with proofs = "modules" of its module alone, whose contract says when
        an output means something (`gated`)."""
        scope = self.entry.get("proofs", True)
        if not scope:
            return ""
        module = mutant.option("module") if scope == "modules" else ""
        if module not in self.graphs:
            self.graphs[module] = self._graph(module)
        graph = self.graphs[module]
        gates = self.entry.get("gated", {}).get(mutant.module, {}) if module else {}
        if graph is None:
            return ""
        return prove(graph, SELECT, mutant.number, self.folder, PROOF_SECONDS, gates)

    def _graph(self, module: str) -> Graph | None:
        """The netlist; or a module of it, the instances in it cut out: what goes into them are
        outputs, what comes out inputs. None if Yosys needs more than PROOF_BYTES for it."""
        cut = [f"hierarchy -top {module}"] if module else []
        own = [m for m in self.mutants if not module or m.option("module") == module]
        flat = ["expose -evert c:*", "clean"] if module else FLATTEN
        found = self._yosys(
            "graph",
            f"read_rtlil {self._path('design.il')}",
            *cut,
            *self._apply(own),
            *flat,
            "memory_map",
            "techmap",
            "setundef -zero",
            "aigmap",
            "opt_clean",
            f"write_aiger -ascii -symbols {self._path('graph.aag')}",
            limited=True,
        )
        return Graph.read(self.folder / "graph.aag") if found else None

    def _apply(self, mutants: Sequence[Mutant]) -> list[str]:
        control = f"-ctrl {SELECT} {self._width()}"
        return [m.command.replace("mutate ", f"mutate {control} {m.number} ", 1) for m in mutants]

    def _usable(self, mutant: Mutant) -> bool:
        spared = mutant.option("cell") == self.entry.get("spare")
        return mutant.option("port") not in CLOCKS and not spared

    def _width(self) -> int:
        return len(self.mutants).bit_length()

    def _modules(self) -> list[str]:
        return re.findall(r"(?m)^module (\S+)", (self.folder / "design.il").read_text())

    def _shares(self, count: int) -> dict[str, int]:
        """Mutants of each module: by `modules` of the entry, or all of them alike."""
        modules = self._modules()
        names = [base_name(module) for module in modules]
        weights = self.entry.get("modules") or dict.fromkeys(names, 1)
        if unknown := set(weights) - set(names):
            stop(f"mutate: {self.name} has no module {', '.join(sorted(unknown))}")
        total = sum(weights.values())
        part = {
            module: count * weights.get(name, 0) / total / names.count(name)
            for module, name in zip(modules, names)
        }
        return {module: math.ceil(n) for module, n in part.items() if n}

    def _selectable(self, netlist: str) -> str:
        """The netlist with the original's parameters, and with the select input as a register
        that is set from the command line."""
        sets = self.entry.get("parameters", {})
        listed = ", ".join(f"parameter {name} = {value}" for name, value in sets.items())
        head = f"module {self.top} #({listed}) (" if sets else f"module {self.top}("
        netlist = re.sub(rf"(?m)^module {self.top}\(", head, netlist, count=1)
        netlist = re.sub(rf",\s*{SELECT}\s*\);", ");", netlist, count=1)
        netlist = re.sub(rf"(?m)^  wire (\[.*\] )?{SELECT};\n", "", netlist, count=1)
        register = (
            rf"  reg \1{SELECT};"
            "\n  integer mutant_number;"
            "\n  initial begin"
            '\n    if (!$value$plusargs("mutant=%d", mutant_number)) mutant_number = 0;'
            f"\n    mutant_number = mutant_number - {self.before};"
            f"\n    {SELECT} = 0;"
            f"\n    if (mutant_number > 0 && mutant_number <= {len(self.mutants)})"
            f" {SELECT} = mutant_number;"
            "\n  end"
        )
        netlist, found = re.subn(rf"(?m)^  input (\[.*\] )?{SELECT};", register, netlist, count=1)
        if not found:
            stop(f"mutate: no select input in the netlist of {self.name}")
        return "".join(f"/* verilator lint_off {rule} */\n" for rule in LINT) + netlist

    def _path(self, name: str) -> str:
        return relative(self.folder / name)

    def _yosys(self, name: str, *commands: str, limited: bool = False) -> bool:
        """Run the commands; whether it was done within PROOF_BYTES, if they are `limited`."""
        script = self.folder / f"{name}.ys"
        script.write_text("\n".join(commands) + "\n")
        log = script.with_suffix(".log")
        command = ["yosys", "-Q", "-T", "-q", "-l", relative(log), relative(script)]
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=_limit_memory if limited else None,
        )
        if done.returncode and not limited:
            stop(f"mutate: yosys failed, see {relative(log)}\n{done.stderr[-2000:]}")
        return done.returncode == 0


def base_name(module: str) -> str:
    """Name in the source of a module of an elaborated design."""
    return module.split("\\")[1]


@dataclass
class Fault:
    """A named fault: in `file`, `old`, which is there exactly once, becomes `new`."""

    name: str
    file: str
    old: str
    new: str
    why: str
    netlist: str  # whose tests have to notice it

    def make(self, block: str) -> Path:
        """Write the changed file; return the folder for MUTANT=."""
        text = (ROOT / self.file).read_text()
        if text.count(self.old) != 1:
            stop(f"mutate: {self.name}: its text is {text.count(self.old)} times in {self.file}")
        folder = OUT / block / "named" / self.name
        shutil.rmtree(folder, ignore_errors=True)
        target = folder / self.file
        target.parent.mkdir(parents=True)
        target.write_text(text.replace(self.old, self.new))
        return folder


def data(block: str) -> dict:
    """tests/mutants/<block>.toml: tables `fault` and `waiver`."""
    path = ROOT / "tests" / "mutants" / f"{block}.toml"
    return tomllib.loads(path.read_text()) if path.is_file() else {}
