// SPDX-License-Identifier: Apache-2.0
// Two link ends, their channels and protocol checkers.
-f rtl/link/link.f
tb/common/stream_checker.v
tb/common/link_probe.v
tb/common/link_channel.v
