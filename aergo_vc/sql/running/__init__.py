"""What carries plans out: a closed SQLite, the functions that it is given, and what is noted while it runs."""
