"""CARE itself, as the paper defines it: boxes and masks, maps of a class, the attention loss, metrics."""
