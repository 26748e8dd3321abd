# SPDX-License-Identifier: Apache-2.0
"""Batches on the RTL: every record equals the golden's, and each sequence gives the tokens that it
gives alone. (tests/compiler/test_batch.py holds the golden's logits against the reference.)"""

from __future__ import annotations

import dataclasses

import pytest

from models import config as configs
from models import host, loaders, tokenizer
from models.checkpoint import LlamaWeights
from models.compiler import compile_model
from models.config import Config
from models.host import Request
from scripts.generate import main_firmware
from tb.package.session import Job, simulate_package
from tests.package.support import LARGE, WORK, tiny_weights


def check(weights: LlamaWeights, config: Config, positions: int, batches: list[list[Request]],
          name: str, memory_beats: int = 0, **options) -> None:
    """One session of batches on an image with four slots."""
    built = compile_model(weights, config, positions, main_firmware().bin.read_bytes(), batch=4)
    golden = host.serve(built, config, batches, **options)
    result = simulate_package(config, built, golden.records, Job(batches=batches),
                              work=WORK / name, sim="verilator", memory_beats=memory_beats)
    assert result.errors == [] and result.first_mismatch is None and result.mismatches == 0
    assert result.checked == sum(map(len, golden.records))
    assert result.tokens == golden.tokens
    at = 0
    for batch in batches:
        words = result.tokens[at : at + sum(r.new_tokens for r in batch)]
        at += len(words)
        for request, tokens in zip(batch, host.by_sequence(words, len(batch))):
            alone = host.run(built, config, request.prompt, request.new_tokens)
            assert alone.tokens == tokens


@pytest.mark.sim("verilator")
def test_batches_on_two_chiplets():
    """Four sequences that end one after the other, then two in slots that were used before, then
    one; poison mode."""
    four = [Request([5, 1, 3, 30, 9], 2), Request([7], 5), Request([1, 2], 3), Request([36], 4)]
    two = [Request([8, 8, 8], 2), Request([11, 4], 2)]
    check(tiny_weights(), configs.load("nano"), 16, [four, two, [Request([3], 2)]],
          "batch", poison=True)


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_a_batch_of_four_through_a_layer_of_smollm2():
    """Contexts of 1, 17, 64 and 128 tokens, 64 decode steps, on one chiplet."""
    weights = loaders.load_gguf(loaders.smollm2_gguf()).first_layers(1)
    cut = dataclasses.replace(weights, config=dataclasses.replace(weights.config, vocab=512),
                              embedding=weights.embedding[:512], w_out=weights.w_out[:512])
    batch = [Request([(1 + 3 * i + s) % 512 for i in range(n)], 65)
             for s, n in enumerate((1, 17, 64, 128))]
    check(cut, configs.load("smollm2", n_chiplets=1), 256, [batch], "batch-smollm2")


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_a_batch_of_four_on_stories260k(stories):
    """All layers on four chiplets, four beginnings of stories, 16 tokens each."""
    weights, words = stories
    texts = ("Once upon a time", "One day, a dog named Tim saw a", "Lily", "The sun was hot and")
    check(weights, configs.load("package4"), 64,
          [[Request(words.encode(text), 16) for text in texts]], "batch-stories")


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_a_batch_of_four_on_layers_of_smollm2():
    """Three layers with the whole vocabulary on four chiplets, four questions in the chat template,
    4 tokens each."""
    path = loaders.smollm2_gguf()
    words = tokenizer.from_gguf(path)
    texts = ("What is the capital of France?", "Hi", "Name three colours.", "What do bees make?")
    prompts = [words.encode(tokenizer.smollm2_chat(text)).ids for text in texts]
    check(loaders.load_gguf(path).first_layers(3), configs.load("smollm2"), 64,
          [[Request(prompt, 4) for prompt in prompts]], "batch-smollm2-four", memory_beats=LARGE)
