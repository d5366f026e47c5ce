"""Figures, tables and sentences of results, as a notebook shows them."""
