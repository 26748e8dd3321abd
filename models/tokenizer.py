# SPDX-License-Identifier: Apache-2.0
"""Text to token ids and back: llama2.c vocabularies, tokenizer.json, and BPE inside GGUF."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from pathlib import Path

from models.checkpoint import CheckpointError, existing
from models.loaders import open_gguf


class Llama2cTokenizer:
    """llama2.c tokN.bin: scored pieces merged greedily; id 1 is BOS, 2 is EOS, bytes from id 3."""

    BOS, EOS = 1, 2
    _FIRST_BYTE = 3

    def __init__(self, path: str | Path, vocab: int) -> None:
        path = existing(path)
        data = path.read_bytes()
        self.pieces: list[bytes] = []
        self.scores: list[float] = []
        offset = 4  # longest piece, not needed
        try:
            for _ in range(vocab):
                score, length = struct.unpack_from("<fi", data, offset)
                piece = data[offset + 8 : offset + 8 + length]
                if len(piece) != length:
                    raise CheckpointError(f"{path}: truncated at piece {len(self.pieces)}")
                self.scores.append(score)
                self.pieces.append(piece)
                offset += 8 + length
        except struct.error as error:
            raise CheckpointError(f"{path}: fewer than {vocab} pieces") from error
        self.ids = {piece: i for i, piece in reversed(list(enumerate(self.pieces)))}

    def encode(self, text: str, bos: bool = True) -> list[int]:
        """BOS, then the pieces of " " + text: characters (bytes where unknown), best pair first."""
        ids: list[int] = []
        for char in " " + text if text else "":
            raw = char.encode()
            known = self.ids.get(raw)
            ids += [known] if known is not None else [b + self._FIRST_BYTE for b in raw]
        while True:
            best = None
            for i in range(len(ids) - 1):
                merged = self.ids.get(self.pieces[ids[i]] + self.pieces[ids[i + 1]])
                if merged is not None and (best is None or self.scores[merged] > best[0]):
                    best = (self.scores[merged], i, merged)
            if best is None:
                return [self.BOS, *ids] if bos else ids
            ids[best[1] : best[1] + 2] = [best[2]]

    def decode(self, ids: Sequence[int]) -> str:
        out = b""
        previous = None
        for token in ids:
            piece = self.pieces[token]
            if token in (self.BOS, self.EOS):
                piece = b""
            elif previous == self.BOS and piece.startswith(b" "):
                piece = piece[1:]
            elif byte := re.fullmatch(rb"<0x([0-9A-F]{2})>", piece):
                piece = bytes([int(byte[1], 16)])
            out += piece
            previous = token
        return out.decode(errors="replace")


def from_json(path: str | Path):
    """tokenizers.Tokenizer from a tokenizer.json, without its padding and truncation."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(existing(path)))
    except CheckpointError:
        raise
    except Exception as error:  # the package raises nothing more specific
        raise CheckpointError(f"{path}: not a readable tokenizer.json ({error})") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def from_gguf(path: str | Path, reader=None):
    """tokenizers.Tokenizer of a byte-level BPE vocabulary inside a GGUF file.

    The pre-tokenisers known here are `smollm` (single digits, then the GPT-2 pattern) and `gpt-2`.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    fields = (reader or open_gguf(path)).fields

    def meta(key: str):
        if f"tokenizer.ggml.{key}" not in fields:
            raise CheckpointError(f"{path}: metadata tokenizer.ggml.{key} is missing")
        return fields[f"tokenizer.ggml.{key}"].contents()

    kind, pre = meta("model"), meta("pre")
    if kind != "gpt2" or pre not in ("smollm", "gpt-2"):
        raise CheckpointError(f"{path}: tokenizer {kind}/{pre} is not supported")
    pieces = meta("tokens")
    vocab = {piece: i for i, piece in enumerate(pieces)}
    merges = [tuple(merge.split(" ")) for merge in meta("merges")]
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=merges))
    steps = [pre_tokenizers.Digits(individual_digits=True)] if pre == "smollm" else []
    steps.append(pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
    tokenizer.decoder = decoders.ByteLevel()
    control = [piece for piece, kind in zip(pieces, meta("token_type")) if kind == 3]
    tokenizer.add_special_tokens([AddedToken(p, special=True, normalized=False) for p in control])
    return tokenizer


SMOLLM2_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
SMOLLM2_STOP = 2
"""Id of <|im_end|>."""


def smollm2_chat(prompt: str, system: str = SMOLLM2_SYSTEM) -> str:
    """One user turn in SmolLM2-Instruct's chat template, ready for the assistant's answer."""
    return (
        f"<|im_start|>system\n{system}<|im_end|>\n"
        f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"
    )
