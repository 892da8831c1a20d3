"""From a judgment table to agreement, rates and comparisons, each with its uncertainty.

Everything a notebook needs is importable from here. Arrays are units by raters, NaN for missing.
The names and where they live stand in `__init__.pyi`; each is imported when it is asked for, so
that who wants a coefficient does not wait for figures or models.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
