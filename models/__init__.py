# SPDX-License-Identifier: Apache-2.0
"""Golden models: the numpy that defines what every unit of Tessera must compute, bit for bit."""

import os

# The matrix products here are small; OpenBLAS threads spin and cost more than they bring,
# fivefold on a busy machine. No result depends on it. Only heeded before numpy is first loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
