"""From reviewed candidates to a question file that everything else here reads."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from equitymedqa.augment.candidates import Candidate, CandidatePair
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.reviewing import Reviewed
from equitymedqa.records import PairRecord, QuestionRecord


@dataclass(frozen=True)
class Release:
    """What people accepted, and what is left out."""

    questions: tuple[QuestionRecord, ...]
    pairs: tuple[PairRecord, ...]
    n_edited: int = 0
    """Of the questions."""

    n_rejected: int = 0
    n_undecided: int = 0


def released(
    state: Sequence[Reviewed],
    pairs: Iterable[CandidatePair],
    *,
    dataset: str,
    only_reviewed: bool = False,
) -> Release:
    """The accepted and edited questions, and the pairs of which both sides are among them.

    Parameters
    ----------
    dataset
        Name of the set to be.
    only_reviewed
        Whether candidates may be left that nobody decided about: they are left out.

    Raises
    ------
    AugmentError
        If candidates are undecided, nothing was accepted, or two questions have the same words.
    """
    undecided = [one.candidate.candidate_id for one in state if one.decision is None]
    if undecided and not only_reviewed:
        raise AugmentError(
            f"{len(undecided)} of {len(state)} proposed questions were not reviewed, such as "
            f"{undecided[0]!r}; review them, or release the reviewed ones with --only-reviewed"
        )
    questions = {
        one.candidate.candidate_id: released_question(
            one.candidate, text=one.text, dataset=dataset, review=one.decision.decision
        )
        for one in state
        if one.decision is not None and one.text is not None
    }
    if not questions:
        raise AugmentError("no question was accepted, so there is nothing to release")
    _refuse_same_words(questions.values())
    counts = Counter(one.decision.decision for one in state if one.decision is not None)
    return Release(
        questions=tuple(questions.values()),
        pairs=tuple(released_pairs(pairs, questions, dataset=dataset)),
        n_edited=counts["edit"],
        n_rejected=counts["reject"],
        n_undecided=len(undecided),
    )


def questions_csv(questions: Sequence[QuestionRecord]) -> str:
    """A file of questions, as `load_questions` reads it."""
    labels = _names(question.attributes for question in questions)
    rows = [
        [question.question_id, question.text, *_values(question.attributes, labels)]
        for question in questions
    ]
    return _csv(["question_id", "question_text", *labels], rows)


def pairs_csv(pairs: Sequence[PairRecord]) -> str:
    """A file of pairs, as `load_questions` reads it; what is said of each side ends in 1 or 2."""
    sides = [(pair.question_1, pair.question_2) for pair in pairs]
    sided = _names(one.attributes for both in sides for one in both)
    labels = _names(pair.attributes for pair in pairs)
    columns = ["pair_id", "question_1_id", "question_2_id", "question_1_text", "question_2_text"]
    columns += [f"{name}_{side}" for name in sided for side in (1, 2)]
    rows = [
        [
            pair.pair_id,
            *(one.question_id for one in both),
            *(one.text for one in both),
            *(one.attributes.get(name, "") for name in sided for one in both),
            *_values(pair.attributes, labels),
        ]
        for pair, both in zip(pairs, sides, strict=True)
    ]
    return _csv([*columns, *labels], rows)


def write_release(release: Release, out: Path, *, overwrite: bool = False) -> list[Path]:
    """Write the questions into a file, and pairs, if there are any, into one beside it.

    Parameters
    ----------
    overwrite
        Replace files that are there and hold something else.

    Raises
    ------
    AugmentError
        If the file's name does not end in .csv, or it would be replaced unasked.
    """
    if out.suffix.lower() != ".csv":
        raise AugmentError(f"{out}: questions are released as CSV; give a name that ends in .csv")
    contents = {out: questions_csv(release.questions).encode()}
    if release.pairs:
        contents[pairs_path(out)] = pairs_csv(release.pairs).encode()
    for path, content in contents.items():
        if not overwrite and path.exists() and path.read_bytes() != content:
            raise AugmentError(f"{path} is there already; choose another name, or add --overwrite")
    out.parent.mkdir(parents=True, exist_ok=True)
    for path, content in contents.items():
        path.write_bytes(content)
    return list(contents)


def pairs_path(out: Path) -> Path:
    """Where the pairs of a release are: beside its questions."""
    return out.with_name(f"{out.stem}_pairs{out.suffix}")


def released_question(
    candidate: Candidate, *, text: str, dataset: str, review: str
) -> QuestionRecord:
    """A candidate as a question of a set, with where it came from among its labels.

    Parameters
    ----------
    text
        As it was accepted or edited.
    review
        How it was decided.
    """
    return QuestionRecord(
        question_id=candidate.candidate_id,
        dataset=dataset,
        text=text,
        attributes={
            **candidate.identity,
            "seed": candidate.seed.question_id,
            "recipe": candidate.recipe,
            "prompt": candidate.prompt_version or "",
            "review": review,
        },
    )


def released_pairs(
    pairs: Iterable[CandidatePair], questions: Mapping[str, QuestionRecord], *, dataset: str
) -> Iterator[PairRecord]:
    """The proposed pairs of which both sides are released.

    Parameters
    ----------
    questions
        Those that are released, by candidate id.
    """
    for pair in pairs:
        if pair.status == "proposed" and pair.first in questions and pair.second in questions:
            yield PairRecord(
                pair_id=pair.pair_id,
                dataset=dataset,
                question_1=questions[pair.first],
                question_2=questions[pair.second],
                attributes=pair.attributes,
            )


def _refuse_same_words(questions: Iterable[QuestionRecord]) -> None:
    first: dict[str, str] = {}
    for question in questions:
        known = first.setdefault(question.text, question.question_id)
        if known != question.question_id:
            raise AugmentError(
                f"{known!r} and {question.question_id!r} have the same words by now; reject one, "
                "or edit it"
            )


def _names(attributes: Iterable[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for one in attributes for name in one))


def _values(attributes: Mapping[str, str], names: Sequence[str]) -> list[str]:
    return [attributes.get(name, "") for name in names]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()
