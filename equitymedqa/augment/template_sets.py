"""Counterfactual sets from a file of templates: no model is involved, and nothing is drawn."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from equitymedqa.augment.candidates import (
    Candidate,
    CandidatePair,
    candidate_id,
    is_column_taken,
    pair_id,
)
from equitymedqa.augment.comparing import differing
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.folder import JobFolder, JobManifest, JobSettings, now
from equitymedqa.augment.release import Release, released_pairs, released_question
from equitymedqa.augment.templates import Template, parse_template, refuse_poor_options
from equitymedqa.fields import fault_of, unstorable
from equitymedqa.generation.identity import digest
from equitymedqa.records import QuestionRecord, Record

RECIPE = "template@1"
MOST = 5_000
"""Texts that one template may give: more are a mistake, and nobody could review them."""

Pairing = Literal["one", "all"]
"""`one`: pairs that differ in one slot alone; `all`: every pair of a template."""


class TemplateEntry(Record):
    """One template."""

    id: str = Field(min_length=1)
    text: str = Field(min_length=1)
    attributes: dict[str, str] = Field(default_factory=dict)
    """Labels of every pair made from it, such as `ideal_answers: same`."""

    @model_validator(mode="after")
    def _has_labels_of_its_own(self) -> Self:
        if taken := [name for name in self.attributes if is_column_taken(name)]:
            raise ValueError(f"no label can be called {taken[0]!r}: it is a column's name already")
        return self

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        for text in (self.id, *self.attributes, *self.attributes.values()):
            if fault := unstorable(text):
                raise ValueError(f"{text!r} is {fault}")
        return self


class TemplateFile(Record):
    """Templates that belong together."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    version: int = Field(gt=0)
    source: str = ""
    language: str = "en"
    """In English, `a` and `an` follow the words in a slot."""

    slots: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Options that several templates share."""

    templates: tuple[TemplateEntry, ...] = Field(min_length=1)


def read_templates(path: Path) -> TemplateFile:
    """The templates of a YAML file.

    Raises
    ------
    AugmentError
        If the file cannot be read, or holds something else.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        found = TemplateFile.model_validate(content)
    except yaml.YAMLError as error:
        hint = "a text with slots is put in quotes, or in lines of its own below `text: >-`"
        raise AugmentError(f"{path} is no YAML: {error}\n({hint})") from error
    except UnicodeDecodeError as error:
        raise AugmentError(f"{path} is not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise AugmentError(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AugmentError(f"{path} is no file of templates: {key}: {first['msg']}") from error
    _refuse_repeated_ids(path, found)
    return found


def make_template_set(path: Path, *, folder: Path, pairing: Pairing = "one") -> JobManifest:
    """Fill the templates of a file into candidates for review.

    Raises
    ------
    AugmentError
        If a template cannot be used, or the folder holds another job.
    """
    file = read_templates(path)
    job = JobFolder(folder)
    candidates, pairs = expanded(path, file, pairing)
    begun = job.begin(
        JobSettings(
            recipe=RECIPE,
            has_pairs=True,
            seeds_sha256=digest(file.model_dump(mode="json")),
            n_seeds=len(file.templates),
            settings={"templates": f"{file.name}@{file.version}", "pairs": pairing},
            started_at=now(),
        )
    )
    dated = [one.model_copy(update={"created_at": begun.started_at}) for one in candidates]
    return job.finish(dated, pairs)


def written_by_hand(path: Path, *, dataset: str, pairing: Pairing = "one") -> Release:
    """The questions and pairs of a file of templates without a review.

    Whoever wrote the templates wrote every word, and answers for them.

    Raises
    ------
    AugmentError
        If a template cannot be used.
    """
    candidates, pairs = expanded(path, read_templates(path), pairing)
    questions = {
        one.candidate_id: released_question(one, text=one.text, dataset=dataset, review="none")
        for one in candidates
    }
    return Release(
        questions=tuple(questions.values()),
        pairs=tuple(released_pairs(pairs, questions, dataset=dataset)),
    )


def expanded(
    path: Path, file: TemplateFile, pairing: Pairing
) -> tuple[list[Candidate], list[CandidatePair]]:
    """All texts of all templates, and their pairs within each template.

    Raises
    ------
    AugmentError
        If a template cannot be used; the message names it.
    """
    candidates: list[Candidate] = []
    pairs: list[CandidatePair] = []
    for entry in file.templates:
        try:
            template = _parsed(entry, file)
            members = [_candidate(entry, file, template, chosen) for chosen in _chosen(template)]
            _refuse_unusable_texts(members)
        except AugmentError as error:
            raise AugmentError(f"{path}, template {entry.id!r}: {error}") from error
        candidates += members
        pairs += _pairs(members, entry, pairing)
    return candidates, pairs


def _parsed(entry: TemplateEntry, file: TemplateFile) -> Template:
    for name, words in file.slots.items():
        refuse_poor_options(name, words)
    is_english = file.language.partition("-")[0] == "en"
    return parse_template(entry.text, shared=file.slots, is_english=is_english)


def _chosen(template: Template) -> Iterator[Mapping[str, str]]:
    if template.n_combinations > MOST:
        raise AugmentError(f"its slots give {template.n_combinations} texts, more than {MOST}")
    return template.combinations()


def _candidate(
    entry: TemplateEntry, file: TemplateFile, template: Template, chosen: Mapping[str, str]
) -> Candidate:
    return Candidate(
        candidate_id=candidate_id(RECIPE, file.name, entry.id, entry.text, list(chosen.values())),
        text=template.filled(chosen),
        seed=QuestionRecord(question_id=entry.id, dataset=file.name, text=entry.text),
        recipe=RECIPE,
        prompt_version=f"{file.name}@{file.version}",
        identity=dict(chosen),
        created_at=now(),
    )


def _pairs(
    members: list[Candidate], entry: TemplateEntry, pairing: Pairing
) -> Iterator[CandidatePair]:
    for first, second in combinations(members, 2):
        slots = differing(first.identity, second.identity)
        if pairing == "all" or len(slots) == 1:
            yield CandidatePair(
                pair_id=pair_id(first.candidate_id, second.candidate_id),
                first=first.candidate_id,
                second=second.candidate_id,
                attributes={**entry.attributes, "seed": entry.id, "differs_in": ", ".join(slots)},
            )


def _refuse_repeated_ids(path: Path, file: TemplateFile) -> None:
    ids = [entry.id for entry in file.templates]
    if twice := sorted({name for name in ids if ids.count(name) > 1}):
        raise AugmentError(f"{path}: the id {twice[0]!r} stands for several templates")


def _refuse_unusable_texts(members: list[Candidate]) -> None:
    first: dict[str, Candidate] = {}
    for one in members:
        if fault := fault_of(one.text):
            raise AugmentError(f"{one.identity} gives a text that is {fault}")
        known = first.setdefault(one.text, one)
        if known is not one:
            raise AugmentError(
                f"{known.identity} and {one.identity} give the same text: {one.text!r}"
            )
