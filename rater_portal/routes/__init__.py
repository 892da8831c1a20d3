"""Routes that scripts of our own pages speak to, as JSON; the gate has let the caller in before."""
