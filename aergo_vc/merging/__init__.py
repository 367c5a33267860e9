"""Merging: the source's transactions decided, replayed and, where a branch's law says so, settled.

Knows trees, blocks and the machine that executes; knows no workspace, no key and no user.
"""
