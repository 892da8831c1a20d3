"""Two answers side by side: which is preferred, how often, and beyond chance."""

from analysis.pairs.preferences import preference_shares

__all__ = ["preference_shares"]
