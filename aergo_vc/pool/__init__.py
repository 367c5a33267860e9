"""Pending transactions, until a block seals them."""
