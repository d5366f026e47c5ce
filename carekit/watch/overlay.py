"""A map on its image, for looking."""
