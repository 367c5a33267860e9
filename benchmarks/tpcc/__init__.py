"""TPC-C with one warehouse, in process and on PostgreSQL."""
