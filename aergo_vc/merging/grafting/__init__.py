"""Merges at the cost of what the target changed: what nothing touched is taken over instead of executed.

`merger` is the way in: it gathers what is known of the two sides.  `dividing` tells which transactions need not be
executed again, `watching` whether one that was executed met one that was not, `grafter` carries both out, and `files`
has the source's files and makes the block's of them.
"""
