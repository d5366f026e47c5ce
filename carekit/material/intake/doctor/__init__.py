"""Looks a data set over, raw or prepared."""
