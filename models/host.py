# SPDX-License-Identifier: Apache-2.0
"""What host and firmware do, on the command-level simulator: boot, prefill, greedy decode.

The C program (firmware/) does the same, command for command, so its completion records are these.
Management messages and the host's mailbox have no commands and are left out: every chiplet's
firmware is given the request.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Generator, Sequence

import numpy as np

from models import fp32
from models.chiplet import Chiplet
from models.commands import Command, queue_number
from models.config import Config
from models.csim import Dispatcher, Package, Policy, Record, in_order
from models.errors import Code
from models.image import BATCH_LISTS, HEADER_WORDS, NO_SCALAR, Image, ImageError, Kind

Firmware = Generator[None, None, list[int]]
DMA = queue_number("dma")


@dataclasses.dataclass(frozen=True)
class Request:
    """Prompt, the most tokens to generate, and the token after which to stop before that."""

    prompt: Sequence[int]
    new_tokens: int
    end_token: int | None = None


SEQUENCE = 24
"""Bit from which on an output word of a batch holds the number of its sequence, and the first word
of a request its kind."""
NO_END = 0xFFFFFFFF


def words(batch: Sequence[Request]) -> list[int]:
    """Request words of several sequences, as the host writes them."""
    heads = [(len(r.prompt), r.new_tokens, NO_END if r.end_token is None else r.end_token)
             for r in batch]
    return [1 << SEQUENCE | len(batch), *itertools.chain(*heads, *(r.prompt for r in batch))]


def by_sequence(words: Sequence[int], sequences: int) -> list[list[int]]:
    """Tokens of each sequence from the output words of a batch."""
    return [[w & (1 << SEQUENCE) - 1 for w in words if w >> SEQUENCE == s]
            for s in range(sequences)]


@dataclasses.dataclass(frozen=True)
class Run:
    """Result of a run: output words of all requests (new tokens, in a batch with the number of the
    sequence), completion records per chiplet (in order within each queue), logits float32 [output
    words, vocab] if asked for, and the package as it was left."""

    tokens: list[int]
    records: list[list[Record]]
    logits: np.ndarray | None
    package: Package


def embed(images: Sequence[Image], config: Config, tokens: Sequence[int], **options) -> np.ndarray:
    """Unit vector float32 [dim] of one sequence from an encoder's images; options as of `run`."""
    words = run(images, config, tokens, images[0].embedding_words, **options).tokens
    return np.array(words, "<u4").view(np.float32)


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


def serve(images: Sequence[Image], config: Config,
          requests: Sequence[Request | Sequence[Request]], *,
          policy: Policy = in_order, poison: bool = False, queue_depth: int = 8,
          want_logits: bool = False, chunk: int | None = None, boot_rom: bool = True,
          seen: Callable[[], object] = lambda: None,
          prepare: Callable[[Package], object] = lambda package: None) -> Run:
    """As `run`, for several requests or batches of them, one after the other. `seen` is called
    before each new token is taken (on chiplet 0), `prepare` with the package before it boots."""
    batches = [[r] if isinstance(r, Request) else list(r) for r in requests]
    for batch in batches:
        check_batch(images[0], batch)
    package = Package(config, [image.beats for image in images], policy=policy, poison=poison,
                      queue_depth=queue_depth)
    prepare(package)
    logits: list[list[np.ndarray]] = [[] for _ in images]

    def look(chiplet: int) -> None:
        if chiplet == 0:
            seen()
        if want_logits:
            logits[chiplet].append(read_logits(package.chiplets[chiplet], images[chiplet]))

    firmware = [
        chiplet_firmware(d, image, batches, chunk, boot_rom, look)
        for d, image in zip(package.dispatchers, images)
    ]
    tokens = package.run(firmware)
    if not images[0].embedding_words and any(t != tokens[0] for t in tokens):
        raise AssertionError(f"the chiplets disagree on the tokens: {tokens}")
    if left := package.unconsumed():
        raise AssertionError(f"semaphores are not balanced: {left}")
    together = np.concatenate([np.stack(part) for part in logits], axis=1) if want_logits else None
    return Run(tokens[0], package.records, together, package)


def check_batch(image: Image, batch: Sequence[Request]) -> None:
    """Raise RequestError where the firmware would refuse."""
    if not 1 <= len(batch) <= image.batch:
        raise RequestError(f"a batch of {len(batch)}, the image is made for {image.batch}")
    for request in batch:
        check_request(image, request.prompt, request.new_tokens)


def check_request(image: Image, prompt: Sequence[int], new_tokens: int) -> None:
    """Raise RequestError where the firmware would refuse."""
    if image.embedding_words:
        if new_tokens > image.embedding_words:
            raise RequestError(f"{new_tokens} words asked for, an embedding "
                               f"has {image.embedding_words}")
        new_positions = 0
    else:
        new_positions = new_tokens - 1
    if not prompt or new_tokens < 1:
        raise RequestError("a request has at least one prompt token and one new token")
    if len(prompt) + new_positions > image.max_positions:
        raise RequestError(f"{len(prompt)} prompt and {new_positions + 1} new tokens need "
                           f"{len(prompt) + new_positions} positions of {image.max_positions}")
    for token in prompt:
        if not 0 <= token < image.vocab:
            raise RequestError(f"token {token} is not below {image.vocab}")


def read_logits(chiplet: Chiplet, image: Image) -> np.ndarray:
    """This chiplet's logits, float32 [logits_count], from its products and the final scale.

    Right after the head list: the next step list overwrites them.
    """
    beats = -(-image.logits_count // chiplet.lanes)
    raw = chiplet.data[image.logits_stash : image.logits_stash + beats].view(np.float32)
    logits = raw.reshape(-1)[: image.logits_count]
    if image.logits_scalar == NO_SCALAR:
        return logits.copy()
    return fp32.mul(logits, chiplet.scalars[image.logits_scalar])


# The firmware of one chiplet; `yield` waits until the chiplet is idle.


def chiplet_firmware(d: Dispatcher, image: Image, batches: Sequence[Sequence[Request]],
                     chunk: int | None, boot_rom: bool, look: Callable[[int], None]) -> Firmware:
    if boot_rom:
        yield from _boot(d, image)
    yield from _verify_sections(d, image)
    d.signature_sum = 0
    yield from _run_list(d, image, Kind.LOAD_LIST)
    _expect(d, image.load_signature, "weights")

    most = min(chunk or image.max_tokens, image.max_tokens)
    out: list[int] = []
    for batch in batches:
        out += yield from _Serving(d, image, batch, most, look).run()
    return out


@dataclasses.dataclass
class _Sequence:
    """A sequence of a batch: the token that goes, or went last, through the layers, and where."""

    request: Request
    token: int = 0
    position: int = 0
    left: int = 0


class _Serving:
    """A batch, sequence s in slot s of the KV cache."""

    def __init__(self, d: Dispatcher, image: Image, batch: Sequence[Request], most: int,
                 look: Callable[[int], None]) -> None:
        self.d, self.image, self.most, self.look = d, image, most, look
        self.sequences = [_Sequence(request) for request in batch]
        self.out: list[int] = []

    def run(self) -> Generator[None, None, list[int]]:
        """Prefill one after the other, then decode together; returns the output words."""
        if self.image.embedding_words:
            return (yield from self._embedding())
        for s, sequence in enumerate(self.sequences):
            row = yield from self._prefill(s, sequence)
            yield from self._sample(s, row)
        while live := [s for s, sequence in enumerate(self.sequences) if sequence.left]:
            if len(live) == 1:
                sequence = self.sequences[live[0]]
                yield from _run_step(self.d, self.image, sequence.position, [sequence.token],
                                     live[0])
                yield from self._sample(live[0], 0)
                continue
            size = min(n for n in BATCH_LISTS if n > live[-1])
            slots = [*self.sequences, *[_Sequence(Request([0], 1))] * size][:size]
            yield from _embed(self.d, self.image, [sequence.token for sequence in slots])
            self.d.base[8 : 8 + size] = [sequence.position for sequence in slots]
            yield from _run_list(self.d, self.image, BATCH_LISTS[size])
            for s in live:
                yield from self._sample(s, s)
        return self.out

    def _embedding(self) -> Generator[None, None, list[int]]:
        """The sequence through an encoder; chiplet 0 returns the words that were asked for."""
        request = self.sequences[0].request
        yield from _run_step(self.d, self.image, 0, request.prompt, 0)
        yield from _run_list(self.d, self.image, Kind.HEAD_LIST)
        if self.image.chiplet:
            return []
        beats = self.d.chiplet.data[self.image.embedding_stash :][: self.image.embed_beats]
        return beats.view("<u4").reshape(-1)[: request.new_tokens].tolist()

    def _prefill(self, slot: int, sequence: _Sequence) -> Generator[None, None, int]:
        """At most `most` tokens by one step list; returns the row of x of the last token."""
        prompt, position, row = sequence.request.prompt, 0, 0
        while position < len(prompt):
            step = self.image.next_step(min(self.most, len(prompt) - position))
            tokens = prompt[position : position + step.tokens]
            yield from _run_step(self.d, self.image, position, tokens, slot)
            position, row = position + len(tokens), len(tokens) - 1
        sequence.token, sequence.position = prompt[-1], position - 1
        sequence.left = sequence.request.new_tokens
        return row

    def _sample(self, s: int, row: int) -> Generator[None, None, None]:
        """The next token of a sequence, from a row of x."""
        self.d.base[5] = row * self.image.embed_beats
        self.d.base[6] = s * self.image.n_chiplets
        yield from _run_list(self.d, self.image, Kind.HEAD_LIST)
        self.look(self.image.chiplet)
        sequence, token = self.sequences[s], _sample(self.d, self.image, s)
        self.out.append(s << SEQUENCE | token)
        sequence.left -= 1
        if token == sequence.request.end_token:
            sequence.left = 0
        if sequence.left:
            sequence.token, sequence.position = token, sequence.position + 1


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


def _embed(d: Dispatcher, image: Image,
           tokens: Sequence[int]) -> Generator[None, None, None]:
    """Embedding rows of the tokens to x, each with the beat that makes its signature the token."""
    d.signature_sum = 0
    row = image.embed_beats
    for i, token in enumerate(tokens):
        _load(d, image.embed_mem + token * (row + 1), image.x_stash + i * row, row + 1)
    yield
    _expect(d, sum(tokens), f"embedding of tokens {list(tokens)}")


def _run_step(d: Dispatcher, image: Image, position: int, tokens: Sequence[int],
              slot: int) -> Generator[None, None, None]:
    """Embedding rows, then a step list."""
    step = image.next_step(len(tokens))
    yield from _embed(d, image, [*tokens, *[0] * step.padding])
    d.base[1:8] = image.base_registers(position, step, slot)
    yield from _run_list(d, image, step.kind)


def _sample(d: Dispatcher, image: Image, sequence: int) -> int:
    """Token of the best argmax beat: a NaN, else the highest value; then the lowest index."""
    slots = [c for c in range(image.n_chiplets) if image.argmax_mask >> c & 1]
    first = image.argmax_stash + sequence * image.n_chiplets
    beats = [d.chiplet.data[first + c] for c in slots]
    found = [(float(b.view(np.float32)[0]), int(b.view("<u4")[1])) for b in beats]
    return min((0.0, i) if np.isnan(v) else (1.0, -v, i) for v, i in found)[-1]
