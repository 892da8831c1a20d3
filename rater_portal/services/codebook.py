"""What stands in each column of what leaves the portal, and what each code stands for."""

from collections.abc import Iterable, Mapping
from typing import Final

import pandas as pd

from analysis.table import COLUMNS
from rater_portal.services.check_table import CHECK_COLUMNS
from rater_portal.services.decisions import DECISION_COLUMNS
from rater_portal.services.export import REVISION_COLUMNS
from rater_portal.services.image_table import IMAGE_COLUMNS
from rater_portal.services.supplements import MARK_COLUMNS, SKIP_COLUMNS
from rubrics.schema import Item, Rubric

PROFILE: Final = "rater_*"
ITEM_COLUMNS: Final = ("rubric", "rubric_version", "item", "kind", "text", "code", "label", "score")
TABLES: Final[Mapping[str, tuple[str, ...]]] = {
    "judgments": (*COLUMNS, PROFILE),
    "revisions": REVISION_COLUMNS,
    "marks": MARK_COLUMNS,
    "skips": SKIP_COLUMNS,
    "checks": CHECK_COLUMNS,
    "adjudications": DECISION_COLUMNS,
    "items": ITEM_COLUMNS,
}
"""Every table that leaves the portal whatever the study, and its columns."""

WITH_IMAGES: Final[Mapping[str, tuple[str, ...]]] = {**TABLES, "images": IMAGE_COLUMNS}
"""The same of a study whose questions show images."""

MEANINGS: Final[Mapping[str, str]] = {
    "active_seconds": "Seconds at work on the unit by the server's clock, pauses cut off.",
    "adjudicated": "The code that the adjudicator gave.",
    "adjudicated_at": "When the adjudicator decided, UTC.",
    "adjudicator": "Pseudonym of who decided.",
    "agreeing": "How many raters gave the most frequent code.",
    "attempt": "The how-manieth time; above 1 only for training that is repeated.",
    "code": "What was given: an option's code, 1 or 0 for each of several options, a number, text.",
    "comment": "The rater's own words about it.",
    "dataset": "The question set.",
    "end": "First code point of the panel's plain text that is not marked.",
    "height": "Of the upright image, in px.",
    "item": "Id of the question of the rubric; of several options `<item>.<option>`.",
    "kind": "What was judged at once: `single`, `pair` or `counterfactual`.",
    "label": "What raters read.",
    "majority": "The code that more raters gave than any other; empty for a tie.",
    "number": "Place of the image among those of its question, from 1.",
    "panel": "What was marked: `question` or `answer`.",
    "png_sha256": "Digest of `images/SHA256.png`: what raters were shown.",
    "purpose": "Why the unit was judged: `study`, `training`, `gold`, `attention` or `repeat`.",
    "question_2_id": "Id of the second question; counterfactual units only.",
    "question_id": "Id of the question.",
    "quote": "The marked words.",
    "rater_*": "What raters said of themselves, a column each, as far as the study exports it.",
    "rater_group": "Group of the raters.",
    "rater_id": "Pseudonym of the rater.",
    "raters": "How many raters were asked the item.",
    "reason": "Why, in the rater's own words.",
    "revision": "1 for what was said first, 2 for the first change, and so on.",
    "right": "Whether the two fit; empty where nobody can tell.",
    "rubric": "Id of the rubric.",
    "rubric_version": "Its version.",
    "score": "The number that stands for the code, where the rubric has one.",
    "seed": "The question that the unit's questions were made from.",
    "sentence": "Number of the sentence in which the mark begins.",
    "sha256": "Digest of the file that the question came with, as in the answer file.",
    "shown_first": "The slot that was shown on the left, or on top: A or B.",
    "skipped_at": "When it was left out, UTC.",
    "slot": "A or B of the unit, never left or right of the screen.",
    "source": "Model and prompt of the marked answer; empty for questions.",
    "source_a": "Model and prompt of the answer in slot A.",
    "source_b": "Model and prompt of the answer in slot B; empty for single answers.",
    "start": "First code point of the panel's plain text that is marked.",
    "study": "Name of the study.",
    "submitted_at": "When it was submitted, UTC.",
    "synthetic": "Whether a simulated rater judged.",
    "text": "What the item asks.",
    "tie": "Whether two codes or more were given equally often, and most often.",
    "unit_id": "Hash of kind and answers: what was judged at once.",
    "width": "Of the upright image, in px.",
    "expected": "The right codes, `;` between several; of a repeat what was given the first time.",
}
ELSEWHERE: Final[Mapping[tuple[str, str], str]] = {
    ("items", "kind"): "What can be given: `choice`, `multichoice`, `scale`, `text`, ...",
    ("items", "item"): "Id of the question of the rubric.",
    ("items", "code"): "Code of one option; empty where the item has none.",
    ("skips", "kind"): "`skip`: would rather not; `cannot_judge`: could not be judged.",
    ("skips", "reason"): "The reason that was chosen.",
    ("images", "purpose"): "Why the unit is judged: `study`, `training`, `gold` or `attention`.",
    ("checks", "item"): "Id of the item; of a check outside the portal the check's name.",
    ("checks", "code"): "What was given, `;` between several codes.",
}
"""Meanings that differ from those of other tables."""


def codebook(tables: Mapping[str, tuple[str, ...]] = TABLES) -> pd.DataFrame:
    """Table, column and meaning of everything that leaves the portal in these tables."""
    rows = [
        (table, column, ELSEWHERE.get((table, column), MEANINGS[column]))
        for table, columns in tables.items()
        for column in columns
    ]
    return pd.DataFrame(rows, columns=["table", "column", "meaning"])


def items(rubrics: Iterable[Rubric]) -> pd.DataFrame:
    """What each code of each item stands for, in the words of the rubric's own language."""
    rows = [
        (rubric.id, rubric.version, item.id, item.kind, item.text, *option)
        for rubric in rubrics
        for item in rubric.items
        for option in _options(item)
    ]
    return pd.DataFrame(rows, columns=list(ITEM_COLUMNS))


def _options(item: Item) -> list[tuple[str | None, str | None, float | None]]:
    """One row without an option for what is answered in words or numbers."""
    return [(one.code, one.label, one.score) for one in item.options] or [(None, None, None)]
