# SPDX-License-Identifier: Apache-2.0
"""The proofs of rtl/chiplet hold, and each finds its defect (make formal BLOCK=chiplet)."""

from __future__ import annotations

from tb.common import proof_tests

test_proof = proof_tests.of_block("chiplet")
