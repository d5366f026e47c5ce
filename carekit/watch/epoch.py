"""Attention over an epoch: batches without a box neither count nor turn the mean into NaN."""
