// SPDX-License-Identifier: Apache-2.0
-f ../common/common.f
dimc_array.v
dimc_accumulate.v
dimc_macro.v
