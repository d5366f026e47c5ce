"""From a source in its publisher's layout to a prepared data set."""
