# SPDX-License-Identifier: Apache-2.0
"""Golden models: the numpy that defines what every unit of Tessera must compute, bit for bit."""
