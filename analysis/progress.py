"""Long work says how far it is, and can be broken off at any step.

Functions that may take long have an argument `progress`, and call it between steps. Breaking off
(Ctrl-C, or the stop button of a notebook) loses nothing but the running call.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Is told how many steps are done, and of how many."""


def silent(done: int, total: int) -> None:
    """Say nothing."""


@contextmanager
def shown(title: str) -> Iterator[Progress]:
    """Show a bar with the time left, in a terminal or a notebook, while the block runs.

    Examples
    --------
    `with shown("Resampling") as progress: bootstrap(..., progress=progress)`
    """
    # Here, because the numbers need no screen.
    from rich.progress import Progress as Bars

    with Bars(transient=True) as bars:
        bar = bars.add_task(title, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total)
