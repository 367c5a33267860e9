"""Tests of contracts: files of SQL with directives in comments, played on an engine in memory."""
