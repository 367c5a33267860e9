"""What scripts come to, kept so that the next run need not load the parser."""
