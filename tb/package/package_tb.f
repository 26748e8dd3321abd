// SPDX-License-Identifier: Apache-2.0
// The package with its simulation models.
-f ../../rtl/package/package.f
d2d_channel.v
../common/link_probe.v
../common/link_channel.v
../common/stream_checker.v
../common/axi_memory.v
trace_checker.v
activity_trace.v
wave_window.v
queue_names.v
state_names.v
package_tb.v
