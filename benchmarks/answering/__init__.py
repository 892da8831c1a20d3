"""Ways to answer the same questions, each in a process of its own."""
