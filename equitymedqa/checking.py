"""What `equitymedqa datasets check` says of a file: its shape, its counts, all that is wrong."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from reprlib import Repr

from equitymedqa.catalog import Count, Shape
from equitymedqa.loading import Examination, examine
from equitymedqa.problems import Problem, QuestionFileError

_shortening = Repr()
_shortening.maxstring = 60
shortened = _shortening.repr

LISTED = 100
"""How many problems and notes a report holds; their number is always told."""


@dataclass(frozen=True)
class FileReport:
    """One file, looked at whole."""

    path: Path
    dataset: str
    shape: Shape | None
    """None if the columns do not tell it."""

    columns: tuple[str, ...] | None
    """The names in the header; None if there is none."""

    n_questions: int
    """Different questions that could be read; for pairs, each is counted once."""

    n_pairs: int
    expected: tuple[Count, ...]
    """What the sources of a published set say; empty for anyone's own file."""

    problems: tuple[Problem, ...]
    n_problems: int
    notes: tuple[str, ...]

    @property
    def is_sound(self) -> bool:
        """Whether the file can be loaded."""
        return self.n_problems == 0

    @property
    def n_rows(self) -> int:
        """Pairs in a file of pairs, else questions."""
        return self.n_pairs if self.shape == "pairs" else self.n_questions

    @property
    def count_matches(self) -> bool | None:
        """Whether some source counts as many rows; None if no source does."""
        return any(count.rows == self.n_rows for count in self.expected) if self.expected else None


def check_file(path: Path, *, dataset: str | None = None, sheet: str | None = None) -> FileReport:
    """Look at a whole file; what is wrong with it is reported, never raised.

    Parameters
    ----------
    path
        A question file of any type and shape.
    dataset
        Name of the set; by default the one that the file's name tells, else its stem.
    sheet
        Title of a workbook's sheet, where the set's name does not tell it.
    """
    try:
        return _report(path, examine(path, dataset=dataset, sheet=sheet))
    except QuestionFileError as error:
        n = len(error.problems)
        return FileReport(path, dataset or path.stem, None, None, 0, 0, (), error.problems, n, ())


def _report(path: Path, examination: Examination) -> FileReport:
    reading, layout, content = examination.reading, examination.layout, examination.content
    report = FileReport(
        path=path,
        dataset=reading.dataset,
        shape=layout.shape if layout else None,
        columns=reading.table.columns if reading.table.has_header else None,
        n_questions=len(content.questions),
        n_pairs=len(content.pairs),
        expected=reading.entry.counts if reading.entry else (),
        problems=tuple(examination.problems[:LISTED]),
        n_problems=len(examination.problems),
        notes=(),
    )
    notes = (*_header_notes(report, examination), *_count_notes(report))
    return dataclasses.replace(report, notes=(*notes, *_listed(examination.notes)))


def _header_notes(report: FileReport, examination: Examination) -> list[str]:
    """What a person should look at where nothing but the words tell that there is no header."""
    if not report.is_sound or report.columns is not None or examination.reading.entry:
        return []
    first = shortened(examination.content.questions[0].text)
    what = "the first question of a pair" if report.shape == "pairs" else "a question"
    return [f"no header: the first row is taken as {what}: {first}"]


def _count_notes(report: FileReport) -> list[str]:
    """What to say where a file's length is none of the published ones."""
    if not report.is_sound or report.count_matches in {True, None}:
        return []
    sources = "; ".join(f"{count.rows} in {count.source}" for count in report.expected)
    notes = [f"the file has {report.n_rows} {report.shape}, against {sources}"]
    if any(count.rows == report.n_rows + 1 for count in report.expected):
        notes.append("one row is lost where a file without a header is read as if it had one")
    return notes


def _listed(notes: list[str]) -> list[str]:
    more = len(notes) - LISTED
    return notes[:LISTED] + ([f"and {more} more notes"] if more > 0 else [])
