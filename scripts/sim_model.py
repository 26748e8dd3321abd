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
from models.compiler.plan import POSITIONS
from models.config import Config
from tb.common.runner import ROOT

DATA = Path(os.environ.get("TESSERA_DATA") or ROOT.parent / "shared" / "data")
STORIES_PROMPT = "Once upon a time, there was a little"
SMOLLM2_PROMPT = "What is the capital of France?"
MINILM_PROMPT = "A man is playing a guitar."
NAMED = ("smollm2", "stories260k", "minilm")


@dataclasses.dataclass(frozen=True)
class Loaded:
    """A checkpoint, its file, the prompt as token ids, the way from token ids or the words of an
    embedding to text, and the token that ends an answer."""

    path: Path
    weights: Weights
    prompt: list[int]
    decode: Callable[[list[int]], str]
    end_token: int | None = None


def load(model: str, tokenizer_path: str | None, prompt: str | None,
         prompt_ids: str | None) -> Loaded:
    """The checkpoint named on the command line; raises CheckpointError, click.UsageError."""
    path = _path(model)
    weights = loaders.load(path)
    if model == "smollm2" and not tokenizer_path:
        words = tokenizer.from_gguf(path)
        text = tokenizer.smollm2_chat(prompt or SMOLLM2_PROMPT)
        return Loaded(path, weights, _ids(prompt_ids) or words.encode(text).ids, words.decode,
                      tokenizer.SMOLLM2_STOP)
    if model == "stories260k":
        tokenizer_path = tokenizer_path or str(DATA / "tok512.bin")
    encode, decode = _tokenizer(path, tokenizer_path, weights.config.vocab)
    ids = _ids(prompt_ids)
    if not ids and encode is None:
        raise click.UsageError(f"{path} carries no tokenizer: give TOKENIZER= or PROMPT_IDS=")
    if weights.config.family.causal:
        return Loaded(path, weights, ids or encode(prompt or STORIES_PROMPT), decode)
    vocab = weights.config.vocab  # bits of a float32 are not below it, but for zero
    return Loaded(path, weights, ids or encode(prompt or MINILM_PROMPT),
                  lambda words: decode(words) if max(words, default=0) < vocab else vector(words))


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


def choose(weights: Weights, prompt: list[int], tokens: int, name: str | None,
           chiplets: int | None) -> Plan:
    """Plan for the configuration `name`, or the smallest named one that holds model and request.

    tokens: new tokens, of an encoder the words of its embedding.
    Raises CompileError, host.RequestError: what does not fit, and what would.
    """
    causal = weights.config.family.causal
    need = len(prompt) + (tokens - 1 if causal else 0)
    positions = need if POSITIONS < need <= weights.config.max_seq else None
    if name:
        return _checked(make_plan(weights.config, _config(name, chiplets), positions), prompt,
                        tokens)
    candidates = sorted((_config(n, chiplets) for n in configs.names()), key=_size)
    for config in candidates:
        try:
            plan = Plan(weights.config, config, positions)
        except CompileError:
            continue
        if plan.max_positions >= min(need, weights.config.max_seq):
            return _checked(plan, prompt, tokens)
    return _checked(make_plan(weights.config, candidates[-1], positions), prompt, tokens)


def _config(name: str, chiplets: int | None) -> Config:
    return configs.load(name, **({"n_chiplets": chiplets} if chiplets else {}))


def _size(config: Config) -> int:
    """Bytes of weights that fit."""
    return config.n_chiplets * config.n_macros * config.sets * config.block**2


def _checked(plan: Plan, prompt: list[int], tokens: int) -> Plan:
    model = plan.model
    image = SimpleNamespace(max_positions=plan.max_positions, vocab=model.vocab,
                            embedding_words=0 if model.family.causal else model.dim)
    host.check_request(image, prompt, tokens)
    return plan
