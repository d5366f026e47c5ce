"""Where images and boxes come from: drawn, taken in from other people's files, found without an annotator."""
