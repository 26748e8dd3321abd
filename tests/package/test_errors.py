# SPDX-License-Identifier: Apache-2.0
"""What goes wrong is caught and named: wrong bits, corrupt images, bad commands, hung waits."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models import image as image_format
from models.commands import Command, queue_number
from models.compiler import make_plan
from models.image import Image, Kind
from tb.package import expectation
from tb.package.session import Job, simulate_package
from tests.package.support import WORK

WATCHDOG = 20_000


def patched(image: Image, kind: Kind, beats: np.ndarray) -> Image:
    """The image with the contents of one section replaced, all checks made anew."""
    header = {k: v for k, v in image.header.items()
              if k not in ("magic", "version", "total_words", "total_beats", "n_sections")}
    header["watchdog"] = WATCHDOG
    order = sorted(image.sections.values(), key=lambda s: s.first)
    sections = {s.kind: image.section(s.kind) for s in order}
    sections[kind] = beats
    return image_format.build(header, sections,
                              signatures={Kind.WEIGHTS: image.sections[Kind.WEIGHTS].signature})


def flipped(memory: bytes, byte: int, bit: int = 0) -> bytes:
    """Memory contents with one bit turned over."""
    return memory[:byte] + bytes([memory[byte] ^ 1 << bit]) + memory[byte + 1:]


def contents(images: list[Image]) -> list[bytes]:
    return [image.beats.tobytes() for image in images]


# Wrong bits


def test_expected_signature_with_a_wrong_bit_is_named(short_run, tracer):
    """The checker stops at exactly the record whose expectation was changed."""
    built, golden, prompt, new = short_run
    records = [list(posted) for posted in golden.records]
    at = next(i for i, r in enumerate(records[1]) if r.queue == 0 and r.sequence == 25)
    records[1][at] = dataclasses.replace(records[1][at], signature=records[1][at].signature ^ 4)
    result = simulate_package(tracer, built, records, Job([(prompt, new)]), work=WORK / "expected")
    m = result.first_mismatch
    assert (m["chiplet"], m["queue"], m["number"]) == (1, 0, 25)
    assert m["got"] == m["expected"] ^ 4


def test_weight_with_a_wrong_bit_in_the_array_is_named(stories, short_run, tracer):
    """A bit of macro 0 turned over after loading: the first wrong command is a product of that
    macro, before any other command is wrong."""
    built, golden, prompt, new = short_run
    clean = simulate_package(tracer, built, golden.records, Job([(prompt, new)]),
                             work=WORK / "clean")
    settings = {"flip_target": 2, "flip_cycle": clean.ready_cycle, "flip_address": 5}
    result = simulate_package(tracer, built, golden.records, Job([(prompt, new)], settings),
                              work=WORK / "weight")
    text = expectation.describe(result.first_mismatch, golden.records,
                                make_plan(stories[0].config, tracer))
    assert text.startswith("chiplet 0, queue macro0") and "writes qkv" in text


def test_activation_with_a_wrong_bit_in_the_stash_is_named(stories, short_run, tracer):
    """A mantissa bit of the residual stream turned over between two of its uses: the norm has read
    it, and the sum that reads it next waits for a product."""
    built, golden, prompt, new = short_run
    plan = make_plan(stories[0].config, tracer)
    trace = WORK / "clean.trace"
    clean = simulate_package(tracer, built, golden.records, Job([(prompt, new)]),
                             work=WORK / "clean", trace=trace)
    ve = queue_number("ve")
    lines = [[int(word) for word in line.split()[:3]] for line in trace.read_text().splitlines()]
    done = [cycle for cycle, chiplet, queue in lines if (chiplet, queue) == (0, ve)]
    posted = expectation.by_queue(golden.records)[0][ve]
    sums = [n for n, record in enumerate(posted)
            if record.command.name == "ve" and plan.buffer_at(record.command.d) == "x"]
    before = next(done[n - 1] for n in sums if done[n - 1] > clean.token_cycles[0])
    settings = {"flip_target": 1, "flip_cycle": before + 1, "flip_address": built[0].x_stash,
                "flip_bit": 20}
    result = simulate_package(tracer, built, golden.records, Job([(prompt, new)], settings),
                              work=WORK / "activation")
    text = expectation.describe(result.first_mismatch, golden.records, plan)
    assert text.startswith("chiplet 0, queue ve") and "writes x" in text


def test_flit_with_a_wrong_bit_is_sent_again(short_run, tracer):
    """One bit of one data phit in flight: one replay, nothing else changes."""
    built, golden, prompt, new = short_run
    settings = {"inject_enable": 1, "inject_index": 1, "inject_phit": 520, "inject_bit": 77}
    result = simulate_package(tracer, built, golden.records, Job([(prompt, new)], settings),
                              work=WORK / "flit")
    assert result.errors == [] and result.mismatches == 0 and result.tokens == golden.tokens
    assert sum(result.link_replays) == 1


# Corrupt images


def one_error(tracer, short_run, memories, work) -> str:
    built, golden, prompt, new = short_run
    result = simulate_package(tracer, built, golden.records, Job([(prompt, new)], check=False),
                              memories=memories, work=WORK / work)
    assert result.tokens == [] and result.status == "error"
    (error,) = result.errors
    return error


@pytest.mark.parametrize("chiplet", [0, 1])
def test_header_with_a_wrong_bit(chiplet, short_run, tracer):
    """Caught by the boot ROM of the chiplet concerned."""
    memories = contents(short_run[0])
    memories[chiplet] = flipped(memories[chiplet], 4 * 20, 3)
    error = one_error(tracer, short_run, memories, f"header{chiplet}")
    assert error.startswith(f"chiplet {chiplet} reports IMAGE, info {image_format.CRC_AT:#x}")


def test_image_for_another_configuration(short_run, tracer):
    """The header is sound, but says that the chiplet has another number of sets."""
    built = short_run[0]
    other = dataclasses.replace(built[0], header={**built[0].header, "sets": 64})
    memories = [patched(other, Kind.STEP_LIST, built[0].section(Kind.STEP_LIST)).beats.tobytes(),
                built[1].beats.tobytes()]
    at = list(image_format.FIELDS).index("sets")
    error = one_error(tracer, short_run, memories, "config")
    assert error.startswith(f"chiplet 0 reports CONFIG, info {at:#x}")


@pytest.mark.parametrize("kind", [Kind.FIRMWARE, Kind.STEP_LIST, Kind.TABLES, Kind.WEIGHTS])
def test_section_with_a_wrong_bit(kind, short_run, tracer):
    """Caught where the section is checked; the error says which section of the table."""
    built = short_run[0]
    table = sorted(built[1].sections)
    block = tracer.block
    memories = contents(built)
    memories[1] = flipped(memories[1], built[1].sections[kind].first * block + 9, 6)
    number = len(table) if kind == Kind.WEIGHTS else table.index(kind)
    error = one_error(tracer, short_run, memories, f"section{kind}")
    assert error.startswith(f"chiplet 1 reports IMAGE, info {number:#x}")


def test_truncated_image(short_run, tracer):
    """The memory ends before the lists: they read as zeros."""
    built = short_run[0]
    memories = contents(built)
    memories[0] = memories[0][: built[0].sections[Kind.LOAD_LIST].first * tracer.block]
    error = one_error(tracer, short_run, memories, "truncated")
    assert error.startswith("chiplet 0 reports IMAGE")


# Bad commands, hung waits, bad requests


def run_list(tracer, short_run, chiplet: int, command: Command | bytes, work: str, **job):
    """A run whose step list on one chiplet begins with another command."""
    built, golden, prompt, new = short_run
    block = tracer.block
    raw = command if isinstance(command, bytes) else command.encode()
    old = built[chiplet].section(Kind.STEP_LIST).tobytes()
    images = [patched(i, Kind.STEP_LIST, i.section(Kind.STEP_LIST)) for i in built]
    images[chiplet] = patched(built[chiplet], Kind.STEP_LIST,
                              image_format.to_beats(raw + old, block))
    return simulate_package(tracer, images, golden.records,
                            Job([(prompt, new)], check=False, **job), work=WORK / work)


def test_illegal_opcode(short_run, tracer):
    """Opcode 9 in the queue of macro 1."""
    bad = bytes([9 | 5 << 4]) + bytes(31)
    result = run_list(tracer, short_run, 0, bad, "opcode")
    (error,) = result.errors
    assert error.startswith("chiplet 0 reports ILLEGAL") and "queue macro1, opcode 9" in error


def test_address_beyond_the_stash(short_run, tracer):
    """A load whose last beat does not exist; reported by the other chiplet through chiplet 0."""
    load = Command("load", queue_number("dma"), {"rows": 1, "count": 2,
                                                 "stash": tracer.stash_beats - 1})
    result = run_list(tracer, short_run, 1, load, "address")
    (error,) = result.errors
    assert error.startswith("chiplet 1 reports ADDRESS") and "queue dma, opcode 1" in error


def test_memory_beyond_the_end(short_run, tracer):
    """An AXI error response."""
    load = Command("load", queue_number("dma"), {"rows": 1, "count": 1, "mem": 0x3FFFFFF})
    result = run_list(tracer, short_run, 0, load, "memory")
    (error,) = result.errors
    assert error.startswith("chiplet 0 reports MEMORY") and "queue dma" in error


def test_embedding_beyond_the_memory(short_run, tracer):
    """The firmware's own loads fail while it still has more to push: reported, not waited for."""
    built, golden, prompt, new = short_run
    header = {**built[0].header, "embed_mem": 0x3FFFFF0}
    far = patched(dataclasses.replace(built[0], header=header), Kind.STEP_LIST,
                  built[0].section(Kind.STEP_LIST))
    result = simulate_package(tracer, [far, built[1]], golden.records,
                              Job([(prompt, new)], check=False), work=WORK / "embedding")
    (error,) = result.errors
    assert error.startswith("chiplet 0 reports MEMORY") and "queue dma, opcode 1" in error


def test_hung_semaphore_names_who_waits_for_whom_and_a_reboot_recovers(short_run, tracer):
    """MOVE waits for a signal that DMA never gives, and everything else for MOVE. After the error
    the host rings the doorbell, the chip boots again from its image and is ready for a request."""
    wait = Command("sync", queue_number("move"), {"wait_first": queue_number("dma"),
                                                  "wait_count": 1})
    result = run_list(tracer, short_run, 0, wait, "hung", reboot=True)
    (error,) = result.errors
    assert error.startswith("chiplet 0 reports HUNG") and "queue move waits for dma" in error
    assert result.status == "ready"


def test_cut_link_is_reported(short_run, tracer):
    """Nothing comes through from chiplet 0 to chiplet 1."""
    built, golden, prompt, new = short_run
    result = simulate_package(tracer, built, golden.records,
                              Job([(prompt, new)], {"cut": 1, "inject_index": 1}, check=False),
                              work=WORK / "cut")
    (error,) = result.errors
    assert "reports LINK" in error


def test_requests_that_cannot_be_served_leave_the_chip_usable(short_run, tracer):
    """Too many tokens, no token, an id beyond the vocabulary; then a good request."""
    built, golden, prompt, new = short_run
    most = built[0].max_positions
    vocab = built[0].vocab
    requests = [(prompt, most), ([], 1), ([vocab], 1), (prompt, new)]
    result = simulate_package(tracer, built, golden.records, Job(requests), work=WORK / "requests")
    assert len(result.errors) == 3
    assert all("REQUEST" in error for error in result.errors)
    assert result.tokens == golden.tokens and result.mismatches == 0
    assert result.checked == sum(map(len, golden.records))
