# SPDX-License-Identifier: Apache-2.0
"""What make sim runs: a checkpoint with its prompt, and the configuration that it runs on."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np

from models import config as configs
from models import host, loaders, tokenizer
from models.checkpoint import CheckpointError, Weights
from models.compiler import CompileError, Plan, make_plan
from models.compiler.plan import BATCHES, POSITIONS
from models.config import Config
from tb.common.runner import ROOT

DATA = Path(os.environ.get("TESSERA_DATA") or ROOT.parent / "shared" / "data")
STORIES_PROMPTS = (
    "Once upon a time, there was a little", "One day, a dog", "Lily and Ben were", "The sun was",
    "Tom had a big", "In the park, there was", "A small bird", "Mom said")
SMOLLM2_PROMPTS = (
    "What is the capital of France?", "What is 2 + 2?", "Name a colour.", "What do bees make?",
    "Who wrote Hamlet?", "What is the opposite of hot?", "How many days has a week?",
    "What is the largest ocean?")
MINILM_PROMPT = "A man is playing a guitar."
NAMED = ("smollm2", "stories260k", "minilm")


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A checkpoint, its file, the prompt of each sequence as token ids, the way from token ids or
    the words of an embedding to text, and the token that ends an answer."""

    path: Path
    weights: Weights
    prompts: list[list[int]]
    decode: Callable[[list[int]], str]
    end_token: int | None = None


def load(model: str, tokenizer_path: str | None, prompt: str | None, prompt_ids: str | None,
         sequences: int = 1) -> Loaded:
    """The checkpoint named on the command line; raises CheckpointError, click.UsageError."""
    path = _path(model)
    weights = loaders.load(path)
    causal, vocab = weights.config.family.causal, weights.config.vocab
    if sequences > 1 and not causal:
        raise click.UsageError("an encoder takes one sequence at a time: BATCH= is for decoders")
    given = [ids for part in split("PROMPT_IDS", prompt_ids, sequences) if (ids := _ids(part))]
    texts = split("PROMPT", prompt, sequences)
    if model == "smollm2" and not tokenizer_path:
        words = tokenizer.from_gguf(path)
        ids = given or [words.encode(tokenizer.smollm2_chat(text)).ids
                        for text in texts or SMOLLM2_PROMPTS[:sequences]]
        return Loaded(path, weights, ids, words.decode, tokenizer.SMOLLM2_STOP)
    if model == "stories260k":
        tokenizer_path = tokenizer_path or str(DATA / "tok512.bin")
    encode, decode = _tokenizer(path, tokenizer_path, vocab)
    if not given:
        if encode is None:
            raise click.UsageError(f"{path} carries no tokenizer: give TOKENIZER= or PROMPT_IDS=")
        own = STORIES_PROMPTS[:sequences] if causal else [MINILM_PROMPT]
        given = [encode(text) for text in texts or own]
    if causal:
        return Loaded(path, weights, given, decode)
    return Loaded(path, weights, given,  # bits of a float32 are not below vocab, but for zero
                  lambda words: decode(words) if max(words, default=0) < vocab else vector(words))


def split(name: str, value: str | None, sequences: int) -> list[str]:
    """What a variable says for each sequence of a batch, between `|`; nothing where it is not
    given. Raises click.UsageError."""
    if not value:
        return []
    if sequences == 1:
        return [value]
    parts = [part.strip() for part in value.split("|")]
    if len(parts) != sequences or not all(part.strip(" ,") for part in parts):
        raise click.UsageError(f"BATCH={sequences} takes {sequences} prompts, none empty; {name}= "
                               f"has {sum(bool(part.strip(' ,')) for part in parts)} between its |")
    return parts


def vector(words: list[int]) -> str:
    """The first values of an embedding from its words, the bits of float32 values."""
    values = np.array(words, "<u4").view(np.float32)
    first = " ".join(f"{value:.4f}" for value in values[:6])
    return f"embedding of {len(values)} values, length {np.linalg.norm(values):.4f}: {first} ..."


def _path(model: str) -> Path:
    if model == "smollm2":
        return loaders.smollm2_gguf()
    if model == "minilm":
        return loaders.minilm_folder()
    if model == "stories260k":
        path = DATA / "stories260K.bin"
        if not path.exists():
            raise CheckpointError(f"{path} does not exist: TESSERA_DATA= names the folder with "
                                  "stories260K.bin and tok512.bin")
        return path
    path = Path(model)
    if not path.exists():
        raise CheckpointError(f"{path} does not exist; MODEL= is {', '.join(NAMED)} or a path")
    return path


def _tokenizer(path: Path, given: str | None, vocab: int):
    """Encoder (None if there is no tokenizer) and decoder."""
    folder = path if path.is_dir() else path.parent
    if given and Path(given).suffix != ".json":
        words = tokenizer.Llama2cTokenizer(given, vocab)
        return words.encode, words.decode
    if given:
        words = tokenizer.from_json(given)
    elif path.suffix == ".gguf":
        words = tokenizer.from_gguf(path)
    elif path.suffix != ".bin" and (folder / "tokenizer.json").exists():
        words = tokenizer.from_json(folder / "tokenizer.json")
    else:
        return None, lambda ids: " ".join(map(str, ids))
    return lambda text: words.encode(text).ids, words.decode


def _ids(text: str | None) -> list[int]:
    if not text:
        return []
    try:
        return [int(word) for word in text.replace(",", " ").split()]
    except ValueError:
        raise click.UsageError(f"PROMPT_IDS={text}: token ids are whole numbers") from None


def choose(weights: Weights, prompts: list[list[int]], tokens: int, name: str | None,
           chiplets: int | None) -> Plan:
    """Plan for the configuration `name`, or the smallest named one that holds model and request.

    tokens: new tokens of each sequence, of an encoder the words of its embedding.
    Raises CompileError, host.RequestError: what does not fit, and what would.
    """
    causal = weights.config.family.causal
    batch = min(size for size in BATCHES if size >= len(prompts))
    need = max(map(len, prompts)) + (tokens - 1 if causal else 0)
    positions = need if POSITIONS < need <= weights.config.max_seq else None
    if name:
        return _checked(make_plan(weights.config, _config(name, chiplets), positions, batch),
                        prompts, tokens)
    candidates = sorted((_config(n, chiplets) for n in configs.names()), key=_size)
    for config in candidates:
        try:
            plan = Plan(weights.config, config, positions, batch)
        except CompileError:
            continue
        if plan.max_positions >= min(need, weights.config.max_seq):
            return _checked(plan, prompts, tokens)
    return _checked(make_plan(weights.config, candidates[-1], positions, batch), prompts, tokens)


def _config(name: str, chiplets: int | None) -> Config:
    return configs.load(name, **({"n_chiplets": chiplets} if chiplets else {}))


def _size(config: Config) -> int:
    """Bytes of weights that fit."""
    return config.n_chiplets * config.n_macros * config.sets * config.block**2


def _checked(plan: Plan, prompts: list[list[int]], tokens: int) -> Plan:
    model = plan.model
    image = SimpleNamespace(max_positions=plan.max_positions, vocab=model.vocab,
                            embedding_words=0 if model.family.causal else model.dim)
    for prompt in prompts:
        host.check_request(image, prompt, tokens)
    return plan
