# SPDX-License-Identifier: Apache-2.0
"""Models and images that the package tests share."""

from __future__ import annotations

import functools
import os

from models.checkpoint import LlamaConfig, LlamaWeights, random_llama
from models.compiler import compile_model
from models.config import Config
from models.host import Run
from models.image import Image
from scripts.generate import main_firmware
from tb.common.runner import ROOT
from tb.package.session import Result

WORK = ROOT / "build" / "sim" / "package-tests" / os.environ.get("PYTEST_XDIST_WORKER", "main")
STORY = "Once upon a time, there was a little girl"
LARGE = 1 << 22  # beats of the memories with which make sim runs SmolLM2: runs share its build
TINY = LlamaConfig(dim=32, n_layers=1, n_heads=4, n_kv_heads=2, head_dim=8, ffn_dim=40, vocab=37,
                   max_seq=32, rope_theta=1e4, norm_eps=1e-5, tied=True)


@functools.cache
def tiny_weights() -> LlamaWeights:
    """A model that fits `nano`."""
    return random_llama(TINY, 1)


def images(weights: LlamaWeights, config: Config) -> list[Image]:
    """Images with the firmware, one per chiplet."""
    return compile_model(weights, config, firmware=main_firmware().bin.read_bytes())


def assert_equal(result: Result, golden: Run) -> None:
    """No error, every expected record seen and equal, tokens as the golden's."""
    assert result.errors == []
    assert result.first_mismatch is None and result.mismatches == 0
    assert result.checked == sum(map(len, golden.records))
    assert result.tokens == golden.tokens
    assert result.status == "done"
