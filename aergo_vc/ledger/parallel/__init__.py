"""A block's transactions executed in several processes at once, with the same results as one after the other."""
