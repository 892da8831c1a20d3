"""A question file becomes records: CSV, JSONL, Parquet or workbook, with or without a header.

Text is never cleaned and no row is ever lost. A file is loaded whole or refused whole, with every
problem named by file, line and remedy. What the published files are known or allowed to repeat is
kept and noted; in anyone's own file a repetition that no id explains is a mistake.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from equitymedqa.catalog import CatalogEntry, find_set
from equitymedqa.columns import Layout, layout_of
from equitymedqa.fields import as_text, fault_of, stable_id, unstorable
from equitymedqa.image_files import ImageFileError, image_records
from equitymedqa.problems import Problem, QuestionFileError, is_in_sheet, row_number
from equitymedqa.reading import Reading, read_file
from equitymedqa.records import ImageRecord, PairRecord, QuestionRecord, QuestionSet
from equitymedqa.text_files import Entry


@dataclass(frozen=True)
class Examination:
    """What a file holds and all that is wrong with it."""

    reading: Reading
    layout: Layout | None
    """None if the columns cannot be told apart."""

    content: QuestionSet
    """What could be read: the whole file if there is no problem, else not to be used."""

    problems: list[Problem]
    notes: list[str]
    """What is unusual and was kept."""


def load_questions(
    path: Path, *, dataset: str | None = None, sheet: str | None = None
) -> QuestionSet:
    """All questions and pairs of one file.

    Parameters
    ----------
    path
        A file ending in .csv, .jsonl, .parquet or .xlsx: a released one, or one's own with the
        columns `question` (or `question_text`, `text`) or `question_1` and `question_2`, and
        ids where there are any. A column `image` (or `image_1` and `image_2`) names image files,
        relative to this one and separated by semicolons. All other columns become attributes.
    dataset
        Name of the set; by default the one that the file's name tells, else its stem.
    sheet
        Title of a workbook's sheet, where the set's name does not tell it.

    Raises
    ------
    QuestionFileError
        If anything in the file cannot be explained; it lists every problem.
    """
    examination = examine(path, dataset=dataset, sheet=sheet)
    if examination.problems:
        raise QuestionFileError(path, examination.problems)
    return examination.content


def load_set(name: str, *, folder: Path | None = None) -> QuestionSet:
    """A set of the catalogue: our own from this package, a published one from a folder.

    Raises
    ------
    UnknownSetError
        If the catalogue has no such set.
    QuestionFileError
        If its file is not there, or cannot be loaded.
    """
    entry = find_set(name)
    path = entry.path(folder)
    if not path.exists():
        raise QuestionFileError(path, [missing(entry, path)])
    return load_questions(path, dataset=entry.name)


def missing(entry: CatalogEntry, path: Path) -> Problem:
    """That a published set is not on this machine, and how to get it."""
    remedy = (
        f"Run `equitymedqa datasets fetch {entry.name}`, or download {entry.url} "
        f"and save it as {path}"
    )
    return Problem("", f"the file of {entry.title} is not there", remedy)


def examine(path: Path, *, dataset: str | None = None, sheet: str | None = None) -> Examination:
    """Read a file to its end and note all problems, not only the first.

    Raises
    ------
    QuestionFileError
        If there is no such file, its type is not known, its sheet cannot be told, or its
        questions are proposals that nobody has released.
    """
    reading = read_file(path, dataset=dataset, sheet=sheet)
    table = reading.table
    assembly = _Assembly(reading, path.parent, problems=list(table.problems))
    layout = layout_of(table.columns) if table.columns else None
    if isinstance(layout, Problem):
        assembly.problems.append(layout)
        layout = None
    if layout:
        assembly.add_all(layout)
    if not assembly.questions and not assembly.problems:
        remedy = "Write at least one question into it"
        assembly.problems.append(Problem("", "the file holds no questions", remedy))
    problems = sorted(assembly.problems, key=lambda problem: row_number(problem.place))
    return Examination(reading, layout, assembly.content(), problems, assembly.notes)


@dataclass
class _Assembly:
    """The records of one file so far, and what could not become one."""

    reading: Reading
    folder: Path
    problems: list[Problem]
    notes: list[str] = field(default_factory=list)
    questions: dict[str, QuestionRecord] = field(default_factory=dict)
    pairs: dict[str, PairRecord] = field(default_factory=dict)
    first_places: dict[tuple[str, str], str] = field(default_factory=dict)
    """Where an id was first used, by kind and id."""

    @property
    def is_published(self) -> bool:
        return self.reading.entry is not None and not self.reading.entry.bundled

    def content(self) -> QuestionSet:
        questions, pairs = list(self.questions.values()), list(self.pairs.values())
        return QuestionSet(self.reading.dataset, questions, pairs)

    def add_all(self, layout: Layout) -> None:
        entry, table = self.reading.entry, self.reading.table
        if entry and entry.shape != layout.shape:
            found = f"the file holds {layout.shape}, but {entry.title} is a set of {entry.shape}"
            self._refuse("", found, "Check which file this is, or name another set")
        for place in table.blank:
            self._add_blank(place, is_text=len(table.columns) == 1)
        for row in table.entries:
            if layout.shape == "pairs":
                self._add_pair(row, layout)
            else:
                self._add_question(row, layout)

    def _add_blank(self, place: str, *, is_text: bool) -> None:
        if is_text and not self.is_published:
            found, remedy = "the row is blank", "Delete the row, or fill it in"
            if not is_in_sheet(place):
                found = "the line is blank"
                remedy = "Delete the line, or put a text of several lines in double quotes"
            self._refuse(place, found, remedy)
        else:
            self.notes.append(f"{place} is blank and was passed over")

    def _add_question(self, row: Entry, layout: Layout) -> None:
        question = self._question(row, layout, side=0, attributes=self._extra(row, layout))
        if question is None:
            return

        has_id = layout.ids[0] is not None
        free = self._free_id("question", question.question_id, row.place, has_id=has_id)
        self.questions[free] = question.model_copy(update={"question_id": free})

    def _add_pair(self, row: Entry, layout: Layout) -> None:
        first, second = (self._member(row, layout, side) for side in (0, 1))
        attributes = self._extra(row, layout)
        if first is None or second is None:
            return

        ids = (first.question_id, second.question_id)
        if ids[0] == ids[1]:
            self._keep_or_refuse(row.place, "both questions of the pair are the same")
        pair_id: str | None = stable_id(self.reading.dataset, *ids, kind="pair-")
        if layout.pair_id:
            pair_id = self._sound(_as_id(row, layout.pair_id), row.place, "the id of the pair")
        if pair_id is None:
            return
        free = self._free_id("pair", pair_id, row.place, has_id=layout.pair_id is not None)
        self.pairs[free] = PairRecord(
            pair_id=free,
            dataset=self.reading.dataset,
            question_1=first,
            question_2=second,
            attributes=attributes,
        )

    def _member(self, row: Entry, layout: Layout, side: int) -> QuestionRecord | None:
        """One question of a pair: the same record wherever it recurs."""
        columns = {name: both[side] for name, both in layout.sided.items()}
        question = self._question(row, layout, side, self._attributes(row, columns))
        if question is None:
            return None

        known = self.questions.setdefault(question.question_id, question)
        place = self.first_places.setdefault(("question", question.question_id), row.place)
        if known != question:
            what = "text" if known.text != question.text else "attributes or images"
            found = f"the question {question.question_id!r} has other {what} than in {place}"
            self._refuse(row.place, found, "Give different questions different ids")
        return known

    def _question(
        self, row: Entry, layout: Layout, side: int, attributes: dict[str, str]
    ) -> QuestionRecord | None:
        name = "the question" if layout.shape == "questions" else f"question {side + 1}"
        column = layout.ids[side]
        text = self._sound(row.fields.get(layout.texts[side]), row.place, name)
        given = self._sound(_as_id(row, column), row.place, f"the id of {name}") if column else None
        images = self._images(row, layout.images[side])
        if text is None or images is None or (column and given is None):
            return None
        digests = (image.sha256 for image in images)
        return QuestionRecord(
            question_id=given or stable_id(self.reading.dataset, text, *digests),
            dataset=self.reading.dataset,
            text=text,
            attributes=attributes,
            images=images,
        )

    def _images(self, row: Entry, column: str | None) -> tuple[ImageRecord, ...] | None:
        """The images of one question; None if one of them cannot be shown to a model."""
        value = row.fields.get(column) if column else None
        if value is None or value == "":
            return ()
        names = self._sound(value, row.place, f"{column!r}")
        if names is None:
            return None
        try:
            return image_records(names, folder=self.folder)
        except ImageFileError as error:
            remedy = "Name a PNG or JPEG file, relative to the folder of the question file"
            self._refuse(row.place, str(error), remedy)
            return None

    def _sound(self, value: Any, place: str, name: str) -> str | None:
        fault = fault_of(value)
        if fault is None:
            return str(value)
        self._refuse(place, f"{name} is {fault}", "Fill it in as text, or delete the row")
        return None

    def _extra(self, row: Entry, layout: Layout) -> dict[str, str]:
        return self._attributes(row, {name: name for name in layout.extra})

    def _attributes(self, row: Entry, columns: dict[str, str]) -> dict[str, str]:
        """The fields that hold something, as text."""
        values = {name: row.fields.get(column) for name, column in columns.items()}
        texts = {name: as_text(value) for name, value in values.items() if value is not None}
        for name, text in texts.items():
            if fault := unstorable(text):
                self._refuse(row.place, f"{name!r} is {fault}", "Remove that character")
        return texts

    def _free_id(self, kind: str, wanted: str, place: str, *, has_id: bool) -> str:
        """The id itself; where a published file repeats a text, the id and a number."""
        first = self.first_places.get((kind, wanted))
        if first is None:
            self.first_places[kind, wanted] = place
            return wanted
        if has_id:
            self._refuse(
                place, f"the id {wanted!r} was used in {first}", "Give each row its own id"
            )
            return wanted
        self._keep_or_refuse(place, f"the same {kind} is in {first}")
        number = 2
        while (kind, f"{wanted}-{number}") in self.first_places:
            number += 1
        self.first_places[kind, f"{wanted}-{number}"] = place
        return f"{wanted}-{number}"

    def _keep_or_refuse(self, place: str, found: str) -> None:
        """Keep and note what a published file repeats; refuse it in anyone's own."""
        if self.is_published:
            self.notes.append(f"{place}: {found}")
        else:
            self._refuse(place, found, "Delete one, or give each an id in a column of its own")

    def _refuse(self, place: str, found: str, remedy: str) -> None:
        self.problems.append(Problem(place, found, remedy))


def _as_id(row: Entry, column: str) -> Any:
    value = row.fields.get(column)
    if isinstance(value, bool):
        return value
    # Libraries turn whole numbers into 1.0 once a column lacks one.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return as_text(value) if isinstance(value, int) else value
