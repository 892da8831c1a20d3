"""From answers to units: what is judged, under which rubric, by how many raters of each group."""

import hashlib
import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from equitymedqa.records import AnswerRecord, QuestionRecord
from rater_portal.errors import StudyError
from rater_portal.services.image_intake import ImageFacts
from rubrics.schema import Assessment, Protocol, Rubric, UnitKind

OWN_SETS = "own"


@dataclass(frozen=True)
class PlannedUnit:
    """One unit before it has a row: what is shown, whose answers they are, who is needed."""

    kind: UnitKind
    answers: tuple[AnswerRecord, ...]
    seed: str | None = None
    raters: dict[tuple[str, str], int] = field(default_factory=dict)
    """Raters needed, by rubric and group."""

    @property
    def unit_id(self) -> str:
        """Stable hash of kind and answers."""
        named = json.dumps([self.kind, *(answer.answer_id for answer in self.answers)])
        return "u-" + hashlib.sha256(named.encode()).hexdigest()[:16]

    @property
    def sources(self) -> tuple[str, ...]:
        """The source of each answer, in slot order."""
        return tuple(answer.source for answer in self.answers)

    def panels(self, images: Mapping[str, ImageFacts]) -> list[dict[str, Any]]:
        """What is shown, in slot order: never who wrote it.

        Parameters
        ----------
        images
            All that the questions show, by the digest of the file.
        """
        if self.kind == "pair":
            first, second = self.answers
            return [
                question_panel(first.question, "A", images),
                _answer(first, "A"),
                _answer(second, "B"),
            ]
        return [
            panel
            for answer, slot in zip(self.answers, "AB", strict=False)
            for panel in (question_panel(answer.question, slot, images), _answer(answer, slot))
        ]


def plan_units(
    protocol: Protocol, rubrics: Mapping[str, Rubric], answers: Iterable[AnswerRecord]
) -> list[PlannedUnit]:
    """All units that a protocol makes of these answers; answers that failed are left out.

    Parameters
    ----------
    rubrics
        By the name that the protocol has for each.

    Raises
    ------
    StudyError
        If a source answers a question twice, two were shown other images with a question on which
        they are compared, or no unit comes out, with what was missing.
    """
    by_set: dict[str, list[AnswerRecord]] = defaultdict(list)
    for answer in _told_apart(answer for answer in answers if has_text(answer)):
        by_set[answer.question.dataset].append(answer)
    if not by_set:
        raise StudyError("No unit can be made: there is no answer with a text.")

    units: dict[str, PlannedUnit] = {}
    for assessment in protocol.assessments:
        rubric = rubrics[assessment.rubric]
        for name in _sets(assessment, protocol, by_set):
            for unit in ARRANGEMENTS[rubric.unit](by_set[name]):
                planned = units.setdefault(unit.unit_id, unit)
                for group, raters in assessment.raters.items():
                    planned.raters[rubric.id, group] = raters
    if not units:
        raise StudyError(
            f"No unit can be made: the protocol {protocol.id!r} and the answers to the sets "
            f"{sorted(by_set)} do not meet. A pair needs two sources, a counterfactual unit both "
            "questions of a pair."
        )
    return list(units.values())


def has_text(answer: AnswerRecord) -> bool:
    """Whether there is anything to judge."""
    return answer.finish_reason != "error" and bool(answer.text.strip())


def is_cut(answer: AnswerRecord) -> bool:
    """Whether the text ends where the token limit was."""
    return answer.finish_reason == "length" and has_text(answer)


def _told_apart(answers: Iterable[AnswerRecord]) -> Iterator[AnswerRecord]:
    """The same answers, once it is sure that no two would be taken for one another."""
    seen: set[tuple[str, str, str, int]] = set()
    for answer in answers:
        question = answer.question
        key = (question.dataset, question.question_id, answer.source, answer.answer_index)
        if key in seen:
            raise StudyError(
                f"{answer.source!r} answers question {question.question_id!r} of set "
                f"{question.dataset!r} twice. Give only one file of each source, or give the "
                "second its own source."
            )
        seen.add(key)
        yield answer


def _sets(assessment: Assessment, protocol: Protocol, present: Mapping[str, Any]) -> Sequence[str]:
    named = {name for line in protocol.assessments for name in line.sets}
    own = [name for name in present if name not in named]
    wanted = [name for name in assessment.sets if name in present]
    return wanted + (own if OWN_SETS in assessment.sets else [])


def _single(answers: Sequence[AnswerRecord]) -> Iterator[PlannedUnit]:
    for answer in answers:
        yield PlannedUnit("single", (answer,), seed=_seed(answer))


def _seed(answer: AnswerRecord) -> str | None:
    """What the question was made from: said of the question, or of a pair that it belongs to."""
    told = [answer.question.attributes, *(pair.attributes for pair in answer.pairs)]
    return next((seen["seed"] for seen in told if seen.get("seed")), None)


def _pair(answers: Sequence[AnswerRecord]) -> Iterator[PlannedUnit]:
    """Every two sources' answers to one question, slots in the order of the sources' names."""
    by_question: dict[str, dict[tuple[str, int], AnswerRecord]] = defaultdict(dict)
    for answer in answers:
        # A question of a counterfactual pair is compared with its twin, not between sources.
        if not answer.pairs:
            by_question[answer.question.question_id][answer.source, answer.answer_index] = answer
    for written in by_question.values():
        ordered = [written[key] for key in sorted(written)]
        for first, second in itertools.combinations(ordered, 2):
            if first.source != second.source and first.answer_index == second.answer_index:
                _check_images(first, second)
                yield PlannedUnit("pair", (first, second), seed=_seed(first))


def _check_images(first: AnswerRecord, second: AnswerRecord) -> None:
    """Refuse a pair whose one question would have to be shown in two ways."""
    asked = [[image.sha256 for image in one.question.images] for one in (first, second)]
    if asked[0] != asked[1]:
        question = first.question
        raise StudyError(
            f"{first.source!r} and {second.source!r} were not shown the same images with question "
            f"{question.question_id!r} of set {question.dataset!r}, so that their answers cannot "
            "be compared. Generate both from the same question file."
        )


def _counterfactual(answers: Sequence[AnswerRecord]) -> Iterator[PlannedUnit]:
    """Both questions of a pair, answered by one source; slot A is the file's first question."""
    sides: dict[tuple[str, str, int], dict[int, AnswerRecord]] = defaultdict(dict)
    seeds: dict[str, str | None] = {}
    for answer in answers:
        for pair in answer.pairs:
            sides[pair.pair_id, answer.source, answer.answer_index][pair.position] = answer
            seeds[pair.pair_id] = pair.attributes.get("seed")
    for (pair_id, _, _), side in sides.items():
        if len(side) == 2:
            yield PlannedUnit("counterfactual", (side[1], side[2]), seed=seeds[pair_id])


ARRANGEMENTS = {"single": _single, "pair": _pair, "counterfactual": _counterfactual}


def question_panel(
    question: QuestionRecord, slot: str, images: Mapping[str, ImageFacts]
) -> dict[str, Any]:
    """A question as its unit shows it, with its images by the digest of the file."""
    panel: dict[str, Any] = {"kind": "question", "slot": slot, "text": question.text}
    if question.images:
        # Only then: without images a panel stays what it was before there were any.
        panel["images"] = [asdict(images[one.sha256]) for one in question.images]
    return panel


def _answer(answer: AnswerRecord, slot: str) -> dict[str, Any]:
    return {
        "kind": "answer",
        "slot": slot,
        "text": answer.text,
        "is_cut": answer.finish_reason == "length",
        "answer_id": answer.answer_id,
    }
