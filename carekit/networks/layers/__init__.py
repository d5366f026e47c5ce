"""Which layer of a network makes its maps: hooks that keep what layers put out, and the last one that is spatial."""
