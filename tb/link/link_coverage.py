# SPDX-License-Identifier: Apache-2.0
"""Functional coverage of the link in random traffic: error kind x link state x credit state x
channel, sampled every few cycles for each stream, and what happened to the ends."""

from __future__ import annotations

from pyuvm import uvm_component

from tb.common.coverage import Coverage
from tb.link.link_env import CAUSES

ERRORS = ("none", "bits", "bursts", "dead_lane", "weak_lane", "vanish", "cut")
STATES = ("active", "training", "down")
CREDITS = ("none_used", "some_used", "all_used")
CHANNELS = ("bulk", "mgmt")
EVENTS = ("retrained", "lane_left_out", "lane_back", "reset_one", "reset_both", "forged_type",
          "forged_ack", "stalled_beat_withdrawn", "skew_changed")  # fmt: skip


def link_store() -> Coverage:
    """All points and crosses, without counts."""
    cov = Coverage("link_random")
    cov.point("error", ERRORS)
    cov.point("state", STATES)
    cov.point("credit", CREDITS)
    cov.point("channel", CHANNELS)
    cov.point("cause", CAUSES[1:], exclude={"training": "see unalignable of phy_fault_cases"})
    cov.point("event", EVENTS)
    for stream in ("tx", "mtx", "rx", "mrx"):
        cov.point(f"stall_{stream}", ["none", "random", "mostly", "burst"])
    cov.cross("errors", ["error", "state", "credit", "channel"])
    for stream in ("tx", "mtx", "rx", "mrx"):
        cov.cross(f"{stream}_stalls", [f"stall_{stream}", "state"])
    return cov


class LinkCoverage(uvm_component):
    """The store; the test samples it."""

    def build_phase(self) -> None:
        self.coverage = link_store()

    def event(self, name: str) -> None:
        self.coverage.sample(event=name)

    def report_phase(self) -> None:
        self.coverage.save()
