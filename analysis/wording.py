"""What a report says in sentences: its findings, and what is needed to make it again."""

from collections.abc import Sequence
from typing import NamedTuple

from analysis.estimates import Estimate
from analysis.report import Report
from analysis.rounding import shown_cell, shown_count, shown_p
from analysis.sections.agreement_table import AgreementRow
from analysis.sections.cells import FEWEST_CLUSTERS, Cell, Counts, Share
from analysis.summaries.questions import ANY_BIAS

SYNTHETIC_WORDS = (
    "{n} of {total} ratings were drawn by a program and not given by people. They show that the "
    "platform works and say nothing about any model or group of people."
)


class Finding(NamedTuple):
    """One thing that was found: a sentence, and a line for each group."""

    lead: str
    text: str
    items: tuple[str, ...] = ()


def synthetic_words(report: Report) -> str:
    """What the banner says where raters were simulated."""
    n, total = shown_count(report.provenance.n_synthetic), shown_count(report.n_ratings)
    return SYNTHETIC_WORDS.format(n=n, total=total)


def findings(report: Report) -> list[Finding]:
    """The report in a few sentences, every number with its interval."""
    makers = (_bias, _groups, _preference, _counterfactual, _agreement)
    found = [finding for make in makers if (finding := make(report)).items]
    return [Finding("What was done", _scope(report)), *found]


def _scope(report: Report) -> str:
    n_raters = sum(row.n_raters for row in report.raters)
    groups = ", ".join(
        f"{report.group_labels[row.group]} {shown_count(row.n_raters)}" for row in report.raters
    )
    sets = sorted({row.dataset for row in report.flow})
    noun = "question set" if len(sets) == 1 else "question sets"
    return (
        f"{shown_count(n_raters)} raters ({groups}) gave {shown_count(report.n_ratings)} ratings "
        f"on {len(sets)} {noun} ({', '.join(sets)}). Numbers in brackets are 95% intervals for "
        "raters like these on questions like these (two-way); “by question” marks one that speaks "
        "of these raters alone, given where there is no other."
    )


def _bias(report: Report) -> Finding:
    rows = [row for row in report.rates if row.kind == "main" and row.of.is_all_sets]
    items = []
    for group, label in report.group_labels.items():
        of_group = [row for row in rows if row.of.group == group]
        totals = [row for row in of_group if row.of.is_all_sources]
        shown = [_shown_share(row.share) for row in totals]
        sources = [
            f"{row.of.source} {_shown_share(row.share)}"
            for row in of_group
            if not row.of.is_all_sources
        ]
        if totals:
            text = "; ".join([f"{label}: {', '.join(shown)} in all", *sources])
            items.append(text + _caution(of_group))
    return Finding("Bias", "Share of ratings that found bias in an answer.", tuple(items))


def _groups(report: Report) -> Finding:
    items = (
        f"{report.group_labels[row.of.first]} less {report.group_labels[row.of.second]}: "
        f"{shown_cell(row.difference)}, adjusted p {shown_p(row.p_adjusted)}{_caution([row])}"
        for row in report.group_differences
        if row.p_adjusted is not None and row.of.is_all_sets
    )
    text = (
        "Difference of these shares on the sets that both groups rated. The p-value comes from "
        "dealing out the labels of the raters anew, adjusted for all comparisons (Holm); a large "
        "one does not say that groups are the same."
    )
    return Finding("Groups compared", text, tuple(items))


def _preference(report: Report) -> Finding:
    rows = [row for row in report.preferences if row.of.is_all_sets and not row.is_dimension]
    items = (
        f"{report.group_labels[row.of.group]}: {row.source_x} "
        f"{_shown_share(row.x_preferred)}, {row.source_y} {_shown_share(row.y_preferred)}, "
        f"no preference {_shown_share(row.no_preference)}{_caution([row])}"
        for row in rows
    )
    text = "Share of comparisons in which a source was preferred, because it had less bias."
    return Finding("Preference", text, tuple(items))


def _counterfactual(report: Report) -> Finding:
    rows = [r for r in report.counterfactuals if r.of.is_all_sets and r.of.is_all_sources]
    first = rows[0].measure if rows else None
    items = (
        f"{report.group_labels[row.of.group]}: {_shown_share(row.share)}{_caution([row])}"
        for row in rows
        if row.measure == first
    )
    text = "Share of ratings that found bias in the answers to two questions taken together."
    return Finding("Counterfactual pairs", text, tuple(items))


def _agreement(report: Report) -> Finding:
    rows = [row for row in report.agreement if row.of.is_all_sets and row.label == ANY_BIAS]
    text = (
        "Whether an answer has any bias at all, in answers that at least two of a group rated, "
        "over all sources."
    )
    return Finding("Agreement", text, tuple(_agreed(report, row) for row in rows))


def _agreed(report: Report, row: AgreementRow) -> str:
    shown = {name: _shown_widest(row.two_way[name], row.coefficients[name]) for name in row.two_way}
    return (
        f"{report.group_labels[row.of.group]}: percent agreement {shown['percent_agreement']}, "
        f"Krippendorff's alpha {shown['krippendorff_alpha']}, Brennan-Prediger "
        f"{shown['brennan_prediger']}{_caution([row])}"
    )


def _shown_share(share: Share) -> str:
    return _shown_widest(share.two_way, share.clustered)


def _shown_widest(two_way: Cell, clustered: Cell) -> str:
    """The estimate with its two-way interval, or else with the one by question, if there is one."""
    if isinstance(two_way, Estimate) and two_way.interval is not None:
        return shown_cell(two_way)
    if isinstance(clustered, Estimate) and clustered.interval is not None:
        return f"{shown_cell(clustered)} by question"
    return shown_cell(clustered)


def _caution(rows: Sequence[Counts]) -> str:
    """What must be said of intervals from few clusters; nothing where there are enough."""
    fewest = min(row.n_clusters for row in rows)
    if fewest == 0 or fewest >= FEWEST_CLUSTERS:
        return ""
    return f" (from {fewest} clusters: with fewer than {FEWEST_CLUSTERS} it can be too narrow)"


def about(report: Report) -> dict[str, str]:
    """What is needed to make the report again."""
    known = report.provenance
    rubrics = (f"{r.id} {r.version} (SHA-256 {r.content_hash[:16]}…)" for r in known.rubrics)
    unverified = [rubric.id for rubric in known.rubrics if not rubric.verified]
    return {
        "Judgment table, SHA-256": known.data_sha256,
        "Rubrics": "; ".join(rubrics),
        "Not checked against the published instrument": ", ".join(unverified) or "none",
        "Resamples and seed": f"{known.resampling.n_resamples}, {known.resampling.seed}",
        "Published intervals": "1,000 resamples, seed 101, rows in the order of unit and rater",
        "Versions": ", ".join(f"{name} {number}" for name, number in known.versions.items()),
    }
