"""What the portal does, without a screen: each service takes a database session first."""
