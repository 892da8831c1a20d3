"""From several ratings of a unit to one: votes, and models of who errs how."""
