"""Adversarial sets of one's own: made by a recipe, reviewed by people, and only then released."""
