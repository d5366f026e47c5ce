"""Boxes without an annotator: an image in, boxes out, one method a file."""
