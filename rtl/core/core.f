// SPDX-License-Identifier: Apache-2.0
+incdir+.
core_fetch.v
core_decompress.v
core_decode.v
core_alu.v
core_muldiv.v
core_regfile.v
core_lsu.v
core_csr.v
core_rvfi.v
core_debug.v
core.v
