# SPDX-License-Identifier: Apache-2.0
"""The blocks of rtl/ and what scripts/blocks.toml says of them."""

from __future__ import annotations

import os
import sys
import tomllib

from tb.common.filelist import ROOT

TABLE = ROOT / "scripts" / "blocks.toml"


def blocks() -> list[str]:
    """All blocks: folders of rtl/ with a file list."""
    return sorted({path.parent.name for path in ROOT.glob("rtl/*/*.f")})


def settings(block: str) -> dict:
    """The block's table in scripts/blocks.toml, or an empty one."""
    return tomllib.loads(TABLE.read_text()).get(block, {})


def chosen() -> str | None:
    """BLOCK of the environment, None if not given."""
    return os.environ.get("BLOCK") or None


def require_block(what: str) -> str:
    """BLOCK, checked against rtl/; ends the program with one line otherwise."""
    block = chosen()
    if block is None:
        stop(f"{what}: say which block, e.g. make {what} BLOCK={(blocks() or ['dimc'])[0]}")
    if block not in blocks():
        stop(f"{what}: there is no block {block}; there are {', '.join(blocks())}")
    return block


def stop(message: str) -> None:
    """End with a line on standard error and status 1."""
    print(message, file=sys.stderr)
    raise SystemExit(1)
