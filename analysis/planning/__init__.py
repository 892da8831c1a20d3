"""How many units and raters a study needs, before it is run."""
