# SPDX-License-Identifier: Apache-2.0
"""The image in a chiplet's memory: header words, sections, and what the firmware needs to know.

The one source of the header's layout: builder and parser use it, and `c_header` makes the
firmware's image.h from it. Everything is little-endian; addresses and sizes are beats of BLOCK
bytes from the start of the memory. docs/image.md is the page.
"""

from __future__ import annotations

import dataclasses
import enum
import zlib

import numpy as np

from models.signature import array_signature

MAGIC = 0x41525354
VERSION = 3
HEADER_WORDS = 128
MAX_SECTIONS = 17
SECTION_WORDS = 5
FIRMWARE_BYTES = 60 * 1024
WATCHDOG = 1_000_000
NO_SCALAR = 1024

FIELDS: dict[str, str] = {
    "magic": "ASCII TSRA",
    "version": "of this layout",
    "total_words": "words of the header, its CRC included",
    "total_beats": "beats of the whole image",
    "block": "BLOCK of the configuration: bytes of a beat",
    "n_chiplets": "chiplets of the package",
    "chiplet": "chiplet that this image is for",
    "n_macros": "macros per chiplet",
    "sets": "weight sets per macro",
    "stash_beats": "stash size",
    "chunk_tokens": "tokens of a full chunk",
    "max_tokens": "most tokens of one run of a step list: chunks of the longest one, all full",
    "max_positions": "most tokens of a sequence",
    "vocab": "token ids are below this",
    "x_stash": "stash beat of the residual stream: row t is token t of the list",
    "embed_beats": "beats of a row of it, and of an embedding row in memory",
    "embed_mem": "memory beat of embedding row 0; a row is followed by the beat that seals it",
    "batch": "sequences that can be decoded together, 1, 2, 4 or 8: slots of the KV cache",
    "slot_positions": "positions of a slot",
    "slot_blocks": "the same in blocks of BLOCK",
    "slot_k_sets": "sets of a K cache in a slot",
    "scratch_stash": "first stash beat of the area for checks, free whenever no list runs",
    "scratch_beats": "size of that area",
    "load_signature": "SIGNATURE_SUM of the load list",
    "argmax_stash": "stash beat of chiplet 0's argmax {fp32 value, token id} for sequence 0; the "
                    "other chiplets' follow, then the same for each sequence of a batch",
    "argmax_mask": "chiplets that have an argmax",
    "logits_stash": "stash beat of this chiplet's products before the final scale, fp32",
    "logits_first": "token id of the first of them",
    "logits_count": "number of them",
    "logits_scalar": "entry of the scalar file that scales them to logits; 1024: they are logits",
    "embedding_stash": "stash beat of the embedding that the head list of an encoder makes",
    "embedding_words": "fp32 words of it; 0: the model is a decoder and answers with tokens",
    "layers": "transformer layers in the step list",
    "watchdog": "cycles without progress after which a wait is an error HUNG",
    "n_sections": "entries of the section table that are used",
}
SECTION_FIELDS: dict[str, str] = {
    "kind": "what it is",
    "beat": "first memory beat",
    "beats": "length, may be 0",
    "signature": "sum of the signatures of raw loads of it, scratch_beats at a time",
    "lazy": "1: not checked at boot (weights: load_signature; embedding: its signatures)",
}
SECTIONS_AT = len(FIELDS)
CRC_AT = HEADER_WORDS - 1


class Kind(enum.IntEnum):
    """Kinds of section."""

    FIRMWARE = 1
    LOAD_LIST = 2
    STEP_LIST = 3
    HEAD_LIST = 4
    TABLES = 5
    EMBEDDING = 6
    WEIGHTS = 7
    STEP_LIST_2 = 8
    STEP_LIST_4 = 9
    STEP_LIST_8 = 10
    STEP_LIST_16 = 11
    STEP_LIST_32 = 12
    STEP_LIST_64 = 13
    STEP_LIST_128 = 14
    BATCH_LIST_2 = 15
    BATCH_LIST_4 = 16
    BATCH_LIST_8 = 17


LAZY = (Kind.EMBEDDING, Kind.WEIGHTS)
STEP_LISTS = (Kind.STEP_LIST, *(k for k in Kind if k.name.startswith("STEP_LIST_")))
"""Step lists of 1, 2, 4, ... chunks; an image has the first few of them."""
BATCH_LISTS = {2: Kind.BATCH_LIST_2, 4: Kind.BATCH_LIST_4, 8: Kind.BATCH_LIST_8}
"""Batch lists by their number of slots; an image has those up to its `batch`."""


class ImageError(ValueError):
    """An image that cannot be built, or that is not one; the text says which part."""


@dataclasses.dataclass(frozen=True)
class Section:
    """One entry of the section table."""

    kind: Kind
    first: int
    beats: int
    signature: int
    lazy: bool


@dataclasses.dataclass(frozen=True)
class Step:
    """A run of a step list: which one, how many tokens it takes, and rows of its last chunk. In an
    encoder more rows than tokens may be there to be filled: `padding`."""

    kind: Kind
    tokens: int
    last: int
    padding: int = 0


@dataclasses.dataclass(frozen=True)
class Image:
    """Header words by name, section table, and the whole image uint8 [beats, block]."""

    header: dict[str, int]
    sections: dict[Kind, Section]
    beats: np.ndarray

    def __getattr__(self, name: str) -> int:
        if name.startswith("_") or name not in FIELDS:
            raise AttributeError(name)
        return self.header[name]

    def section(self, kind: Kind) -> np.ndarray:
        """Beats of a section."""
        s = self.sections[kind]
        return self.beats[s.first : s.first + s.beats]

    def next_step(self, tokens: int) -> Step:
        """The longest step list of which the next `tokens` tokens fill all chunks but the last; in
        an encoder the shortest that takes them all."""
        chunk = self.chunk_tokens
        if self.embedding_words:
            kind, chunks = next(s for s in step_lists(self.max_tokens // chunk)
                                if s[1] * chunk >= tokens)
            rows = max(tokens, (chunks - 1) * chunk + 1)
            return Step(kind, tokens, rows - (chunks - 1) * chunk, rows - tokens)
        lists = [(kind, n) for kind, n in step_lists(self.max_tokens // chunk)
                 if (n - 1) * chunk < tokens]
        kind, chunks = lists[-1]
        taken = min(tokens, chunks * chunk)
        return Step(kind, taken, taken - (chunks - 1) * chunk)

    def base_registers(self, position: int, step: Step, slot: int = 0) -> list[int]:
        """r1 to r7 for a step list from `position` on (models/compiler/pipeline.py)."""
        return [position, step.last, position + step.tokens, slot * self.slot_positions + position,
                (step.tokens - 1) * self.embed_beats, slot * self.slot_blocks,
                slot * self.slot_k_sets]


def step_lists(chunks: int) -> list[tuple[Kind, int]]:
    """The step lists of an image whose longest one has `chunks` chunks: kind and chunks of each."""
    return [(kind, 1 << i) for i, kind in enumerate(STEP_LISTS) if 1 << i <= chunks]


def to_beats(data: bytes | np.ndarray, block: int) -> np.ndarray:
    """Bytes zero-padded to whole beats, uint8 [beats, block]."""
    raw = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    raw = np.ascontiguousarray(raw).view(np.uint8).reshape(-1)
    pad = -raw.size % block
    if pad:
        raw = np.concatenate([raw, np.zeros(pad, np.uint8)])
    return raw.reshape(-1, block)


def join(parts: list[np.ndarray], block: int) -> np.ndarray:
    """Beats one after another."""
    return np.concatenate([np.zeros((0, block), np.uint8), *parts])


def section_signature(beats: np.ndarray, chunk: int) -> int:
    """Sum of the signatures of raw loads of `beats` [n, block], `chunk` beats each."""
    total = 0
    for at in range(0, len(beats), chunk):
        part = beats[at : at + chunk]
        total += array_signature(np.arange(len(part)), part, np.zeros((len(part), 2), np.uint8))
    return total & 0xFFFFFFFF


def mx_beats(q: np.ndarray, e: np.ndarray, block: int) -> np.ndarray:
    """An MX tensor as it lies in memory: q int8 [n, block], e uint8 [n] -> uint8 [beats, block].

    Groups of block/2 data beats, each followed by a beat of their exponents (2 bytes per beat).
    """
    group = block // 2
    n = len(q)
    j = np.arange(n)
    out = np.zeros((n + -(-n // group), block), np.uint8)
    out[j + j // group] = np.asarray(q).view(np.uint8)
    at = np.minimum((j // group + 1) * (group + 1) - 1, len(out) - 1)
    out[at, 2 * (j % group)] = e
    out[at, 2 * (j % group) + 1] = e
    return out


def layout(block: int, sizes: dict[Kind, int]) -> dict[Kind, int]:
    """First memory beat of each section from the sections' sizes in beats, in order."""
    at = -(-4 * HEADER_WORDS // block)
    first = {}
    for kind, size in sizes.items():
        first[kind] = at
        at += size
    return first


def build(header: dict[str, int], sections: dict[Kind, np.ndarray], *,
          signatures: dict[Kind, int] | None = None) -> Image:
    """Image from header words (shape and model; the rest is filled in) and section contents.

    sections: uint8 [beats, block] each, laid out in order; the table is in order of kind.
    `signatures` gives the word of lazy sections. Raises ImageError where a word is missing,
    unknown or does not fit.
    """
    block = header["block"]
    first = layout(block, {kind: len(s) for kind, s in sections.items()})
    table = {
        kind: Section(
            kind, first[kind], len(s),
            (signatures or {}).get(kind, 0) if kind in LAZY
            else section_signature(s, header["scratch_beats"]),
            kind in LAZY)
        for kind, s in sections.items()
    }
    if Kind.FIRMWARE in sections and sections[Kind.FIRMWARE].size > FIRMWARE_BYTES:
        raise ImageError(f"firmware of {sections[Kind.FIRMWARE].size} bytes, "
                         f"the core takes {FIRMWARE_BYTES}")
    words = {
        **header, "magic": MAGIC, "version": VERSION, "total_words": HEADER_WORDS,
        "n_sections": len(table),
        "total_beats": max(s.first + s.beats for s in table.values()),
    }
    if set(words) != set(FIELDS):
        raise ImageError(f"header words do not agree with the layout: {set(words) ^ set(FIELDS)}")
    raw = np.zeros(HEADER_WORDS, np.int64)
    raw[: SECTIONS_AT] = [words[name] for name in FIELDS]
    for i, s in enumerate(sorted(table.values(), key=lambda s: s.kind)):
        at = SECTIONS_AT + i * SECTION_WORDS
        raw[at : at + SECTION_WORDS] = [s.kind, s.first, s.beats, s.signature, s.lazy]
    if raw.min() < 0 or raw.max() > 0xFFFFFFFF:
        raise ImageError("a header word does not fit 32 bits")
    packed = raw.astype("<u4")
    packed[CRC_AT] = zlib.crc32(packed[:CRC_AT].tobytes())
    beats = join([to_beats(packed.tobytes(), block), *sections.values()], block)
    return Image(words, table, beats)


def with_firmware(image: Image, firmware: bytes) -> Image:
    """The image with another firmware section (the last in memory, the first in the table)."""
    order = sorted(image.sections.values(), key=lambda s: s.first)
    sections = {s.kind: image.section(s.kind) for s in order if s.kind != Kind.FIRMWARE}
    sections[Kind.FIRMWARE] = to_beats(firmware, image.block)
    signatures = {kind: s.signature for kind, s in image.sections.items()}
    return build(image.header, sections, signatures=signatures)


def parse(beats: np.ndarray) -> Image:
    """Image from a memory uint8 [beats, block]; checks what the boot ROM checks, and the
    signatures of the sections that are not lazy. Raises ImageError naming the part at fault."""
    block = beats.shape[1]
    raw = beats.reshape(-1)[: 4 * HEADER_WORDS].tobytes()
    if len(raw) < 4 * HEADER_WORDS:
        raise ImageError(f"{len(beats)} beats hold no header")
    words = np.frombuffer(raw, "<u4").astype(np.int64).tolist()
    header = dict(zip(FIELDS, words))
    if header["magic"] != MAGIC:
        raise ImageError(f"magic is {header['magic']:#010x}, not {MAGIC:#010x}")
    if header["version"] != VERSION or header["total_words"] != HEADER_WORDS:
        raise ImageError(f"version {header['version']} is not {VERSION}")
    if zlib.crc32(raw[: 4 * CRC_AT]) != words[CRC_AT]:
        raise ImageError("CRC of the header does not agree")
    if header["block"] != block:
        raise ImageError(f"made for block {header['block']}, not {block}")
    if header["total_beats"] > len(beats):
        raise ImageError(f"{header['total_beats']} beats expected, {len(beats)} found: truncated")
    sections = {}
    for i in range(header["n_sections"]):
        at = SECTIONS_AT + i * SECTION_WORDS
        kind, first, size, sign, lazy = words[at : at + SECTION_WORDS]
        section = Section(Kind(kind), first, size, sign, bool(lazy))
        content = beats[first : first + size]
        if not lazy and section_signature(content, header["scratch_beats"]) != sign:
            raise ImageError(f"section {section.kind.name} is corrupt")
        sections[section.kind] = section
    return Image(header, sections, beats[: header["total_beats"]])


def c_header() -> str:
    """image.h: word numbers of the header, of a section entry, and the section kinds."""
    lines = [
        "/* Generated from models/image.py */",
        "#ifndef TESSERA_IMAGE_H",
        "#define TESSERA_IMAGE_H",
        "",
        f"#define IMAGE_MAGIC_VALUE 0x{MAGIC:08X}u",
        f"#define IMAGE_VERSION_VALUE {VERSION}u",
        f"#define IMAGE_FIRMWARE_BYTES {FIRMWARE_BYTES} /* longest firmware section */",
        f"#define IMAGE_HEADER_WORDS {HEADER_WORDS}",
        f"#define IMAGE_CRC {CRC_AT} /* CRC-32 of the words before it */",
        "",
        "/* Header words */",
        *(f"#define IMAGE_{name.upper()} {i} /* {text} */"
          for i, (name, text) in enumerate(FIELDS.items())),
        "",
        "/* Section table: entry i begins at word IMAGE_SECTIONS + i * IMAGE_SECTION_WORDS */",
        f"#define IMAGE_SECTIONS {SECTIONS_AT}",
        f"#define IMAGE_SECTION_WORDS {SECTION_WORDS}",
        f"#define IMAGE_MAX_SECTIONS {MAX_SECTIONS}",
        *(f"#define IMAGE_SECTION_{name.upper()} {i} /* {text} */"
          for i, (name, text) in enumerate(SECTION_FIELDS.items())),
        "",
        "/* Kinds of section */",
        *(f"#define IMAGE_KIND_{kind.name} {kind.value}" for kind in Kind),
        f"#define IMAGE_KINDS {max(Kind) + 1} /* numbers of kinds are below this */",
        "",
        "#endif",
        "",
    ]
    return "\n".join(lines)
