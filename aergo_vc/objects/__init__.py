"""The git object database: objects in and out, packs, references by compare-and-swap, locks, git's plumbing.

Owns pygit2 and dulwich.  Knows neither ledgers nor SQL.
"""
