"""Other people's files: found, understood, checked, and prepared."""
