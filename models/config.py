# SPDX-License-Identifier: Apache-2.0
"""Named configurations of the package, read from rtl/package/configs.toml."""

from __future__ import annotations

import dataclasses
import tomllib
from pathlib import Path

SOURCE = Path(__file__).parent.parent / "rtl" / "package" / "configs.toml"


@dataclasses.dataclass(frozen=True)
class Config:
    """Size parameters of one package; the meaning of each is in rtl/package/configs.toml."""

    name: str
    n_chiplets: int
    n_macros: int
    block: int
    sets: int
    stash_beats: int
    max_tokens: int

    def __post_init__(self) -> None:
        rules = {
            "n_chiplets must be 1 to 8": 1 <= self.n_chiplets <= 8,
            "n_macros must be 1 to 12": 1 <= self.n_macros <= 12,
            "block must be 16, 32 or 64": self.block in (16, 32, 64),
            "sets must be 2 to 4096": 2 <= self.sets <= 4096,
            "stash_beats must be a power of two from 256 to 65536":
                256 <= self.stash_beats <= 65536 and self.stash_beats & (self.stash_beats - 1) == 0,
            "max_tokens must be 1 to 255": 1 <= self.max_tokens <= 255,
        }
        for rule, holds in rules.items():
            if not holds:
                raise ValueError(f"configuration {self.name}: {rule}")

    @property
    def lanes(self) -> int:
        """fp32 lanes of a beat."""
        return self.block // 4

    def rtl_parameters(self) -> dict[str, int]:
        """Parameters of rtl/package/tessera_package.v."""
        return {
            "N_CHIPLETS": self.n_chiplets,
            "N_MACROS": self.n_macros,
            "BLOCK": self.block,
            "SETS": self.sets,
            "STASH_BEATS": self.stash_beats,
        }


def names() -> list[str]:
    """Names of all configurations."""
    return list(_read())


def load(name: str, **overrides: int) -> Config:
    """The configuration `name`, with single parameters replaced by `overrides`.

    Raises ValueError on an unknown name or an illegal value.
    """
    table = _read()
    if name not in table:
        raise ValueError(f"no configuration named {name!r}; choose one of {', '.join(table)}")
    return Config(name=name, **{**table[name], **overrides})


def _read() -> dict[str, dict[str, int]]:
    return tomllib.loads(SOURCE.read_text())
