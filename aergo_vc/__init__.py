"""git-aergo: a signed, SQL-programmable ledger in any git repository."""

__version__ = "0.1.0"
