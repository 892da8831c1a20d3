"""Answers by a model that runs here, through transformers and torch."""
