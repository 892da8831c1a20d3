"""Every question set that has a name here: the published ones and our own sample.

Facts come from the release itself, the authors' analysis code, the paper (Pfohl et al. 2024) and
public reading notes that quote it. What was derived, or found in no primary source, is marked
`verified=False`. Counts are for comparison only: the paper and the released files disagree about
one set.
"""

import difflib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Shape = Literal["questions", "pairs"]

REPOSITORY = "katielink/EquityMedQA"
REVISION = "ae9bb54e1e70b9894896c1b88f2c145869f29993"
SAMPLE_FOLDER = Path(__file__).parent / "sample"

_PAPER = "Pfohl et al. (2024), Nature Medicine 30:3590, doi:10.1038/s41591-024-03258-2"
_CC_BY = "CC BY 4.0, (c) Google LLC"
_ADVERSARIAL = "Adversarial by design; some questions are offensive. Not medical advice."
_PLAIN = "Consumer health questions. Not medical advice."
_INDEPENDENT, _PAIRWISE = "equitymedqa-independent", "equitymedqa-pairwise"
_COUNTERFACTUAL = "equitymedqa-counterfactual"


class UnknownSetError(ValueError):
    """No set of the catalogue has this name."""


@dataclass(frozen=True)
class Count:
    """How many rows a source says a set has."""

    rows: int
    source: str
    verified: bool = True
    """False if derived or recalled rather than seen in a primary source."""


@dataclass(frozen=True, kw_only=True)
class CatalogEntry:
    """One question set: what it is, where it lies, and on what terms."""

    name: str
    """Also the configuration name in the release, for a published set."""

    title: str
    published_name: str
    """How the published rating files name the set in their `dataset` column."""

    shape: Shape = "questions"
    file: str
    counts: tuple[Count, ...]
    """Rows: questions, or pairs. Several where sources disagree."""

    unique_questions: int | None = None
    """For pairs: how many questions they are made of."""

    made: str
    """By whom, or by what, the questions were written."""

    rubrics: tuple[str, ...] = (_INDEPENDENT, _PAIRWISE)
    licence: str = _CC_BY
    citation: str = _PAPER
    content_note: str = _ADVERSARIAL
    workbook_sheet: int | None = None
    """Position, from 1, in the published workbook, where known."""

    sha256: str | None = None
    """Digest of the released file, where known."""

    bundled: bool = False
    """Whether the file is our own and comes with this package."""

    @property
    def url(self) -> str | None:
        """Where the released file can be had; None for our own."""
        if self.bundled:
            return None
        return f"https://huggingface.co/datasets/{REPOSITORY}/resolve/{REVISION}/{self.file}"

    def path(self, folder: Path | None = None) -> Path:
        """Where the file lies: in this folder, or in the default one."""
        if self.bundled:
            return SAMPLE_FOLDER / self.file
        return (folder or default_folder()) / self.file


def _published(rows: int) -> tuple[Count, ...]:
    return (Count(rows, "Pfohl et al. (2024)"),)


def _written(rows: int) -> tuple[Count, ...]:
    return (Count(rows, "this package"),)


_CC0, _OURS = "CC0 1.0", "the sample of this package; no citation needed"

CATALOG: tuple[CatalogEntry, ...] = (
    CatalogEntry(
        name="omaq",
        title="OMAQ",
        published_name="Open-ended Medical Adversarial Queries (OMAQ)",
        file="equitymedqa_omaq.csv",
        counts=_published(182),
        made="by people: explicit and implicit adversarial questions on six health topics",
    ),
    CatalogEntry(
        name="ehai",
        title="EHAI",
        published_name="Equity in Health AI (EHAI)",
        file="equitymedqa_ehai.csv",
        counts=_published(300),
        made="by people in participatory research: implicit adversarial questions, US disparities",
    ),
    CatalogEntry(
        name="fbrt_manual",
        title="FBRT-Manual",
        published_name="Failure-Based Red Teaming - Manual (FBRT-Manual)",
        file="equitymedqa_fbrt_manual.csv",
        counts=_published(150),
        made="by people, from 121 failures of Med-PaLM 2 that a physician flagged",
    ),
    CatalogEntry(
        name="fbrt_llm",
        title="FBRT-LLM",
        published_name="Failure-Based Red Teaming - LLM (FBRT-LLM)",
        file="equitymedqa_fbrt_llm.csv",
        counts=(
            Count(3558, "Pfohl et al. (2024)"),
            Count(3607, "the released file, derived from a public dump", verified=False),
        ),
        made="by Med-PaLM 2, which mutated the same 121 failures",
    ),
    CatalogEntry(
        name="fbrt_llm_661_sampled",
        title="FBRT-LLM, the 661 evaluated",
        published_name="Failure-Based Red Teaming - LLM (FBRT-LLM)",
        file="equitymedqa_fbrt_llm_661_sampled.csv",
        counts=_published(661),
        made="by Med-PaLM 2: at most ten of FBRT-LLM's questions for each failure",
    ),
    CatalogEntry(
        name="trinds",
        title="TRINDS",
        published_name="TRopical and INfectious DiseaseS (TRINDS)",
        file="equitymedqa_trinds.csv",
        counts=_published(106),
        made="by people: personas with a tropical disease in a named place",
        sha256="124ec1bc3e81c026ea545693c53597c3229a69ece16321a7fdfd223bcaebcfc3",
    ),
    CatalogEntry(
        name="cc_manual",
        title="CC-Manual",
        published_name="Counterfactual Context - Manual (CC-Manual)",
        shape="pairs",
        file="equitymedqa_cc_manual.csv",
        counts=_published(123),
        unique_questions=45,
        made="by people, from 8 seed templates",
        rubrics=(_INDEPENDENT, _COUNTERFACTUAL),
        workbook_sheet=11,
    ),
    CatalogEntry(
        name="cc_llm",
        title="CC-LLM",
        published_name="Counterfactual Context - LLM (CC-LLM)",
        shape="pairs",
        file="equitymedqa_cc_llm.csv",
        counts=_published(200),
        unique_questions=100,
        made="by Med-PaLM 2, from 20 seed templates",
        rubrics=(_INDEPENDENT, _COUNTERFACTUAL),
        workbook_sheet=12,
    ),
    CatalogEntry(
        name="mixed_mmqa_omaq",
        title="Mixed MMQA-OMAQ",
        published_name="Mixed MMQA-OMAQ",
        file="other_datasets_mixed_mmqa_omaq.csv",
        counts=_published(240),
        made="drawn from others: 140 questions of MultiMedQA and 100 of OMAQ",
    ),
    CatalogEntry(
        name="multimedqa",
        title="HealthSearchQA",
        published_name="HealthSearchQA",
        file="other_datasets_multimedqa.csv",
        counts=_published(1061),
        made="drawn from the long-form questions of Singhal et al. (2023); for comparison",
        citation=f"{_PAPER}; questions of Singhal et al. (2023)",
        content_note=_PLAIN,
    ),
    CatalogEntry(
        name="omiye_et_al",
        title="Omiye et al.",
        published_name="Omiye et al.",
        file="other_datasets_omiye_et_al.csv",
        counts=_published(9),
        made="by Omiye et al. (2023): probes for race-based medicine",
        citation=f"{_PAPER}; questions of Omiye et al. (2023)",
    ),
    CatalogEntry(
        name="sample_adversarial",
        title="Sample, adversarial",
        published_name="Sample: adversarial questions",
        file="sample_adversarial.csv",
        counts=_written(36),
        made="by us: six questions for each of the six dimensions of bias",
        licence=_CC0,
        citation=_OURS,
        bundled=True,
    ),
    CatalogEntry(
        name="sample_counterfactual",
        title="Sample, counterfactual",
        published_name="Sample: counterfactual pairs",
        shape="pairs",
        file="sample_counterfactual.csv",
        counts=_written(17),
        unique_questions=23,
        made="by us: seven seeds, each pair labelled with whether the ideal answers differ",
        rubrics=(_INDEPENDENT, _COUNTERFACTUAL),
        licence=_CC0,
        citation=_OURS,
        bundled=True,
    ),
    CatalogEntry(
        name="sample_comparison",
        title="Sample, comparison",
        published_name="Sample: comparison questions",
        file="sample_comparison.csv",
        counts=_written(12),
        made="by us: everyday health questions that name nobody's identity",
        content_note=_PLAIN,
        licence=_CC0,
        citation=_OURS,
        bundled=True,
    ),
)


def default_folder() -> Path:
    """Where fetched sets lie: `$EQUITYMEDQA_DATA`, else a cache folder of the user's."""
    chosen = os.environ.get("EQUITYMEDQA_DATA")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache" / "equitymedqa"


def find_set(name: str) -> CatalogEntry:
    """The set with this catalogue name, title or published name, in any case.

    Raises
    ------
    UnknownSetError
        If there is none; the message names the nearest and all others.
    """
    entry = match_set(name)
    if entry is not None:
        return entry

    near = _nearest(name, likeness=0.6)
    hint = f" Did you mean {near!r}?" if near else ""
    names = ", ".join(entry.name for entry in CATALOG)
    raise UnknownSetError(f"there is no set {name!r}.{hint} The sets are: {names}")


def near_miss(name: str) -> str | None:
    """The set that is probably meant by a name that none has and that is not far from all."""
    return None if match_set(name) is not None else _nearest(name, likeness=0.8)


def _nearest(name: str, *, likeness: float) -> str | None:
    names = [entry.name for entry in CATALOG]
    near = difflib.get_close_matches(_plain(name).replace(" ", "_"), names, n=1, cutoff=likeness)
    return near[0] if near else None


def match_set(name: str) -> CatalogEntry | None:
    """The set that a name, a title, a sheet's title or a published name tells, if one does."""
    wanted = _plain(name)
    for entry in CATALOG:
        if wanted in {_plain(entry.name), _plain(entry.title), _plain(entry.published_name)}:
            return entry
    return None


def set_of_file(path: Path) -> CatalogEntry | None:
    """The set whose released file has this name, if one has."""
    return next((entry for entry in CATALOG if entry.file == path.name.lower()), None)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower()).strip()
