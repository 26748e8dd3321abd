# SPDX-License-Identifier: Apache-2.0
"""The report of a run of a model on the simulated package: build/sim/report.json."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from models import host
from models.checkpoint import LlamaConfig
from models.compiler import Plan
from models.image import Image
from tb.package.expectation import describe
from tb.package.session import Result

VECTOR_CYCLES = 8  # of a macro: one activation vector with all columns
Decode = Callable[[list[int]], str]


def useful_macs(c: LlamaConfig, first: int, tokens: int, heads_of: int) -> int:
    """Multiply-accumulates that `tokens` tokens from position `first` need, `heads_of` of them with
    logits: weights by valid rows and columns, and attention over the tokens so far."""
    attention = c.n_heads * c.head_dim
    kv = c.n_kv_heads * c.head_dim
    layer = c.dim * (2 * attention + 2 * kv + 3 * c.ffn_dim)
    context = sum(first + i + 1 for i in range(tokens))
    return (c.n_layers * (tokens * layer + 2 * attention * context)
            + heads_of * c.dim * c.vocab)


def report(plan: Plan, prompt: list[int], decode: Decode, golden: host.Run, result: Result) -> dict:
    """Contents of build/sim/report.json."""
    config = plan.config
    start, cycles = result.request_cycle, result.token_cycles
    prefill = cycles[0] - start if cycles else 0
    steps = len(cycles) - 1
    per_token = (cycles[-1] - cycles[0]) / steps if steps > 0 else 0.0
    done = max(len(cycles), 1)
    macs = useful_macs(plan.model, 0, len(prompt) + done - 1, done)
    macros = config.n_chiplets * config.n_macros
    peak = macros * config.block**2 / VECTOR_CYCLES
    spent = cycles[-1] - start if cycles else 1
    traffic = config.block * (sum(result.memory_reads) + sum(result.memory_writes)
                              - sum(result.memory_at_ready))
    return {
        "text": decode(result.tokens),
        "tokens": result.tokens,
        "tokens_golden": golden.tokens,
        "commands_checked": result.checked,
        "commands_expected": sum(map(len, golden.records)),
        "mismatches": result.mismatches,
        "prefill_tokens": len(prompt),
        "prefill_cycles": prefill,
        "decode_cycles_per_token": per_token,
        "mac_utilization": macs / (spent * peak) if cycles else 0.0,
        "bytes_per_mac": traffic / macs,
        "link_retries": sum(result.link_replays),
        "load_cycles": result.ready_cycle,
        "sim_cycles_per_second": (result.total_cycles - start) / max(result.run_seconds, 1e-9),
        "wall_seconds_per_token": result.run_seconds / done,
        "errors": result.errors,
    }


def write(console: Console, out: Path, plan: Plan, images: Sequence[Image], prompt: list[int],
          decode: Decode, golden: host.Run, result: Result) -> None:
    """Write the report to folder `out`, print the verdict; exit status 1 where RTL and golden
    differ."""
    values = report(plan, prompt, decode, golden, result)
    mismatch = describe(result.first_mismatch, golden.records, plan)
    out.mkdir(parents=True, exist_ok=True)
    (out / "report.json").write_text(json.dumps(values, indent=2) + "\n")
    good = (values["mismatches"] == 0 and values["tokens"] == values["tokens_golden"]
            and values["commands_checked"] == values["commands_expected"] and not result.errors)
    console.print(f"text: {values['text']!r}", highlight=False)
    for key in ("commands_checked", "commands_expected", "mismatches", "load_cycles",
                "prefill_tokens", "prefill_cycles", "decode_cycles_per_token", "mac_utilization",
                "bytes_per_mac", "link_retries", "sim_cycles_per_second",
                "wall_seconds_per_token"):
        value = values[key]
        console.print(f"  {key:24} {value:,.4g}" if isinstance(value, float)
                      else f"  {key:24} {value:,}")
    if mismatch:
        console.print(f"first mismatch: {mismatch}", highlight=False)
    for error in result.errors:
        console.print(f"error: {error}")
    verdict = ("agrees with the golden, command by command" if good
               else "stopped with an error" if result.errors else "DIFFERS from the golden")
    console.print(f"The RTL {verdict}. Report: build/sim/report.json")
    if not good:
        raise SystemExit(1)
