"""What raters say of themselves: optional, changed at will, and kept apart from judgments."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session, col, select

from rater_portal.database import transaction
from rater_portal.errors import NotAllowedError, PortalError
from rater_portal.language import mark
from rater_portal.models import Profile, Rater, Study
from rater_portal.services.events import record_event
from rater_portal.services.studies import protocol_of, rater_in_unlocked_study
from rubrics.conduct import (
    BETWEEN_CODES,
    NOT_SAID,
    SELF_DESCRIBED,
    TABLE_CODES,
    ProfileField,
)

LONGEST_TEXT: Final = 500
"""Characters of what a rater writes about oneself."""

UNSAID, SUPPRESSED = TABLE_CODES
"""Unsaid is also who was not asked, or did not want to say."""


class ProfileError(PortalError):
    """What came back does not answer the profile's questions."""


@dataclass(frozen=True)
class Answer:
    """What a rater said to one question."""

    codes: tuple[str, ...] = ()
    words: str = ""
    """Of the rater's own: never exported."""


@dataclass(frozen=True)
class ProfileSheet:
    """The questions in the rater's language, and what was said so far."""

    title: str
    fields: tuple[ProfileField, ...]
    answers: Mapping[str, Answer]
    saved_at: datetime | None
    synthetic: bool


def profile_sheet(session: Session, *, rater_id: int, language: str = "en") -> ProfileSheet:
    """The profile that this rater may fill in; it has no fields where the study asks for none."""
    rater, study = _rater_and_study(session, rater_id)
    row = session.get(Profile, rater.id)
    return ProfileSheet(
        title=study.title,
        fields=tuple(field.worded(language) for field in protocol_of(study).profile),
        answers=_answers(row),
        saved_at=row.saved_at if row else None,
        synthetic=study.synthetic,
    )


def save_profile(session: Session, *, rater_id: int, answers: Mapping[str, Answer]) -> None:
    """Keep what a rater said, in place of what was said before; what is left out is unsaid.

    Raises
    ------
    ProfileError
        If a question or a code is unknown, or a text is too long.
    NotAllowedError
        If the person is no rater, has left, or has not agreed to take part.
    """
    with transaction(session):
        _rater_and_study(session, rater_id)
        rater, study = rater_in_unlocked_study(session, rater_id)
        fields = {field.id: field for field in protocol_of(study).profile}
        if unknown := sorted(set(answers) - set(fields)):
            raise ProfileError(
                mark("This form has no question {name}. Please reload the page."), name=unknown[0]
            )
        said = {key: _checked(fields[key], answer) for key, answer in answers.items()}
        row = session.get(Profile, rater.id) or Profile(rater_id=rater.id)
        row.answers = {key: vars(answer) for key, answer in said.items() if answer != Answer()}
        row.saved_at = datetime.now(UTC)
        session.add(row)
        # That it was saved, and not what: the trail can never be cut, and a person may change it.
        record_event(session, study_id=study.id, actor_id=rater.id, action="profile.saved")


def attributes(
    session: Session, study_id: int, *, raters: Collection[int]
) -> dict[int, dict[str, str]]:
    """What leaves the portal about these raters, by rater and column.

    A value that fewer raters share than the field asks for is `suppressed`. Where the suppressed
    ones would be too few themselves, so that they could be told by elimination, the next smallest
    values are suppressed with them.

    Parameters
    ----------
    raters
        Ids of all whose judgments leave the portal, and of nobody else: who is not among them
        hides nobody.
    """
    fields = [f for f in protocol_of(session.get_one(Study, study_id)).profile if f.export]
    if not fields:
        return {}
    profiles = session.exec(
        select(Profile)
        .join(Rater, col(Rater.id) == col(Profile.rater_id))
        .where(Rater.study_id == study_id)
    )
    filled_in = {profile.rater_id: profile for profile in profiles}
    said = {rater_id: _answers(filled_in.get(rater_id)) for rater_id in raters}
    told: dict[int, dict[str, str]] = {rater_id: {} for rater_id in said}
    for field in fields:
        values = {rater_id: _value(answers.get(field.id)) for rater_id, answers in said.items()}
        hidden = too_few(values.values(), at_least=field.minimum_group)
        for rater_id, value in values.items():
            told[rater_id][f"rater_{field.id}"] = SUPPRESSED if value in hidden else value
    return told


def too_few(values: Iterable[str], *, at_least: int) -> set[str]:
    """Values that so few share that they are kept back, the smallest first."""
    hidden: set[str] = set()
    n_hidden = 0
    for value, count in sorted(Counter(values).items(), key=lambda pair: (pair[1], pair[0])):
        if count >= at_least and (n_hidden == 0 or n_hidden >= at_least):
            break
        hidden.add(value)
        n_hidden += count
    return hidden


def _answers(row: Profile | None) -> dict[str, Answer]:
    stored: dict[str, Any] = row.answers if row else {}
    return {
        key: Answer(codes=tuple(said["codes"]), words=said["words"]) for key, said in stored.items()
    }


def _value(answer: Answer | None) -> str:
    if answer is None or not answer.codes or NOT_SAID in answer.codes:
        return UNSAID
    return BETWEEN_CODES.join(answer.codes)


def _checked(field: ProfileField, answer: Answer) -> Answer:
    """An answer as it is stored: codes in the order of the file, each once."""
    words = answer.words.replace("\0", "").strip()
    if len(words) > LONGEST_TEXT:
        raise ProfileError(
            mark("Please shorten your text by {excess} characters for: {question}"),
            excess=len(words) - LONGEST_TEXT,
            question=field.text,
        )
    if NOT_SAID in answer.codes:
        return Answer(codes=(NOT_SAID,))
    offered = (*field.codes, *([SELF_DESCRIBED] if field.self_describe else []))
    if strange := [code for code in answer.codes if code not in offered]:
        raise ProfileError(
            mark("{code} is not one of the options for: {question}"),
            code=strange[0],
            question=field.text,
        )
    if field.kind == "choice" and len(answer.codes) > 1:
        raise ProfileError(
            mark("Please choose one of the options only for: {question}"), question=field.text
        )
    keeps_words = field.kind == "text" or SELF_DESCRIBED in answer.codes
    return Answer(
        codes=tuple(code for code in offered if code in answer.codes),
        words=words if keeps_words else "",
    )


def _rater_and_study(session: Session, rater_id: int) -> tuple[Rater, Study]:
    rater = session.get(Rater, rater_id)
    if rater is None or rater.role != "rater":
        raise NotAllowedError(mark("Only raters of a study can do this."))
    return rater, session.get_one(Study, rater.study_id)
