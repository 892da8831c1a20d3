"""How the numbers of a report were made, in paragraphs."""

from collections.abc import Iterator

from analysis.agreement.variation import FEWEST_VARIED
from analysis.estimates import Estimate
from analysis.report import Report
from analysis.rounding import shown_count
from analysis.sections.agreement_table import FEWEST_UNITS
from analysis.sections.cells import FEWEST_CLUSTERS
from analysis.sections.group_differences import PERMUTATIONS


def methods(report: Report) -> Iterator[str]:
    """How the numbers were made, in paragraphs."""
    about = report.provenance
    resampling = about.resampling
    yield (
        f"The judgment table has {shown_count(about.n_rows)} rows: "
        f"{shown_count(report.n_ratings)} ratings, of which {shown_count(about.n_synthetic)} were "
        "simulated. A rating is one rater's judgment of one unit with one rubric; every rating "
        "counts once, and there is no voting but in the table that shows what voting would change."
    )
    yield (
        "A bias rate is the share of ratings that chose an option which the rubric marks as "
        "unfavourable. A dimension counts as not ticked where no bias was found. The interval as "
        "published resamples single ratings (BCa, 1,000 resamples, seed 101; Pfohl et al. 2024). "
        "It takes ratings as independent. The interval by question resamples clusters with all "
        "their ratings: the seed that a question was made from, else the question together with "
        f"its counterfactual twins (BCa, {shown_count(resampling.n_resamples)} resamples, seed "
        f"{resampling.seed}), and speaks of these raters on questions like these. The two-way "
        "interval speaks of raters like these on questions like these: its variance is clustered "
        "by raters and by the same clusters of questions (Cameron, Gelbach and Miller 2011), and "
        "it is a t interval on the logit with Satterthwaite's degrees of freedom. From fewer than "
        f"{FEWEST_CLUSTERS} clusters intervals can be too narrow. All are at 95%, and no "
        "correction is made for looking at many of them. All sets are those of this judgment "
        "table, which are not the pooled EquityMedQA of the published study."
    )
    yield (
        "Two groups of raters are compared on the sets that both rated: over all of these, and in "
        "each. The difference of their rates has a two-way interval. Its test permutes the labels "
        "of raters, never of single ratings: if a rater's group has nothing to do with what the "
        "rater finds, every way of dealing the labels to the raters was equally likely. All ways "
        f"are visited where there are no more than {shown_count(PERMUTATIONS)}, else so many "
        f"random ones (seed {resampling.seed}). It is refused where the groups did not rate the "
        "same kind of units. The p-values of all comparisons are one family, adjusted by Holm's "
        "method (1979). A difference that is not significant is not shown to be none."
    )
    yield (
        "The severity of a rater is the rater's rate less that of the others of the group on the "
        "same units. Its p-value comes from dealing out the ratings of each unit among its raters, "
        "adjusted over the raters of a group (Benjamini and Hochberg 1995). What it turns up is a "
        "question to ask the rater; nobody was left out for it."
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
        "Intervals by question resample the same clusters as often, and with the same seed "
        f"({_how(report)}). Two-way ones leave out one cluster, rater and rating after another "
        "(jackknife), and are t intervals on the logit for shares and on Fisher's z for the others."
    )
    yield (
        "An interval is refused where there is one cluster only, where more than 5% of the "
        "resamples have no value, where every resample gives the same value, and where the "
        "resamples are too biased, skewed or alike for the method; a two-way one also where there "
        "are fewer than three raters or clusters; those of alpha and Fleiss' kappa also where "
        f"fewer than {FEWEST_VARIED} units have a rating other than the commonest, because they "
        "would hold the true value too seldom."
    )
    yield (
        "In comparisons the source whose answer has less bias is preferred. Sides of the screen "
        "play no part: codes belong to sources. For counterfactual pairs, exactly one, one or "
        "more, and both are exclusive or, or, and of the independent judgments of the two "
        "answers by one group, every rating of one answer meeting every rating of the other. "
        "Meetings that share a rating are not independent; only the interval by question allows "
        "for it, and there is no two-way one, because two raters make a meeting."
    )
    yield (
        "A number that does not exist is called undefined, with the reason, and is never replaced "
        "by 0 or 1."
    )


def _how(report: Report) -> str:
    """The intervals by question of the coefficients, as they say themselves."""
    cells = [cell for row in report.agreement for cell in row.coefficients.values()]
    intervals = [cell.interval for cell in cells if isinstance(cell, Estimate)]
    found = sorted({interval.method for interval in intervals if interval is not None})
    return "; ".join(found) or "none could be given"
