# SPDX-License-Identifier: Apache-2.0
"""Expected completion records of a run, as tb/package/trace_checker.v reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from models.compiler import Plan
from models.csim import Record

QUEUES = 32  # queue numbers per chiplet: 0 to 15 local, 16 + p packets of chiplet p


def by_queue(records: Sequence[Sequence[Record]]) -> list[list[list[Record]]]:
    """Records of each chiplet, in order within each queue -> [chiplet][queue][number]."""
    out: list[list[list[Record]]] = [[[] for _ in range(QUEUES)] for _ in records]
    for chiplet, posted in enumerate(records):
        for record in posted:
            out[chiplet][record.queue].append(record)
    return out


def words(records: Sequence[Sequence[Record]]) -> list[int]:
    """The checker's 36-bit words: first index and count per queue, then {opcode, signature}."""
    queues = [queue for chiplet in by_queue(records) for queue in chiplet]
    table: list[int] = []
    body: list[int] = []
    for queue in queues:
        table += [2 * len(queues) + len(body), len(queue)]
        body += [record.opcode << 32 | record.signature for record in queue]
    return table + body


def write(path: Path, records: Sequence[Sequence[Record]]) -> int:
    """Write the file for +expected; returns the number of words."""
    content = words(records)
    path.write_text("\n".join(f"{word:09x}" for word in content) + "\n")
    return len(content)


def describe(mismatch: dict | None, records: Sequence[Sequence[Record]], plan: Plan) -> str:
    """The first wrong command: where, what it writes, expected and got; empty without one."""
    if mismatch is None:
        return ""
    m = mismatch
    where = f"chiplet {m['chiplet']}, queue {m['queue_name']}, command {m['number']}"
    values = f"signature {m['got']:08x}, expected {m['expected']:08x}"
    posted = by_queue(records)[m["chiplet"]][m["queue"]]
    if m["number"] >= len(posted):
        return f"{where}: no such command was expected"
    command = posted[m["number"]].command
    if command is None:
        return f"{where} (a packet): {values}"
    address = {"ve": "d", "mac": "dst", "load": "stash", "send": "dst"}.get(command.name)
    tensors = {"column": "the K cache", "row": "the V cache", "weights": "weights",
               "store": "memory", "sync": "nothing"}
    tensor = plan.buffer_at(getattr(command, address)) if address else tensors[command.name]
    return f"{where} ({command}, writes {tensor}): {values}"
