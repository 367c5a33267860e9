"""Merging: which transactions of another line go into a new block, in what order, and what they do there.

Plans over the object store and values; moves no reference and knows no worktree.
"""
