"""Regression models of ratings, with the units and the raters as random effects."""
