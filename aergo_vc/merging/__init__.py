"""Merging: which transactions of one line of blocks go into another, in what order, and why some do not.

Knows blocks, states and machines, and no workspace: neither branches, nor worktrees, nor who signs.
"""
