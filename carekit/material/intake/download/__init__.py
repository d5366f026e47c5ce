"""Public data sets: where they are published, and how their files are fetched."""
