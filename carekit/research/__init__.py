"""What repeats an experiment: its setting, its figures, the paper's studies, batches over a grid."""
