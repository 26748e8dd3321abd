# SPDX-License-Identifier: Apache-2.0
"""The fabric does not lock up: all chiplets send to all others at once, with the smallest buffers;
and the table of who waits for whom (tb/link/formal/waits.toml) has no circle."""

from __future__ import annotations

import tomllib

import pytest

from scripts.formal import proofs
from tb.chiplet.sources import sources
from tb.common.filelist import ROOT, FileList
from tb.common.runner import simulate


def saturate(chiplets: int, rounds: int, sim: str) -> None:
    """Every chiplet multicasts `rounds` packets to all others, beside messages without a pause."""
    files = sources("common", "chiplet", "link")
    files.add(FileList([ROOT / "tb" / "link" / "fabric_node.v"]))
    simulate(
        "link",
        top="fabric_tb",
        test_module="tb.link.fabric_cases",
        sim=sim,
        sources=files,
        parameters={"N": chiplets, "ROUNDS": rounds},
    )


def test_saturation(simulator: str) -> None:
    saturate(*((3, 100) if simulator == "verilator" else (2, 30)), sim=simulator)


@pytest.mark.regress
@pytest.mark.sim("verilator")
@pytest.mark.parametrize("chiplets, rounds", [(2, 2000), (4, 2000), (8, 500)])
def test_saturation_long(chiplets: int, rounds: int, simulator: str) -> None:
    saturate(chiplets, rounds, sim=simulator)


def graph(waits: list[dict], chiplets: int) -> dict[str, set[str]]:
    """Places of a package of `chiplets`, each with those that must move before it can."""
    peers = {c: [p for p in range(chiplets) if p != c] for c in range(chiplets)}
    edges: dict[str, set[str]] = {}
    for wait in waits:
        pair = "{c>p}" in wait["who"]
        for c in wait.get("only", range(chiplets)):
            for p in peers[c] if pair else [None]:
                here = edges.setdefault(name(wait["who"], c, p), set())
                for on in wait["on"]:
                    if "{c>*}" in on:
                        here |= {on.replace("{c>*}", f"{c}>{q}") for q in peers[c]}
                    else:
                        here.add(name(on, c, p))
    return edges


def name(text: str, c: int, p: int | None) -> str:
    """A place of the table for chiplet c and, where it says so, the peer p."""
    for key, value in {"{c}": c, "{p}": p, "{c>p}": f"{c}>{p}", "{p>c}": f"{p}>{c}"}.items():
        text = text.replace(key, str(value))
    return text


def circle(edges: dict[str, set[str]]) -> list[str]:
    """Places that wait for each other in a circle; [] if there is none."""
    done: set[str] = set()

    def walk(place: str, path: list[str]) -> list[str]:
        if place in path:
            return path[path.index(place) :]
        if place in done:
            return []
        for on in sorted(edges.get(place, ())):
            if found := walk(on, [*path, place]):
                return found
        done.add(place)
        return []

    return next((found for place in sorted(edges) if (found := walk(place, []))), [])


WAITS = tomllib.loads((ROOT / "tb" / "link" / "formal" / "waits.toml").read_text())["wait"]


@pytest.mark.parametrize("chiplets", range(1, 9))
def test_nobody_waits_in_a_circle(chiplets: int) -> None:
    assert circle(graph(WAITS, chiplets)) == []


def test_every_place_is_in_the_table() -> None:
    edges = graph(WAITS, 3)
    missing = set().union(*edges.values()) - set(edges)
    assert missing == {"core 1", "core 2"}  # by the rule on messages they never wait


@pytest.mark.parametrize("who, on", [
    ("receiver {c>p}", "send engine {p}"),      # a receiver that answers before it takes more
    ("control word {c>p}", "bulk fifo {c>p}"),  # acknowledgements behind beats
    ("stash {c}", "receiver {c>p}"),            # a stash that waits for a link
])  # fmt: skip
def test_a_circle_is_found(who: str, on: str) -> None:
    waits = [*WAITS, {"who": who, "on": [on]}]
    if "{c>p}" not in who:
        waits[-1]["on"] = [on.replace("{c>p}", "1>0")]
    assert circle(graph(waits, 2))


def test_cores_that_all_wait_to_send_are_found() -> None:
    waits = [{key: wait[key] for key in ("who", "on")} for wait in WAITS]
    assert any(place.startswith("core") for place in circle(graph(waits, 2)))


def test_every_wait_names_what_shows_it() -> None:
    known = {proof.name for proof in proofs("link")}
    for wait in WAITS:
        assert wait["by"] and wait["why"]
        for by in wait["by"]:
            assert by in known or by.startswith("rule: ") or (ROOT / by).is_file(), by
