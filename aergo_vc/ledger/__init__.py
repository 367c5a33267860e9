"""Blocks: execute transactions, build, verify and walk blocks.

Is handed rosters and entities as values; does not know where they come from.
"""
