# SPDX-License-Identifier: Apache-2.0
"""What host and firmware do, on the command-level simulator: boot, prefill, greedy decode.

The C program (firmware/) does the same, command for command, so its completion records are these.
Management messages and the host's mailbox have no commands and are left out: every chiplet's
firmware is given the request.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Sequence

import numpy as np

from models import fp32
from models.chiplet import Chiplet
from models.commands import Command, queue_number
from models.config import Config
from models.csim import Dispatcher, Package, Policy, Record, in_order
from models.errors import Code
from models.image import HEADER_WORDS, Image, ImageError, Kind

Firmware = Generator[None, None, list[int]]
DMA = queue_number("dma")


@dataclasses.dataclass(frozen=True)
class Request:
    """Prompt, the most tokens to generate, and the token after which to stop before that."""

    prompt: Sequence[int]
    new_tokens: int
    end_token: int | None = None


@dataclasses.dataclass(frozen=True)
class Run:
    """Result of a run: new tokens of all requests, completion records per chiplet (in order within
    each queue), logits float32 [new tokens, vocab] if asked for, and the package as it was left."""

    tokens: list[int]
    records: list[list[Record]]
    logits: np.ndarray | None
    package: Package


class RequestError(ValueError):
    """A request that cannot be served (code REQUEST)."""

    code = Code.REQUEST


def run(images: Sequence[Image], config: Config, prompt: Sequence[int], new_tokens: int, *,
        end_token: int | None = None, policy: Policy = in_order, poison: bool = False,
        queue_depth: int = 8, want_logits: bool = False, chunk: int | None = None,
        boot_rom: bool = True) -> Run:
    """Boot all chiplets, prefill `prompt`, decode greedily.

    chunk: tokens per run of a step list, at most (and by default) the images' max_tokens.
    boot_rom: include the loads of the boot ROM (header, firmware section).
    Raises RequestError, ImageError, and what Package.run raises.
    """
    return serve(images, config, [Request(prompt, new_tokens, end_token)], policy=policy,
                 poison=poison, queue_depth=queue_depth, want_logits=want_logits, chunk=chunk,
                 boot_rom=boot_rom)


def serve(images: Sequence[Image], config: Config, requests: Sequence[Request], *,
          policy: Policy = in_order, poison: bool = False, queue_depth: int = 8,
          want_logits: bool = False, chunk: int | None = None, boot_rom: bool = True,
          seen: Callable[[], object] = lambda: None) -> Run:
    """As `run`, for several requests one after the other. `seen` is called before each new token
    is taken (on chiplet 0)."""
    for request in requests:
        check_request(images[0], request.prompt, request.new_tokens)
    package = Package(config, [image.beats for image in images], policy=policy, poison=poison,
                      queue_depth=queue_depth)
    logits: list[list[np.ndarray]] = [[] for _ in images]

    def look(chiplet: int) -> None:
        if chiplet == 0:
            seen()
        if want_logits:
            logits[chiplet].append(read_logits(package.chiplets[chiplet], images[chiplet]))

    firmware = [
        chiplet_firmware(d, image, requests, chunk, boot_rom, look)
        for d, image in zip(package.dispatchers, images)
    ]
    tokens = package.run(firmware)
    if any(t != tokens[0] for t in tokens):
        raise AssertionError(f"the chiplets disagree on the tokens: {tokens}")
    if left := package.unconsumed():
        raise AssertionError(f"semaphores are not balanced: {left}")
    together = np.concatenate([np.stack(part) for part in logits], axis=1) if want_logits else None
    return Run(tokens[0], package.records, together, package)


def check_request(image: Image, prompt: Sequence[int], new_tokens: int) -> None:
    """Raise RequestError where the firmware would refuse."""
    if not prompt or new_tokens < 1:
        raise RequestError("a request has at least one prompt token and one new token")
    if len(prompt) + new_tokens - 1 > image.max_positions:
        raise RequestError(f"{len(prompt)} prompt and {new_tokens} new tokens need "
                           f"{len(prompt) + new_tokens - 1} positions of {image.max_positions}")
    for token in prompt:
        if not 0 <= token < image.vocab:
            raise RequestError(f"token {token} is not below {image.vocab}")


def read_logits(chiplet: Chiplet, image: Image) -> np.ndarray:
    """This chiplet's logits, float32 [logits_count], from its products and the final scale.

    Right after the head list: the next step list overwrites them.
    """
    beats = -(-image.logits_count // chiplet.lanes)
    raw = chiplet.data[image.logits_stash : image.logits_stash + beats].view(np.float32)
    return fp32.mul(raw.reshape(-1)[: image.logits_count], chiplet.scalars[image.logits_scalar])


# The firmware of one chiplet; `yield` waits until the chiplet is idle.


def chiplet_firmware(d: Dispatcher, image: Image, requests: Sequence[Request], chunk: int | None,
                     boot_rom: bool, look: Callable[[int], None]) -> Firmware:
    if boot_rom:
        yield from _boot(d, image)
    yield from _verify_sections(d, image)
    d.signature_sum = 0
    yield from _run_list(d, image, Kind.LOAD_LIST)
    _expect(d, image.load_signature, "weights")

    most = min(chunk or image.max_tokens, image.max_tokens)
    out: list[int] = []
    for request in requests:
        out += yield from _serve(d, image, request, most, look)
    return out


def _serve(d: Dispatcher, image: Image, request: Request, most: int,
           look: Callable[[int], None]) -> Firmware:
    """One request, at most `most` tokens of it by one step list; returns its new tokens."""
    position, out = 0, []
    while position < len(request.prompt):
        step = image.next_step(min(most, len(request.prompt) - position))
        tokens = request.prompt[position : position + step.tokens]
        yield from _run_step(d, image, position, tokens)
        position += len(tokens)
    while True:
        yield from _run_list(d, image, Kind.HEAD_LIST)
        look(image.chiplet)
        token = _sample(d, image)
        out.append(token)
        if len(out) == request.new_tokens or token == request.end_token:
            return out
        yield from _run_step(d, image, position, [token])
        position += 1


def _load(d: Dispatcher, mem: int, stash: int, count: int) -> None:
    d.push(Command("load", DMA, {"mem": mem, "stash": stash, "rows": 1, "count": count}))


def _expect(d: Dispatcher, signature: int, what: str) -> None:
    if d.signature_sum != signature & 0xFFFFFFFF:
        raise ImageError(f"chiplet {d.chiplet.index}: {what} corrupt: signature "
                         f"{d.signature_sum:#010x}, expected {signature & 0xFFFFFFFF:#010x}")


def _chunks(first: int, count: int, size: int) -> list[tuple[int, int]]:
    return [(at, min(size, first + count - at)) for at in range(first, first + count, size)]


def _boot(d: Dispatcher, image: Image) -> Generator[None, None, None]:
    """Boot ROM: header to stash beat 0, firmware section through the stash behind it."""
    header = -(-4 * HEADER_WORDS // d.chiplet.block)
    _load(d, 0, 0, header)
    yield
    firmware = image.sections[Kind.FIRMWARE]
    d.signature_sum = 0
    for at, count in _chunks(firmware.first, firmware.beats, image.scratch_beats):
        _load(d, at, header, count)
        yield
    _expect(d, firmware.signature, "firmware")


def _verify_sections(d: Dispatcher, image: Image) -> Generator[None, None, None]:
    """Raw loads of every section that is not lazy, in order of the table, to the scratch area."""
    for section in sorted(image.sections.values(), key=lambda s: s.kind):
        if section.lazy:
            continue
        d.signature_sum = 0
        for at, count in _chunks(section.first, section.beats, image.scratch_beats):
            _load(d, at, image.scratch_stash, count)
        yield
        _expect(d, section.signature, f"section {section.kind.name}")


def _run_list(d: Dispatcher, image: Image, kind: Kind) -> Generator[None, None, None]:
    section = image.sections[kind]
    d.start(section.first, section.beats)
    yield


def _run_step(d: Dispatcher, image: Image, position: int,
              tokens: Sequence[int]) -> Generator[None, None, None]:
    """Embedding rows of the tokens to x, checked against their signatures; then a step list."""
    words = d.chiplet.block // 4
    for i, token in enumerate(tokens):
        _load(d, image.embed_signatures_mem + token // words, image.scratch_stash + i, 1)
    yield
    table = d.chiplet.data[image.scratch_stash : image.scratch_stash + len(tokens)].view("<u4")
    expected = sum(int(table[i, token % words]) for i, token in enumerate(tokens))
    d.signature_sum = 0
    for i, token in enumerate(tokens):
        _load(d, image.embed_mem + token * image.embed_beats,
              image.x_stash + i * image.embed_beats, image.embed_beats)
    yield
    _expect(d, expected, f"embedding of tokens {list(tokens)}")
    step = image.next_step(len(tokens))
    d.base[1:6] = image.base_registers(position, step)
    yield from _run_list(d, image, step.kind)


def _sample(d: Dispatcher, image: Image) -> int:
    """Token of the best argmax beat: a NaN, else the highest value; then the lowest index."""
    slots = [c for c in range(image.n_chiplets) if image.argmax_mask >> c & 1]
    beats = [d.chiplet.data[image.argmax_stash + c] for c in slots]
    found = [(float(b.view(np.float32)[0]), int(b.view("<u4")[1])) for b in beats]
    return min((0.0, i) if np.isnan(v) else (1.0, -v, i) for v, i in found)[-1]
