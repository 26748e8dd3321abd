-f ../common/common.f
dimc_array.v
dimc_accumulate.v
dimc_macro.v
