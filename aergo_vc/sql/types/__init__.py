"""Values of each type: read, written, cast and computed with, in plain Python."""
