// SPDX-License-Identifier: Apache-2.0
// The die-to-die link: one end.
+incdir+rtl/link
rtl/common/fifo.v
rtl/common/sram_1p.v
rtl/link/link_crc.v
rtl/link/link_credit.v
rtl/link/link_replay.v
rtl/link/link_lane_tx.v
rtl/link/link_elastic.v
rtl/link/link_lane_lock.v
rtl/link/link_lane_check.v
rtl/link/link_lane_monitor.v
rtl/link/link_train.v
rtl/link/link_phy.v
rtl/link/link_tx_crc.v
rtl/link/link_tx.v
rtl/link/link_rx.v
rtl/link/link_rx_buffer.v
rtl/link/link_retry.v
rtl/link/link_counters.v
rtl/link/link_registers.v
rtl/link/link.v
