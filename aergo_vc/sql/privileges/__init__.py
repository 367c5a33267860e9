"""Who may do what: grants, and what statements and definitions ask for."""
