# SPDX-License-Identifier: Apache-2.0
"""Build time and speed of the tracer package while it runs a model: build/bench/package.json."""

from __future__ import annotations

import json
import shutil
import time

from models import config as configs
from models import host
from models.checkpoint import LlamaConfig, random_llama
from models.compiler import compile_model
from scripts.generate import main_firmware
from tb.common.filelist import ROOT
from tb.common.runner import BUILD
from tb.package.session import Job, Result, simulate_package

FOLDER = ROOT / "build" / "bench"
SHAPE = LlamaConfig(dim=256, n_layers=4, n_heads=8, n_kv_heads=4, head_dim=32, ffn_dim=512,
                    vocab=512, max_seq=128, rope_theta=1e4, norm_eps=1e-5, tied=True)
PROMPT, NEW = 32, 48


def main() -> None:
    """Build from nothing, run twice; the difference is the build."""
    config = configs.load("tracer")
    images = compile_model(random_llama(SHAPE, 1), config,
                           firmware=main_firmware().bin.read_bytes())
    prompt = [7 * i % SHAPE.vocab for i in range(PROMPT)]
    golden = host.run(images, config, prompt, NEW)
    for folder in (BUILD / "verilator").glob("package-*"):
        shutil.rmtree(folder)

    def run() -> tuple[Result, float]:
        began = time.time()
        result = simulate_package(config, images, golden.records, Job([(prompt, NEW)]),
                                  work=FOLDER / "package", sim="verilator")
        assert result.tokens == golden.tokens and result.mismatches == 0
        return result, time.time() - began

    _, first = run()
    result, second = run()
    report = {
        "build_seconds": first - second,
        "cycles_per_second": (result.total_cycles - result.request_cycle) / result.run_seconds,
        "cycles": result.total_cycles - result.request_cycle,
        "commands_checked": result.checked,
    }
    (FOLDER / "package.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
