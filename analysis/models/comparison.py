"""Does a larger model explain the ratings better than chance would let it?"""

from scipy.stats import chi2

from analysis.estimates import HypothesisTest, RatingsError
from analysis.models.results import MixedModel

ROUNDING = 1e-4
"""Twice the difference of two log-likelihoods below which they are equal."""


def compare(model_0: MixedModel, model_1: MixedModel) -> HypothesisTest:
    """Likelihood-ratio test of a model against a larger one that contains it.

    An sd of 0 lies at the edge of what is possible: for one additional sd the statistic has, with
    probability one half, one degree of freedom less.

    Raises
    ------
    RatingsError
        If the models are of different ratings, not nested, or integrated in different ways.

    References
    ----------
    Self and Liang (1987), Journal of the American Statistical Association 82, 605-610.
    """
    _refuse_incomparable(model_0, model_1)
    df, n_sds = model_1.n_parameters - model_0.n_parameters, len(model_1.sds) - len(model_0.sds)
    statistic = 2 * (model_1.log_likelihood - model_0.log_likelihood)
    if statistic < -ROUNDING:
        raise RatingsError(
            f"the larger model has the lower log-likelihood, by {-statistic / 2:.3g}: it does not "
            "contain the smaller one; fit both to the same ratings in the same order"
        )
    statistic = statistic if statistic > ROUNDING else 0.0
    p_value = float(chi2.sf(statistic, df))
    if n_sds == 1:
        # Without a degree of freedom, all weight lies on 0.
        fewer = float(chi2.sf(statistic, df - 1)) if df > 1 else float(statistic == 0)
        p_value = (fewer + p_value) / 2
    return HypothesisTest(
        test="likelihood ratio",
        hypothesis="the smaller model explains the ratings as well (n counts ratings)",
        value=statistic,
        p_value=p_value,
        n=model_0.n_ratings,
        df=df,
        note=_note(n_sds, df),
    )


def _note(n_sds: int, df: int) -> str | None:
    if n_sds == 0:
        return None
    if n_sds == 1:
        mixture = f"p-value from chi-squared with {df - 1} and {df} degrees of freedom, half each"
        return f"an sd of 0 is the least possible: {mixture}"
    return f"{n_sds} sds of 0 are the least possible: the p-value is too large"


def _refuse_incomparable(model_0: MixedModel, model_1: MixedModel) -> None:
    if model_0.counts != model_1.counts:
        raise RatingsError(
            f"the models are of different ratings: {dict(model_0.counts)} and "
            f"{dict(model_1.counts)} by category"
        )
    missing = [name for name in model_0.coefficients if name not in model_1.coefficients]
    missing += [name for name in model_0.sds if name not in model_1.sds]
    if missing or model_0.n_parameters >= model_1.n_parameters:
        raise RatingsError(
            f"the second model must have all of the first and more; it lacks {missing or 'more'}"
        )
    if model_0.sds and model_0.method != model_1.method:
        raise RatingsError(
            f"{model_0.method} and {model_1.method} approximate differently: fit both alike"
        )
