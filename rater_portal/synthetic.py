"""Simulated raters for the demo: they judge through the same services as people, and are marked.

Each unit gets its own probability of being judged biased, drawn from a Beta distribution whose
mean is a group's published rate and whose intra-class correlation is its agreement. What no
source gives is an assumption, and says so.
"""

from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from sqlmodel import Session, col, select

from rater_portal.errors import StudyError
from rater_portal.models import Rater
from rater_portal.services.accounts import enrol_raters
from rater_portal.services.assignment import ShownUnit, next_assignment
from rater_portal.services.judging import submit
from rater_portal.services.studies import find_study, protocol_of
from rubrics.schema import Code, Item


@dataclass(frozen=True)
class GroupHabits:
    """How a group judges: probabilities of a code, and the correlation within a unit."""

    n_raters: int
    bias_rate: float
    bias_correlation: float
    counterfactual_rate: float = 0.0
    counterfactual_correlation: float = 0.0
    ideal_differ_rate: float = 0.0
    ideal_differ_correlation: float = 0.0


# Rates and alphas: Pfohl et al. (2024), Nature Medicine 30, 3590: Mixed MMQA-OMAQ for single
# answers (56/713, 155/710, 337/786; alpha .095 and .114 as implied by the published kappa), and
# CC-Manual for counterfactual units. A negative alpha cannot be simulated and becomes 0. No alpha
# was published for consumers: .10 is an assumption.
HABITS = {
    "physician": GroupHabits(6, 0.079, 0.095, 0.127, 0.0, 0.57, 0.284),
    "health_equity_expert": GroupHabits(5, 0.218, 0.114, 0.183, 0.10, 0.66, 0.0),
    "consumer": GroupHabits(12, 0.429, 0.10),
}

# Assumptions, since nothing was published: how often bias is called severe, how often one of two
# answers is worse, how often a dimension is ticked once there is bias, and how alike answers are.
SEVERE_SHARE = 0.25
ONE_IS_WORSE = 0.35
PER_DIMENSION = 0.3
SIMILARITY = (0.15, 0.30, 0.35, 0.20)


class SimulatedGroup:
    """One group's way of judging, with every unit's own probabilities.

    The codes follow from the seed, the unit, and how many of the group have judged it before: not
    from who they are, since pseudonyms and with them the order of units differ in every study.
    """

    def __init__(self, habits: GroupHabits, group: str, seed: int) -> None:
        self._habits = habits
        self._group = group
        self._seed = seed
        self._judged: Counter[int] = Counter()

    def judge(self, unit: ShownUnit) -> dict[str, Code | None]:
        """Codes for each item that is shown, given the codes before it."""
        number = self._number(unit, unit.rubric.id)
        self._random = np.random.default_rng([self._seed, number, self._judged[number]])
        self._judged[number] += 1
        codes: dict[str, Code | None] = {}
        for item in unit.rubric.items:
            shown = item.show_if is None or item.show_if.holds(codes)
            if shown and item.role in _ANSWERS:
                codes[item.id] = _ANSWERS[item.role](self, item, unit)
        return codes

    def bias(self, item: Item, unit: ShownUnit) -> Code:
        """The item that asks whether there is bias."""
        habits = self._habits
        if unit.kind == "counterfactual":
            likely = self._of_unit(
                unit, item, habits.counterfactual_rate, habits.counterfactual_correlation
            )
        else:
            likely = self._of_unit(unit, item, habits.bias_rate, habits.bias_correlation)
        absent = [option.code for option in item.options if option.polarity == "favourable"]
        present = [option.code for option in item.options if option.polarity == "unfavourable"]
        if self._random.random() >= likely:
            return absent[0]
        severe = len(present) > 1 and self._random.random() < SEVERE_SHARE
        return present[-1] if severe else present[0]

    def dimensions(self, item: Item, unit: ShownUnit) -> Code:
        """The dimensions of bias: at least one."""
        ticked = [code for code in item.codes if self._random.random() < PER_DIMENSION]
        return ticked or [str(self._random.choice(item.codes))]

    def preference(self, item: Item, unit: ShownUnit) -> Code:
        """Which answer has more bias: by slot, so the side on the screen plays no part."""
        if self._random.random() >= ONE_IS_WORSE:
            return "neither"
        return "A" if self._random.random() < self._of_unit(unit, item, 0.5, 0.2) else "B"

    def ideal_answers(self, item: Item, unit: ShownUnit) -> Code:
        """Whether the ideal answers differ; never unsure, as almost nobody was."""
        habits = self._habits
        rate = self._of_unit(unit, item, habits.ideal_differ_rate, habits.ideal_differ_correlation)
        differ = self._random.random() < rate
        return "ideal_answers_differ" if differ else "ideal_answers_same"

    def similarity(self, item: Item, unit: ShownUnit) -> Code:
        """How alike the answers are."""
        return str(self._random.choice(item.codes, p=SIMILARITY))

    def _of_unit(self, unit: ShownUnit, item: Item, mean: float, correlation: float) -> float:
        """The unit's own probability: the same for all raters of the group."""
        if correlation <= 0:
            return mean
        spread = (1 - correlation) / correlation
        own = np.random.default_rng([self._seed, self._number(unit, item.id)])
        return float(own.beta(mean * spread, (1 - mean) * spread))

    def _number(self, unit: ShownUnit, purpose: str) -> int:
        """A number of the group's own for a unit, the same on every run."""
        texts = sorted((panel.slot, panel.text) for panel in unit.panels)
        return crc32(repr((self._group, purpose, texts)).encode())


_ANSWERS: Mapping[str | None, Callable[[SimulatedGroup, Item, ShownUnit], Code]] = {
    "bias": SimulatedGroup.bias,
    "dimensions": SimulatedGroup.dimensions,
    "preference": SimulatedGroup.preference,
    "ideal_answers": SimulatedGroup.ideal_answers,
    "similarity": SimulatedGroup.similarity,
}


def simulate_raters(
    session: Session, *, study: str, seed: int = 0, on_judgment: Callable[[], None] = lambda: None
) -> int:
    """Let simulated raters fill every place of a study; returns how many judgments they gave.

    Parameters
    ----------
    on_judgment
        Called after each judgment, for a progress bar.

    Raises
    ------
    StudyError
        If the protocol has a group whose habits are not known.
    """
    groups = [group.id for group in protocol_of(find_study(session, study)).groups]
    if unknown := sorted(set(groups) - set(HABITS)):
        raise StudyError(f"Nobody can be simulated for {unknown}; only for {sorted(HABITS)}.")

    n_judgments = 0
    for group in groups:
        habits = HABITS[group]
        simulated = SimulatedGroup(habits, group, seed)
        waiting = deque(_simulated_raters(session, study, group, habits.n_raters))
        while waiting:
            unit = next_assignment(session, rater_id=waiting[0])
            if unit is None:
                waiting.popleft()
                continue
            submit(
                session,
                assignment_id=unit.assignment_id,
                rater_id=waiting[0],
                codes=simulated.judge(unit),
                submission_id=unit.submission_id,
            )
            # Everyone in turn, so that no rater judges much more than another.
            waiting.rotate(-1)
            n_judgments += 1
            on_judgment()
    return n_judgments


def _simulated_raters(session: Session, study: str, group: str, n_raters: int) -> list[int]:
    """The group's simulated raters, made if they are not there yet."""
    found = session.exec(
        select(Rater.id).where(
            Rater.study_id == find_study(session, study).id,
            Rater.rater_group == group,
            col(Rater.synthetic).is_(True),
        )
    ).all()
    if found:
        return list(found)
    return enrol_raters(session, study=study, group=group, count=n_raters, synthetic=True)
