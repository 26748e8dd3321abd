// SPDX-License-Identifier: Apache-2.0
// The whole package: every block, then the chiplet.
-f ../common/common.f
-f ../dimc/dimc.f
-f ../vector/vector.f
-f ../core/core.f
-f ../link/link.f
-f ../chiplet/chiplet.f
../chiplet/core_memory.v
../chiplet/core_registers.v
../chiplet/core_unit.v
../chiplet/memory_port.v
../chiplet/dma.v
../chiplet/link_unit.v
../chiplet/macro_unit.v
../chiplet/chiplet.v
host_port.v
tessera_package.v
