// SPDX-License-Identifier: Apache-2.0
//
// state_names: states of a link and of the firmware, in ASCII for waveform viewers.
//
// Contract: simulation only; drives nothing. Show `link` and `status` as ASCII; docs/registers.md
//   has the numbers (STATUS of a link, STATUS of the host port).
`default_nettype none

module state_names (
  input  wire [3:0]  link_state,
  input  wire [31:0] host_status
);
  reg [55:0] link;
  reg [55:0] status;

  always @* begin
    case (link_state)
      4'd0: link = "reset";
      4'd1: link = "detect";
      4'd2: link = "train";
      4'd3: link = "align";
      4'd4: link = "repair";
      4'd5: link = "active";
      4'd6: link = "retrain";
      4'd7: link = "down";
      4'd8: link = "raw";
      default: link = "?";
    endcase
    case (host_status)
      32'd0: status = "reset";
      32'd1: status = "booting";
      32'd2: status = "loading";
      32'd3: status = "ready";
      32'd4: status = "running";
      32'd5: status = "done";
      32'd15: status = "error";
      default: status = "?";
    endcase
  end
endmodule

`default_nettype wire
