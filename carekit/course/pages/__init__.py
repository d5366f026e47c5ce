"""The course as pages: run, reported, and built as a site."""
