// SPDX-License-Identifier: Apache-2.0
// One round of each kernel; seed and checksums come as macros.
#include "device.h"
#include "../kernels/kernels.h"

int main(void) {
  volatile uint32_t seed = SEED;
  uint32_t start = seed;
  CHECK(list_kernel(start, 1) == LIST);
  CHECK(matrix_kernel(start, 1) == MATRIX);
  CHECK(state_kernel(start, 1) == STATE);
  CHECK(crc_kernel(start, 1) == CRC);
  finish(1);
  return 0;
}
