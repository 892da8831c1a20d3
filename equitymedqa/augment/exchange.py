"""Decisions made in two places, a folder and a portal: what one has yet to learn of the other.

Pure values again. The same decision is the same choice about the same words at the same moment,
whatever it replaced where it was made.
"""

from collections.abc import Iterable, Sequence

from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.reviewing import Decision, following

SHOWN = 3
"""Ids in a message."""


def news(
    here: Sequence[Decision], there: Sequence[Decision], *, theirs_count: bool = False
) -> list[Decision]:
    """What was decided there and is not known here, each as it follows the last one here.

    Parameters
    ----------
    here, there
        Decisions of each place, in the order in which they were made.
    theirs_count
        Whether, of a candidate that was decided in both places, the last decision made there takes
        the place of the one made here.

    Raises
    ------
    AugmentError
        If candidates were decided in both places, unless theirs count.
    """
    ours, theirs = _by_candidate(here), _by_candidate(there)
    wanted: set[str] = set()
    torn = []
    for name, made in theirs.items():
        unknown = _unknown(ours.get(name, []), made)
        if unknown is None and not theirs_count:
            torn.append(name)
        wanted |= {one.decision_id for one in (made[-1:] if unknown is None else unknown)}
    if torn:
        raise BothDecidedError(torn)
    last = {name: made[-1] for name, made in ours.items()}
    learnt = []
    for one in there:
        if one.decision_id in wanted:
            last[one.candidate_id] = following(one, last.get(one.candidate_id))
            learnt.append(last[one.candidate_id])
    return learnt


class BothDecidedError(AugmentError):
    """Candidates were decided in the folder and in the portal, and neither knew of the other."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(sorted(names))
        shown = ", ".join(map(repr, self.names[:SHOWN]))
        more = ", ..." if len(self.names) > SHOWN else ""
        super().__init__(
            f"{len(self.names)} questions were decided both in the folder and in the portal "
            f"({shown}{more}); let the portal's decisions take the place of the folder's with "
            "`equitymedqa augment fetch --replace`"
        )


def _unknown(ours: Sequence[Decision], theirs: Sequence[Decision]) -> Sequence[Decision] | None:
    """What they decided about one candidate after our last; None if each decided alone."""
    acts = [_act(one) for one in theirs]
    if not ours:
        return theirs
    if (last := _act(ours[-1])) in acts:
        return theirs[acts.index(last) + 1 :]
    return [] if acts[-1] in [_act(one) for one in ours] else None


def _by_candidate(decisions: Iterable[Decision]) -> dict[str, list[Decision]]:
    found: dict[str, list[Decision]] = {}
    for decision in decisions:
        found.setdefault(decision.candidate_id, []).append(decision)
    return found


def _act(decision: Decision) -> tuple[object, ...]:
    said = decision.model_dump(exclude={"decision_id", "replaces"})
    return tuple(said[name] for name in sorted(said))
