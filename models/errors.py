# SPDX-License-Identifier: Apache-2.0
"""Error codes of the machine (docs/architecture.md, Errors) and their exceptions."""

from __future__ import annotations

import enum


class Code(enum.IntEnum):
    """Error codes in `done_status`, completion records and the host's ERROR register."""

    GOOD = 0
    ILLEGAL = 1
    ADDRESS = 2
    MEMORY = 3
    CONFLICT = 4
    HUNG = 5
    OVERFLOW = 6
    LINK = 7
    IMAGE = 8
    CONFIG = 9
    TRAP = 10
    REQUEST = 11
    PEER = 12


class AddressError(ValueError):
    """A command reaches a stash beat, set, macro or scalar beyond the end (code ADDRESS)."""


class MemoryAccessError(ValueError):
    """A command reaches memory beyond its end (an AXI error response; code MEMORY)."""


class ListError(ValueError):
    """A command list without an end where one must be (code IMAGE)."""


class HungError(RuntimeError):
    """No queue can go on; the text says who waits for whom (code HUNG)."""


class SemaphoreOverflow(RuntimeError):
    """A semaphore counted past 255 (code OVERFLOW)."""


class PoisonError(AssertionError):
    """A command used something that nothing had written; only in the simulator's poison mode."""
