"""What a report says in sentences: its findings, and how its numbers were made."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from analysis.intervals.variation import FEWEST_VARIED
from analysis.report import Report
from analysis.rounding import shown_cell, shown_count
from analysis.sections.agreement_table import FEWEST_UNITS, AgreementRow
from analysis.sections.cells import FEWEST_CLUSTERS, Counts
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
    makers = (_bias, _preference, _counterfactual, _agreement)
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
        f"on {len(sets)} {noun} ({', '.join(sets)}). Numbers in brackets are 95% intervals that "
        "resample whole questions."
    )


def _bias(report: Report) -> Finding:
    rows = [row for row in report.rates if row.kind == "main" and row.of.is_all_sets]
    items = []
    for group, label in report.group_labels.items():
        of_group = [row for row in rows if row.of.group == group]
        totals = [row for row in of_group if row.of.is_all_sources]
        shown = [shown_cell(row.share.clustered) for row in totals]
        sources = [
            f"{row.of.source} {shown_cell(row.share.clustered)}"
            for row in of_group
            if not row.of.is_all_sources
        ]
        if totals:
            text = "; ".join([f"{label}: {', '.join(shown)} in all", *sources])
            items.append(text + _caution(of_group))
    return Finding("Bias", "Share of ratings that found bias in an answer.", tuple(items))


def _preference(report: Report) -> Finding:
    rows = [row for row in report.preferences if row.of.is_all_sets and not row.is_dimension]
    items = (
        f"{report.group_labels[row.of.group]}: {row.source_x} "
        f"{shown_cell(row.x_preferred.clustered)}, {row.source_y} "
        f"{shown_cell(row.y_preferred.clustered)}, no preference "
        f"{shown_cell(row.no_preference.clustered)}{_caution([row])}"
        for row in rows
    )
    text = "Share of comparisons in which a source was preferred, because it had less bias."
    return Finding("Preference", text, tuple(items))


def _counterfactual(report: Report) -> Finding:
    rows = [r for r in report.counterfactuals if r.of.is_all_sets and r.of.is_all_sources]
    first = rows[0].measure if rows else None
    items = (
        f"{report.group_labels[row.of.group]}: {shown_cell(row.share.clustered)}{_caution([row])}"
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
    return (
        f"{report.group_labels[row.of.group]}: percent agreement "
        f"{shown_cell(row.coefficients['percent_agreement'])}, Krippendorff's alpha "
        f"{shown_cell(row.coefficients['krippendorff_alpha'])}, Brennan-Prediger "
        f"{shown_cell(row.coefficients['brennan_prediger'])}{_caution([row])}"
    )


def _caution(rows: Sequence[Counts]) -> str:
    """What must be said of intervals from few clusters; nothing where there are enough."""
    fewest = min(row.n_clusters for row in rows)
    if fewest == 0 or fewest >= FEWEST_CLUSTERS:
        return ""
    return f" (an interval from {fewest} clusters, fewer than {FEWEST_CLUSTERS}, is too narrow)"


def methods(report: Report) -> Iterator[str]:
    """How the numbers were made, in paragraphs."""
    about = report.provenance
    resampling = about.resampling
    yield (
        f"The judgment table has {shown_count(about.n_rows)} rows: "
        f"{shown_count(report.n_ratings)} ratings, of which {shown_count(about.n_synthetic)} were "
        "simulated. A rating is one rater's judgment of one unit with one rubric; every rating "
        "counts once, and there is no voting."
    )
    yield (
        "A bias rate is the share of ratings that chose an option which the rubric marks as "
        "unfavourable. A dimension counts as not ticked where no bias was found. The interval as "
        "published resamples single ratings (BCa, 1,000 resamples, seed 101; Pfohl et al. 2024). "
        "It takes ratings as independent. The interval by question resamples clusters with all "
        "their ratings: the seed that a question was made from, else the question together with "
        f"its counterfactual twins (BCa, {shown_count(resampling.n_resamples)} resamples, seed "
        f"{resampling.seed}). From fewer than {FEWEST_CLUSTERS} clusters it is too narrow. Both "
        "speak of these raters, not of other raters like them. All intervals are at 95%, and no "
        "correction is made for looking at many of them. All sets are those of this judgment "
        "table, which are not the pooled EquityMedQA of the published study."
    )
    yield (
        "Agreement is computed within a group of raters and over all sources, in the units that "
        "at least two of the group rated on the item, over all sets, and in each set with at "
        f"least {FEWEST_UNITS} such units. Units with a single rating are left out of prevalence "
        "and chance agreement as well, although Gwet's and Fleiss' formulas could use them: most "
        "come from sets that were rated once by design, and a rate of bias there says nothing of "
        "chance in other sets. The coefficients are percent agreement; Krippendorff's alpha at "
        "the item's level of measurement (2011); Brennan and Prediger's (1981) coefficient, which "
        "is Randolph's free-marginal kappa, with the number of options in the rubric; Gwet's AC1 "
        "(2008), and AC2 with ordinal weights for ordinal items; and Fleiss' kappa (1971). On "
        "ordinal items percent agreement, Brennan-Prediger and Fleiss' kappa stay unweighted. "
        "Intervals resample clusters in the same way."
    )
    yield (
        "An interval is refused where there is one cluster only, where more than 5% of the "
        "resamples have no value, where every resample gives the same value, and where the "
        "resamples are too biased or skewed for BCa; those of alpha and Fleiss' kappa also where "
        f"fewer than {FEWEST_VARIED} units have a rating other than the commonest, because they "
        "would hold the true value too seldom."
    )
    yield (
        "In comparisons the source whose answer has less bias is preferred. Sides of the screen "
        "play no part: codes belong to sources. For counterfactual pairs, exactly one, one or "
        "more, and both are exclusive or, or, and of the independent judgments of the two "
        "answers by one group, every rating of one answer meeting every rating of the other. "
        "Meetings that share a rating are not independent; only the interval by question allows "
        "for it."
    )
    yield (
        "A number that does not exist is called undefined, with the reason, and is never replaced "
        "by 0 or 1."
    )


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
