// SPDX-License-Identifier: Apache-2.0
-f ../common/common.f
+incdir+build/gen
stash.v
stash_reader.v
stash_mux.v
semaphores.v
dispatch_queue.v
dispatcher.v
list_fetcher.v
command_front.v
send_engine.v
link_receiver.v
move_engine.v
mac_fetch.v
mac_sequencer.v
