# SPDX-License-Identifier: Apache-2.0
"""The GPT-2 reference: the laws, on random weights of awkward shapes, and against plain floats."""

from __future__ import annotations

import numpy as np
import pytest

from models import float_reference, gpt2
from models.checkpoint import Gpt2Config, random_biased

SHAPES = {
    "narrow heads": Gpt2Config(40, 2, 5, 70, 50, 100, 1e-5),
    "wide heads": Gpt2Config(144, 2, 2, 96, 64, 100, 1e-5, "gelu"),
}


@pytest.mark.parametrize("block", [16, 64])
@pytest.mark.parametrize("shape", list(SHAPES))
def test_prefill_equals_decode_and_a_batch_its_sequences(shape: str, block: int, seed: int) -> None:
    w = random_biased(SHAPES[shape], seed)
    model = gpt2.Model(w, block)
    tokens = np.random.default_rng(seed).integers(0, w.config.vocab, 30).tolist()
    whole = model.forward(tokens, gpt2.Cache(model))
    cache = gpt2.Cache(model)
    single = np.concatenate([model.forward([t], cache) for t in tokens])
    assert single.tobytes() == whole.tobytes()
    batch = model.forward_batch([(tokens, gpt2.Cache(model)), (tokens[:7], gpt2.Cache(model))])
    assert batch[0].tobytes() == whole.tobytes()
    assert batch[1].tobytes() == whole[:7].tobytes()


@pytest.mark.parametrize("shape", list(SHAPES))
@pytest.mark.parametrize("block", [16, 64])
def test_close_to_floats(shape: str, block: int, seed: int) -> None:
    w = random_biased(SHAPES[shape], seed)
    tokens = np.random.default_rng(seed).integers(0, w.config.vocab, 60).tolist()
    model = gpt2.Model(w, block)
    exact = float_reference.gpt2_logits(w, tokens)
    error = model.forward(tokens, gpt2.Cache(model)) - exact
    assert np.sqrt(np.mean(error**2) / np.mean(exact**2)) < 0.03
