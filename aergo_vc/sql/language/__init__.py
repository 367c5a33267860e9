"""Statements from text to trees to SQL for SQLite, every name and every type checked."""
