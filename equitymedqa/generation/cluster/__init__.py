"""One job over the machines of a Ray cluster, through Ray Data."""
