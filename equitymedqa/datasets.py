"""What the `equitymedqa datasets` commands show: plain values first, then how they are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from equitymedqa.catalog import CATALOG, CatalogEntry, find_set
from equitymedqa.checking import FileReport
from equitymedqa.loading import load_set
from equitymedqa.records import QuestionSet


@dataclass(frozen=True)
class SetDescription:
    """A set of the catalogue, and whether its file is on this machine."""

    entry: CatalogEntry
    path: Path
    is_here: bool


@dataclass(frozen=True)
class SetPreview:
    """A set and, if it is on this machine, what it holds."""

    description: SetDescription
    content: QuestionSet | None


def describe_catalog(folder: Path | None = None) -> list[SetDescription]:
    """All sets; the published ones are looked for in this folder, or in the default one."""
    return [_describe(entry, folder) for entry in CATALOG]


def show_set(name: str, *, folder: Path | None = None) -> SetPreview:
    """One set and its questions, if its file is on this machine.

    Raises
    ------
    UnknownSetError
        If the catalogue has no such set.
    QuestionFileError
        If its file cannot be loaded.
    """
    description = _describe(find_set(name), folder)
    content = load_set(name, folder=folder) if description.is_here else None
    return SetPreview(description, content)


def _describe(entry: CatalogEntry, folder: Path | None) -> SetDescription:
    path = entry.path(folder)
    return SetDescription(entry, path, path.exists())


def draw_catalog(descriptions: Sequence[SetDescription]) -> Table:
    """The list of all sets, one a row."""
    table = Table("name", "set", "rows", "shape", "licence", "here")
    for description in descriptions:
        entry = description.entry
        here = "bundled" if entry.bundled else "yes" if description.is_here else "no"
        rows = " or ".join(f"{count.rows:,}" for count in entry.counts)
        licence = entry.licence.split(",")[0]
        table.add_row(entry.name, entry.title, rows, entry.shape, licence, here)
    return table


def draw_set(preview: SetPreview, *, n_rows: int = 5) -> Group:
    """All that is known of a set, then its first questions or pairs."""
    entry, path = preview.description.entry, preview.description.path
    facts = Table.grid(padding=(0, 2))
    for label, value in _facts(entry):
        facts.add_row(Text(label, style="bold"), Text(value))
    if preview.content is None:
        return Group(
            facts, "", Text(f"Not here yet. To get it: equitymedqa datasets fetch {entry.name}")
        )
    facts.add_row(Text("file", style="bold"), Text(str(path)))
    return Group(facts, "", _first_rows(preview.content, n_rows))


def _facts(entry: CatalogEntry) -> list[tuple[str, str]]:
    counts = "; ".join(
        f"{count.rows:,} ({count.source}{'' if count.verified else ', not verified'})"
        for count in entry.counts
    )
    unique = f", of {entry.unique_questions} different questions" if entry.unique_questions else ""
    return [
        ("set", entry.published_name),
        (entry.shape, counts + unique),
        ("made", entry.made),
        ("rubrics", ", ".join(entry.rubrics)),
        ("licence", entry.licence),
        ("cite", entry.citation),
        ("note", entry.content_note),
    ]


def _first_rows(content: QuestionSet, n_rows: int) -> Table:
    # Text(...) everywhere: square brackets in a question are no markup.
    if content.pairs:
        table = Table("question 1", "question 2", "labels", show_lines=True)
        for pair in content.pairs[:n_rows]:
            fields = (pair.question_1.text, pair.question_2.text, _labels(pair.attributes))
            table.add_row(*(Text(field) for field in fields))
        return table
    table = Table("id", "question", "labels", show_lines=True)
    for question in content.questions[:n_rows]:
        fields = (question.question_id, question.text, _labels(question.attributes))
        table.add_row(*(Text(field) for field in fields))
    return table


def _labels(attributes: Mapping[str, str]) -> str:
    return "\n".join(f"{name}: {value}" for name, value in attributes.items())


def draw_report(report: FileReport) -> Group:
    """A checked file: what it holds, what is unusual, what is wrong and how to mend it."""
    lines: list[RenderableType] = [Text(f"{report.path}: {_summary(report)}")]
    lines += [Text(f"  note: {note}") for note in report.notes]
    lines += [Text(f"  {problem}", style="red") for problem in report.problems]
    if report.n_problems > len(report.problems):
        lines.append(Text(f"  ... and {report.n_problems - len(report.problems)} more problems"))
    return Group(*lines)


def _summary(report: FileReport) -> str:
    if report.shape is None or not report.is_sound:
        plural = "problem" if report.n_problems == 1 else "problems"
        return f"{report.n_problems} {plural}; nothing would be loaded"
    header = (
        "without a header" if report.columns is None else f"columns {', '.join(report.columns)}"
    )
    counts = f"{report.n_questions:,} questions"
    if report.shape == "pairs":
        counts = f"{report.n_pairs:,} pairs of {counts}"
    matches = {True: " (as listed)", False: " (not as listed)", None: ""}[report.count_matches]
    return f"set {report.dataset!r}, {counts}{matches}, {header}"
