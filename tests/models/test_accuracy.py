# SPDX-License-Identifier: Apache-2.0
"""What quantisation costs on whole models, against the same weights in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from models import bert, float_reference, llama, loaders, tokenizer
from tb.common.filelist import ROOT

GENERATED = {"commands.md", "registers.md", "status.md"}
WINDOW, WINDOWS = 512, 8


@pytest.mark.parametrize("block", [64, pytest.param(16, marks=pytest.mark.regress)])
def test_stories260k_loss(block: int, shared_data: Path) -> None:
    """60 stories, each BOS + story cut to the context of 512: mean loss per predicted token."""
    weights = loaders.load_llama2c(shared_data / "stories260K.bin")
    words = tokenizer.Llama2cTokenizer(shared_data / "tok512.bin", weights.config.vocab)
    text = (shared_data / "tinystories_excerpt.txt").read_text()
    stories = [s.strip() for s in text.split("<|endoftext|>") if s.strip()]
    assert len(stories) == 60
    model = llama.Model(weights, block)
    golden, exact = [], []
    for story in stories:
        ids = words.encode(story)[: weights.config.max_seq + 1]
        logits = model.forward(ids[:-1], llama.Cache(model))
        golden.append(llama.loss(logits, ids[1:]))
        exact.append(llama.loss(float_reference.llama_logits(weights, ids[:-1]), ids[1:]))
    difference = np.concatenate(golden).mean() - np.concatenate(exact).mean()
    per_story = np.array([g.mean() - e.mean() for g, e in zip(golden, exact)])
    error = per_story.std(ddof=1) / np.sqrt(len(per_story))
    print(f"block {block}: fp32 {np.concatenate(exact).mean():.4f} nats, golden +{difference:.4f}; "
          f"mean of stories +{per_story.mean():.4f} (standard error {error:.4f})")  # fmt: skip
    assert abs(difference) <= 0.012
    assert abs(per_story.mean()) <= 0.012


@pytest.mark.regress
def test_smollm2_loss() -> None:
    """SmolLM2-135M-Instruct, 30 layers, on this project's own pages: 512 predicted tokens from the
    beginning of each of 8 pages, against the same weights in float32."""
    path = loaders.smollm2_gguf()
    weights = loaders.load_gguf(path)
    words = tokenizer.from_gguf(path)
    pages = [page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name not in GENERATED]
    texts = [words.encode(page.read_text()).ids[: WINDOW + 1] for page in pages]
    texts = [ids for ids in texts if len(ids) > WINDOW][:WINDOWS]
    assert len(texts) * WINDOW >= 4096
    model = llama.Model(weights)
    exact = np.array([llama.loss(float_reference.llama_logits(weights, ids[:-1]), ids[1:])
                      for ids in texts])
    golden = np.array([llama.loss(model.forward(ids[:-1], llama.Cache(model)), ids[1:])
                       for ids in texts])
    per_text = (golden - exact).mean(axis=1)
    error = per_text.std(ddof=1) / np.sqrt(len(per_text))
    print(f"{exact.size} tokens of {len(texts)} pages: fp32 {exact.mean():.4f} nats, "
          f"golden +{per_text.mean():.4f} (standard error {error:.4f})")
    assert abs(per_text.mean()) <= 0.02


def sentence_pairs(path: Path, words) -> tuple[np.ndarray, list[tuple[list[int], list[int]]]]:
    rows = [line.split("\t") for line in path.read_text().splitlines()]
    pairs = [(words.encode(a).ids, words.encode(b).ids) for _, a, b in rows]
    return np.array([float(row[0]) for row in rows]), pairs


def test_minilm_follows_the_floats(shared_data: Path) -> None:
    folder = loaders.minilm_folder()
    weights = loaders.load_hf_bert(folder)
    _, pairs = sentence_pairs(shared_data / "sts_2014_images.tsv", tokenizer.from_json(
        folder / "tokenizer.json"))  # fmt: skip
    model = bert.Model(weights)
    mine = bert.similarity(model.embed, pairs[:8])
    exact = bert.similarity(lambda t: float_reference.bert_embedding(weights, t), pairs[:8])
    assert np.abs(mine - exact).max() < 0.02
    alone = model.embed(np.array([pairs[0][0]]))
    both = model.embed(np.array([pairs[0][0], pairs[0][0][::-1]]))
    assert alone[0].tobytes() == both[0].tobytes()


@pytest.mark.regress
def test_minilm_pearson(shared_data: Path) -> None:
    """750 sentence pairs: correlation with the human scores; 0.9032 in float32."""
    folder = loaders.minilm_folder()
    words = tokenizer.from_json(folder / "tokenizer.json")
    scores, pairs = sentence_pairs(shared_data / "sts_2014_images.tsv", words)
    assert len(pairs) == 750
    model = bert.Model(loaders.load_hf_bert(folder))
    pearson = np.corrcoef(bert.similarity(model.embed, pairs), scores)[0, 1]
    print(f"Pearson {pearson:.4f}")
    assert abs(pearson - 0.9032) <= 0.002


@pytest.mark.regress
def test_smollm2_answers() -> None:
    """SmolLM2-135M-Instruct, 30 layers: greedy answer, and loss on it close to the floats'."""
    path = loaders.smollm2_gguf()
    weights = loaders.load_gguf(path)
    words = tokenizer.from_gguf(path)
    ids = words.encode(tokenizer.smollm2_chat("What is the capital of France?")).ids
    model = llama.Model(weights)
    answer = llama.generate(model, ids, 16, tokenizer.SMOLLM2_STOP)
    assert words.decode(answer) == "The capital of France is Paris."
    whole = ids + answer
    golden = llama.loss(model.forward(whole[:-1], llama.Cache(model)), whole[1:])
    exact = llama.loss(float_reference.llama_logits(weights, whole[:-1]), whole[1:])
    assert abs(golden.mean() - exact.mean()) < 0.05
