# SPDX-License-Identifier: Apache-2.0
"""GPT-2 and BERT on the RTL of a package: every record equals the golden's, the answers are those
of the references."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from models import bert, host, loaders, tokenizer
from models import config as configs
from models.checkpoint import BertConfig, Gpt2Config, Weights, random_biased
from models.config import Config
from tb.common.runner import missing_simulator
from tb.package.session import Job, simulate_package
from tests.compiler.small_models import reference
from tests.package.support import LARGE, WORK, assert_equal, images

TINY_GPT2 = Gpt2Config(32, 1, 4, 40, 37, 32, 1e-5)
TINY_BERT = BertConfig(32, 1, 2, 40, 37, 32, 1e-12)
GPT2 = Gpt2Config(200, 2, 5, 300, 105, 128, 1e-5)
BERT = BertConfig(200, 2, 5, 300, 105, 64, 1e-12)


def run(weights: Weights, config: Config, requests: list[tuple[list[int], int]], name: str,
        sim: str = "verilator", poison: bool = False, memory_beats: int = 0) -> list[int]:
    """All requests in one session; the output words."""
    built = images(weights, config)
    golden = host.serve(built, config, [host.Request(*r) for r in requests], poison=poison)
    result = simulate_package(config, built, golden.records, Job(requests), sim=sim,
                              work=WORK / name, memory_beats=memory_beats)
    assert_equal(result, golden)
    first = result.token_cycles[-requests[-1][1]]
    print(f"{name}: first word of the last answer after {first - result.request_cycle} cycles")
    return result.tokens


def check_gpt2(c: Gpt2Config, config: Config, name: str, **options) -> None:
    weights = random_biased(c, 1)
    prompt = [1, 7, 30, 12, 5]
    tokens = run(weights, config, [(prompt, 3)], name, **options)
    assert tokens == reference(weights, config.block, prompt, 3).tokens


def check_bert(weights: Weights, config: Config, lengths: list[int], name: str, **options) -> None:
    """Sequences of these lengths, one after the other."""
    rng = np.random.default_rng(1)
    check_embeddings(weights, config, [rng.integers(0, weights.config.vocab, n).tolist()
                                       for n in lengths], name, **options)


def check_embeddings(weights: Weights, config: Config, ids: list[list[int]], name: str,
                     **options) -> np.ndarray:
    """Sequences one after the other; the unit vectors [sequences, dim]."""
    words = run(weights, config, [(i, weights.config.dim) for i in ids], name, **options)
    model = bert.Model(weights, config.block)
    wanted = np.concatenate([model.embed(np.array([i])) for i in ids])
    assert np.array(words, "<u4").tobytes() == wanted.tobytes()
    return wanted


@pytest.mark.parametrize("sim", ["verilator", pytest.param("icarus", marks=pytest.mark.regress)])
def test_gpt2_on_nano(sim):
    """Nothing unwritten is read (poison mode), and on Icarus no X reaches a record."""
    if reason := missing_simulator(sim):
        pytest.skip(reason)
    check_gpt2(TINY_GPT2, configs.load("nano"), f"gpt2-nano-{sim}", sim=sim, poison=True)


@pytest.mark.parametrize("sim", ["verilator", pytest.param("icarus", marks=pytest.mark.regress)])
def test_bert_on_nano(sim):
    """Likewise; sequences of one list and of padded ones."""
    if reason := missing_simulator(sim):
        pytest.skip(reason)
    check_bert(random_biased(TINY_BERT, 1), configs.load("nano"), [1, 3, 8],
               f"bert-nano-{sim}", sim=sim, poison=True)


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_gpt2_on_two_chiplets():
    check_gpt2(GPT2, configs.load("tracer"), "gpt2-tracer")


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_bert_on_two_chiplets():
    check_bert(random_biased(BERT, 1), configs.load("tracer"), [1, 17, 40], "bert-tracer")


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_a_layer_of_minilm_on_one_chiplet():
    """Real weights; the vocabulary is cut so that the image stays small."""
    weights = loaders.load(loaders.minilm_folder()).first_layers(1)
    cut = dataclasses.replace(weights, embedding=weights.embedding[2000:2512],
                              config=dataclasses.replace(weights.config, vocab=512))
    check_bert(cut, configs.load("smollm2", n_chiplets=1), [1, 17, 64, 128],
               "minilm-layer")


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_minilm_on_four_chiplets(shared_data):
    """The whole model: all six layers, the whole vocabulary, both sentences of three pairs; the
    chip's vectors rank the pairs as the scores of people do."""
    folder = loaders.minilm_folder()
    words = tokenizer.from_json(folder / "tokenizer.json")
    rows = [line.split("\t") for line in (shared_data / "sts_2014_images.tsv").read_text()
            .splitlines()]
    rows.sort(key=lambda row: float(row[0]))
    pairs = [rows[0], rows[len(rows) // 2], rows[-1]]
    ids = [words.encode(text).ids for row in pairs for text in row[1:]]
    found = check_embeddings(loaders.load(folder), configs.load("smollm2"), ids, "minilm",
                             memory_beats=LARGE)
    likeness = (found[::2] * found[1::2]).sum(axis=1)
    print("pairs:", [f"score {row[0]}, cosine {x:.3f}" for row, x in zip(pairs, likeness)])
    assert np.all(np.diff(likeness) > 0)


@pytest.mark.regress
@pytest.mark.sim("verilator")
def test_gpt2_small_on_four_chiplets():
    """The size of GPT-2 small, 124 million weights, generated."""
    c = Gpt2Config(768, 12, 12, 3072, 50257, 1024, 1e-5)
    check_gpt2(c, configs.load("smollm2"), "gpt2-small", memory_beats=LARGE)
