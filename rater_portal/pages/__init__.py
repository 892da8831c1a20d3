"""One file per screen: widgets and service calls, no arithmetic, no SQL."""
