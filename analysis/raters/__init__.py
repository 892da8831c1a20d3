"""How raters work: severity, drift, haste and habit, as questions to ask and not as verdicts."""
