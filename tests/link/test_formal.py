# SPDX-License-Identifier: Apache-2.0
"""The proofs of rtl/link hold, and each finds its defect (make formal BLOCK=link)."""

from __future__ import annotations

from tb.common import proof_tests

test_proof = proof_tests.of_block("link")
