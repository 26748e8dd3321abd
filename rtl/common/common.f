// SPDX-License-Identifier: Apache-2.0
+incdir+.
fifo.v
skid_buffer.v
arbiter.v
sram_1p.v
signature.v
