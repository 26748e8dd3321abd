// SPDX-License-Identifier: Apache-2.0
-f ../common/common.f
+incdir+../common
+incdir+../../build/gen
vector_delay.v
vector_table.v
vector_function.v
vector_walker.v
vector_command.v
vector_reader.v
vector_issue.v
vector_lanes.v
vector_reducer.v
vector_post.v
vector_scalars.v
vector_held.v
vector_quantiser.v
vector_writer.v
vector_counters.v
vector_engine.v
