# SPDX-License-Identifier: Apache-2.0
"""make docs: reference pages, timing diagrams, status table and page, a check of every link."""

from __future__ import annotations

import re

from scripts import reference, status, timing
from tb.common.filelist import ROOT, relative
from tb.common.runner import missing_simulator

LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def broken_links() -> list[str]:
    """Links of README.md and docs/ that lead to no file."""
    broken = []
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]:
        for target in LINK.findall(page.read_text()):
            if "://" not in target and not (page.parent / target).exists():
                broken.append(f"{relative(page)}: {target} does not exist")
    return broken


def main() -> int:
    """Rewrite the generated pages; status 1 if a plan or a link is wrong."""
    reference.write()
    if reason := missing_simulator("icarus"):
        print(f"docs: timing diagrams are left as they are: {reason}")
    else:
        timing.write([])
    plans, errors = status.read_plans()
    nodes = status.all_nodes(plans)
    status.record(plans, nodes)
    errors += status.missing_tests(plans, nodes) + status.missing_plans(plans)
    errors += broken_links()
    for error in errors:
        print(f"docs: {error}")
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
