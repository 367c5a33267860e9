"""The public Python API: one facade, whose verbs return results."""
