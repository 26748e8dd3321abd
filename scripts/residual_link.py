# SPDX-License-Identifier: Apache-2.0
"""Errors that the CRC of the die-to-die link does not see: `python -m scripts.residual_link` prints
a table of the measured share beside theory, for 32 bits and for narrowed CRCs.

tb/link/link_residual.cpp corrupts flits in front of rtl/link/link_crc.v."""

from __future__ import annotations

import json
import os
import subprocess

from tb.common.compiled import compiled
from tb.common.filelist import ROOT, FileList

POLYNOMIALS = {8: 0xE0, 12: 0xF01, 16: 0x8408, 32: 0x82F63B78}  # reflected, as in link_crc.v
CRC_BITS = tuple(POLYNOMIALS)
ORDERS = {8: 127, 12: 2047, 16: 32767}  # least distance of two wrong bits that go unseen
PHIT = 256
FLITS = 25_000


def theory(bits: int, pattern: str, phits: int) -> float:
    """Share of the errors of a pattern that pass the check.

    All bursts of up to `bits` are seen, of those one longer one in 2^(bits-1) passes, of all longer
    ones and of random patterns one in 2^bits. CRC-32C sees all errors of up to five bits at these
    lengths. The narrow polynomials have the factor x + 1: every odd number of bits is seen, and of
    the even ones one in 2^(bits-1) passes; two bits pass only at multiples of ORDERS."""
    kind, _, text = pattern.partition(" ")
    size = int(text or 0)
    if kind == "random":
        return 2.0**-bits
    if kind == "burst":
        return 0.0 if size <= bits else 2.0 ** -(bits - 1 if size == bits + 1 else bits)
    if bits == 32 or size % 2:
        return 0.0
    if size == 2:
        length, order = phits * PHIT, ORDERS[bits]
        pairs = sum(length - distance for distance in range(order, length, order))
        return pairs / (length * (length - 1) / 2)
    return 2.0 ** (1 - bits)


def measure(bits: int, seed: int, flits: int) -> list[dict]:
    """Rows of {pattern, phits, flits, unseen}.

    Raises:
        CalledProcessError: a good flit did not pass.
    """
    flags = f"-O2 -std=c++17 -DCRC_BITS={bits} -DPOLYNOMIAL={POLYNOMIALS[bits]}u"
    program = compiled(
        "link_residual",
        "link_crc",
        FileList([ROOT / "rtl" / "link" / "link_crc.v"]),
        ROOT / "tb" / "link" / "link_residual.cpp",
        {"PHIT": PHIT, "CRC_BITS": bits},
        ["-CFLAGS", flags],
    )
    command = [program, str(seed), str(flits)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """The table, in Markdown."""
    seed = int(os.environ.get("SEED") or 1)
    print("| CRC bits | pattern | phits | flits | unseen | share | theory |")
    print("|---|---|---|---|---|---|---|")
    for bits in CRC_BITS:
        for row in measure(bits, seed, 8 * FLITS):
            share = row["unseen"] / row["flits"]
            expected = theory(bits, row["pattern"], row["phits"])
            if expected * row["flits"] > 0.01 or row["phits"] == 17:
                print(
                    f"| {bits} | {row['pattern']} | {row['phits']} | {row['flits']:,} | "
                    f"{row['unseen']:,} | {share:.2e} | {expected:.2e} |"
                )


if __name__ == "__main__":
    main()
