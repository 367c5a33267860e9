"""PL/pgSQL: parsed into `syntax`, compiled into Python around prepared statements, run beside the SQL of the engine."""
