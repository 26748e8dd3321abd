# SPDX-License-Identifier: Apache-2.0
"""Golden runs that the package tests share."""

from __future__ import annotations

import pytest

from models import config as configs
from models import host, loaders, tokenizer
from tests.package.support import STORY, images


@pytest.fixture(scope="session")
def stories(shared_data):
    """stories260K: weights, tokenizer."""
    weights = loaders.load_llama2c(shared_data / "stories260K.bin")
    words = tokenizer.Llama2cTokenizer(shared_data / "tok512.bin", weights.config.vocab)
    return weights, words


@pytest.fixture(scope="session")
def tracer():
    """The tracer configuration."""
    return configs.load("tracer")


@pytest.fixture(scope="session")
def short_run(stories, tracer):
    """A short request on stories260K: images, golden run, prompt, number of new tokens."""
    weights, words = stories
    built = images(weights, tracer)
    prompt = words.encode(STORY)
    return built, host.run(built, tracer, prompt, 4), prompt, 4
