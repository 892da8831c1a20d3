"""Steps that bring the database to today's tables, run by the portal itself at start."""
