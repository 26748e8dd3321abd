# SPDX-License-Identifier: Apache-2.0
"""Error codes of the machine (docs/architecture.md, Errors) and their exceptions."""

from __future__ import annotations

import enum

from models import commands

Code = enum.IntEnum(
    "Code", {name.upper(): value for name, value in commands.specification()["errors"].items()})
"""Error codes in `done_status` and the host's ERROR register, from rtl/chiplet/commands.yaml."""


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
