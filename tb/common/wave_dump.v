// SPDX-License-Identifier: Apache-2.0
//
// wave_dump: a second top level that writes every signal of the first into the VCD file +vcd=.
`default_nettype none

module wave_dump;
  reg [8*1024-1:0] path;

  initial begin
    if ($value$plusargs("vcd=%s", path)) begin
      $dumpfile(path);
      $dumpvars;
    end
  end
endmodule

`default_nettype wire
