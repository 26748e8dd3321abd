# SPDX-License-Identifier: Apache-2.0
"""The proofs of rtl/chiplet hold, and each finds its defect (make formal BLOCK=chiplet)."""

from __future__ import annotations

import pytest

from scripts.formal import Proof, check, proofs


@pytest.mark.regress
@pytest.mark.parametrize("proof", proofs("chiplet"), ids=lambda proof: proof.name)
def test_proof(proof: Proof, capsys: pytest.CaptureFixture) -> None:
    with capsys.disabled():  # progress
        print(f"\n{proof.name}: {proof.shows}", flush=True)
        assert check(proof)
