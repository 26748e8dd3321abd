+incdir+.
fifo.v
signature.v
