"""One notebook over a grid of parameters: planned, run side by side or on a cluster, resumed, collected in a table."""
