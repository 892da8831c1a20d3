"""A model as rater: whether its judgments can stand beside or in for those of people."""
