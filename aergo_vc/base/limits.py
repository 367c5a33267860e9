"""Limits that every machine applies alike, because a block within them on one must be within them on all.

They belong to the rule set: changing one is a format change (``docs/decisions/``).
"""

ROW_BYTES = 60_000
"""A row as a canonical JSON line, without its line feed."""

KEY_CODE_CHARACTERS = 2_000
"""A row's primary key in its order-preserving code."""

TABLE_COLUMNS = 500
"""Columns in one table."""

CHUNK_BYTES = 1 << 20
"""A chunk file, whatever its rows: readers refuse more before parsing."""

TRANSACTION_BYTES = 1 << 20
"""A transaction as a canonical JSON line."""

SCRIPT_CHARACTERS = 1 << 20
"""A script or the text of a contract."""

STATEMENTS = 20_000
"""Statements in one script."""

BLOCK_TRANSACTIONS = 100_000
"""Transactions in one block."""

BLOCK_FILE_BYTES = 128 << 20
"""``transactions.jsonl`` or ``receipts.jsonl`` of one block."""

DIRECTORY_BLOCK_BYTES = 64 << 10
"""Transactions and receipts of one block of the directory, together."""

OUTPUT_BYTES = 512 << 10
"""The events and the result of one transaction, as its receipt holds them."""

DIRECTORY_OUTPUT_BYTES = 1 << 10
"""The same in the directory."""

LAST_MOMENT = 253_402_300_799_999
"""The latest time of a block, in milliseconds since 1970: the end of the year 9999."""

LONGEST_SLOT = 86_400_000
"""A slot, in milliseconds."""

TRANSACTION_LIFETIME_BLOCKS = 4_096
"""How far back the block may lie that a transaction names as recent: beyond, it has expired."""

JSON_DEPTH = 32
"""Nesting of any stored JSON."""
