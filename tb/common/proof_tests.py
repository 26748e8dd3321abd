# SPDX-License-Identifier: Apache-2.0
"""The test of a block's proofs (scripts/formal.py), the same for every block."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scripts.formal import Proof, check, proofs


def of_block(block: str) -> Callable[..., None]:
    """What tests/<block>/test_formal.py calls `test_proof`: one case per proof."""

    @pytest.mark.regress
    @pytest.mark.parametrize("proof", proofs(block), ids=lambda proof: proof.name)
    def test_proof(proof: Proof, capsys: pytest.CaptureFixture) -> None:
        with capsys.disabled():  # progress
            print(f"\n{proof.name}: {proof.shows}", flush=True)
            assert check(proof)

    return test_proof
