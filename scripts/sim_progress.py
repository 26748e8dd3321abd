# SPDX-License-Identifier: Apache-2.0
"""How far make sim is: a line that changes in place on a terminal, plain lines elsewhere."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.text import Text

from models.host import SEQUENCE, by_sequence

PLAIN_SECONDS = 10  # between two plain lines of the same phase
LOAD_CYCLES = 1.15  # per beat that is loaded at boot
MAC_SHARE = 0.6     # of the macros' rate that a run reaches, before it has shown its own


class Progress:
    """Phases one after the other; each shows what is known of it."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.start = self.shown = time.time()
        self.phase, self.text = "", ""
        self.live = Live(get_renderable=self._line, console=console, transient=True,
                         refresh_per_second=4) if console.is_terminal else None
        if self.live:
            self.live.start()

    def begin(self, phase: str) -> None:
        """The next phase."""
        self.phase, self.text = phase, ""
        if self.live:
            self.live.refresh()
        else:
            self._plain()

    def show(self, text: str) -> None:
        """What is known of the phase now."""
        self.text = text
        if not self.live and time.time() - self.shown >= PLAIN_SECONDS:
            self._plain()

    def note(self, text: str) -> None:
        """A line that stays."""
        self.console.print(text, highlight=False)

    def close(self) -> None:
        """Take the line away."""
        if self.live:
            self.live.stop()

    def _plain(self) -> None:
        self.shown = time.time()
        self.console.print(self._line().plain.rstrip(), highlight=False)

    def _line(self) -> Text:
        now = time.time()
        if self.console.is_terminal:
            return Text(f"{now - self.start:5.0f} s  {self.phase}  {self.text or '...'}",
                        no_wrap=True, overflow="ellipsis")
        return Text(f"{now - self.start:5.0f} s  {self.phase}  {self.text}")


class Watcher(threading.Thread):
    """Shows what the simulation appends to its progress file.

    new_tokens: that are expected; 0 of an encoder, whose words are not shown one by one. In a
    batch a word of the host holds the number of the sequence as well.
    expected: records of the whole run. load_beats: beats that a chiplet reads before it is ready.
    run_cycles: a guess of the cycles from then on.
    """

    def __init__(self, path: Path, progress: Progress, decode: Callable[[list[int]], str],
                 new_tokens: int, expected: int, load_beats: int, run_cycles: float,
                 sequences: int = 1) -> None:
        super().__init__(daemon=True)
        self.sequences = sequences
        self.path, self.progress, self.decode = path, progress, decode
        self.new_tokens, self.expected = new_tokens, expected
        self.load_beats, self.run_cycles = load_beats, run_cycles
        self.over = threading.Event()
        self.tokens: list[int] = []  # words, as the host took them
        self.phase = ""
        self.ready_at = 0      # records seen when the chip was ready
        self.last = (0.0, 0)   # seconds and cycle of an earlier event
        self.rate = 0.0        # cycles per second between the last two

    def run(self) -> None:
        seen = 0
        while True:
            last = self.over.wait(0.2)
            lines = self.path.read_text().splitlines() if self.path.exists() else []
            for line in lines[seen:]:
                self.show(json.loads(line))
            seen = len(lines)
            if last:
                return

    def finish(self) -> None:
        """Show what is left, and end."""
        self.over.set()
        self.join()

    def _enter(self, phase: str) -> None:
        if phase != self.phase:
            self.phase = phase
            self.progress.begin(phase)

    def show(self, event: dict) -> None:
        seconds, cycle = event["seconds"], event["cycle"]
        if seconds - self.last[0] > 0.05 and cycle > self.last[1]:
            self.rate = (cycle - self.last[1]) / (seconds - self.last[0])
            self.last = (seconds, cycle)
        at = f"cycle {cycle:>9,}  {self.rate:>7,.0f} cycles/s"
        kind = event["event"]
        if kind == "boot" and event["status"] != "ready":
            self._enter(event["status"])
        elif kind == "ready":
            self.ready_at = event["checked"]
            self.progress.note(f"  {at}  ready, request sent")
            self._enter("prefill")
        elif kind == "token" and not self.new_tokens:
            self._enter("end")
        elif kind == "token":
            self.tokens.append(event["token"])
            sequence = event["token"] >> SEQUENCE
            text = self.decode(by_sequence(self.tokens, sequence + 1)[-1])
            whose = f" of sequence {sequence + 1}" if self.sequences > 1 else ""
            self.progress.note(f"  {at}  token {len(self.tokens)}/{self.new_tokens}{whose}: "
                               f"{text!r}")
            if len(self.tokens) >= self.sequences:
                self._enter("decode" if len(self.tokens) < self.new_tokens else "end")
        elif kind == "error":
            self.progress.note(f"  {at}  {event['text']}")
        if kind in ("tick", "ready", "token") and self.rate and self.phase != "end":
            asked = self.ready_at and self.new_tokens
            token = f"  token {len(self.tokens) + 1}/{self.new_tokens}" if asked else ""
            left = self._cycles_left(event) / self.rate
            self.progress.show(f"{at}{token}  {left:.0f} s left")

    def _cycles_left(self, event: dict) -> float:
        if not self.ready_at:
            return LOAD_CYCLES * max(0, self.load_beats - event["read"]) + self.run_cycles
        done = (event["checked"] - self.ready_at) / max(self.expected - self.ready_at, 1)
        return self.run_cycles * max(0.0, 1 - done)
