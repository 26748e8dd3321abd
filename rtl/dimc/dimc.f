// SPDX-License-Identifier: Apache-2.0
-f ../common/common.f
dimc_array.v
full_adders.v
adder_tree.v
dimc_plane.v
dimc_column.v
dimc_rows.v
dimc_array_structural.v
dimc_preload.v
dimc_results.v
dimc_accumulate.v
dimc_macro.v
