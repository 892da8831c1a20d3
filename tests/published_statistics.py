"""How each published number of `tests/published/values` is computed with this package.

`STATISTICS` has, for each name in the files, a function of the case and its parameters that gives
every quantity: a number, or a mapping of names to numbers. Names and parameters are those of the
files; tables lie in `tests/published`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import analysis as a

PUBLISHED = Path(__file__).parent / "published"
FIVE = [1, 2, 3, 4, 5]
TABLES = {
    "cohen_1968_weighted_kappa": "cohen_1968",
    "fleiss_wikipedia_10x14": "fleiss_wikipedia",
    "gwet_cac_raw4raters": "krippendorff_2011_four_observers",
    "krippendorff_2011_binary_two_observers": "krippendorff_2011_binary",
    "krippendorff_2011_canonical": "krippendorff_2011_four_observers",
    "krippendorff_2011_nominal_two_observers": "krippendorff_2011_nominal",
    "krippendorff_wikipedia_3x15": "krippendorff_wikipedia",
}
"""Where a table is not named like its case."""


def table(case: str) -> pd.DataFrame:
    return pd.read_csv(PUBLISHED / f"{TABLES.get(case, case)}.csv", comment="#")


def matrix(case: str) -> np.ndarray:
    """Units by raters, NaN for missing."""
    return table(case).set_index("unit").to_numpy(dtype=float)


def two_raters(case: str) -> tuple[np.ndarray, np.ndarray]:
    """Both raters' codes, one entry a unit."""
    counted = table(case)
    units = counted.loc[counted.index.repeat(counted["n_units"])]
    return units["first"].to_numpy(), units["second"].to_numpy()


def counted_raters(case: str) -> np.ndarray:
    """As many columns as a unit has ratings; who gave which does not matter."""
    return np.array([np.repeat(FIVE, row) for row in matrix(case).astype(int)])


def limits(interval: a.Interval | None) -> dict[str, float]:
    assert interval is not None
    return {"0": interval.low, "1": interval.high}


def alpha(case: str, level: Any) -> float:
    return a.krippendorff_alpha(matrix(case), level=level).value


def linearised(name: str) -> Callable[..., dict[str, float]]:
    def quantities(case: str, weights: Any) -> dict[str, float]:
        found = a.linearised(
            matrix(case), name, categories=FIVE, weights=weights, as_published=True
        )
        return {
            "estimate": found.value,
            "se": found.standard_error,
            "pa": found.observed_agreement,
            "pe": found.chance_agreement,
            **{f"ci95_t.{side}": limit for side, limit in limits(found.interval).items()},
        }

    return quantities


# Cohen (1968) gives disagreement, Fleiss, Cohen and Everitt (1969) agreement.
CUSTOM = {
    "cohen_1968_weighted_kappa": a.weights_from_disagreement([[0, 1, 3], [1, 0, 6], [3, 6, 0]]),
    "fleiss_cohen_everitt_1969": np.array([[1, 0, 0.4444], [0, 1, 0.6667], [0.4444, 0.6667, 1]]),
}


def cohen(weights: Any) -> Callable[..., dict[str, float]]:
    def quantities(case: str) -> dict[str, float]:
        first, second = two_raters(case)
        chosen = CUSTOM[case] if weights == "custom" else weights
        options: Any = {"categories": sorted(set(first)), "weights": chosen}
        kappa = a.cohen_kappa(first, second, **options)
        return {
            "po": kappa.observed_agreement,
            "pe": kappa.chance_agreement,
            "kappa": kappa.value,
            "se": kappa.standard_error,
            "se0": a.cohen_kappa_test(first, second, **options).null_standard_error,
        }

    return quantities


def two_by_two(case: str, table: Any) -> dict[str, float]:
    counts = pd.read_csv(PUBLISHED / "feinstein_cicchetti_1990.csv", comment="#")
    row = counts.set_index("case").loc[int(table)]
    cells = row[["both_positive", "first_only", "second_only", "both_negative"]]
    found = a.two_by_two(np.repeat([1, 1, 0, 0], cells), np.repeat([1, 0, 1, 0], cells), positive=1)
    assert found.kappa is not None
    return {
        **{name: getattr(found, name) for name in ("positive_agreement", "negative_agreement")},
        **{name: getattr(found, name) for name in ("pabak", "prevalence_index", "bias_index")},
        "po": found.percent_agreement,
        "kappa": found.kappa.value,
        "se": found.kappa.standard_error,
        "scott_pi": found.scott_pi,
    }


def margins(test: Callable[..., a.HypothesisTest]) -> Callable[..., dict[str, float]]:
    def quantities(case: str) -> dict[str, float]:
        found = test(*two_raters(case))
        return {"chi2": found.value, "df": found.df, "p": found.p_value}

    return quantities


def icc(form: Any) -> Callable[..., dict[str, float]]:
    def quantities(case: str) -> dict[str, float]:
        found = a.icc(matrix(case), form=form)
        sides = {f"ci95.{side}": limit for side, limit in limits(found.interval).items()}
        return {"estimate": found.value, **sides}

    return quantities


def mean_squares(case: str) -> dict[str, float]:
    found = a.mean_squares(matrix(case))
    named = {"BMS": "units", "WMS": "within", "JMS": "raters", "EMS": "residual"}
    return {letter: getattr(found, name) for letter, name in named.items()}


def concordance(case: str) -> dict[str, float]:
    found = a.kendall_w(matrix(case))
    return {"W": found.value, "p": found.test.p_value}


def published_rate(case: str, k: Any, n: Any) -> dict[str, float]:
    ratings = np.repeat([1, 0], [int(k), int(n) - int(k)])
    row_level = a.row_level_bca(ratings)
    found = {"bca_infinite_B": row_level.interval, "wilson": a.wilson(int(k), int(n)).interval}
    sides = {
        f"{name}.{side}": limit
        for name, interval in found.items()
        for side, limit in limits(interval).items()
    }
    return {"rate": row_level.value, **sides}


def approval(**options: Any) -> a.HypothesisTest:
    counted = table("agresti_approval")
    people = counted.loc[counted.index.repeat(counted["n_people"])]
    return a.mcnemar(people["first"] == "approve", people["second"] == "approve", **options)


def depression(test: Callable[..., Any], names: Mapping[str, str]) -> Callable[..., Any]:
    def quantities(case: str) -> dict[str, float]:
        scores = table("hollander_wolfe_depression")
        two_sided = test(scores["x"], scores["y"])
        greater = test(scores["x"], scores["y"], alternative="greater")
        found = {published: getattr(two_sided, name) for published, name in names.items()}
        return {**found, "p_two_sided": two_sided.p_value, "p_greater": greater.p_value}

    return quantities


def p_values(method: Any) -> a.AdjustedPValues:
    return a.adjusted(table("benjamini_hochberg_1995")["p_value"], method=method)


def listed(values: Any) -> dict[str, float]:
    return {str(i): value for i, value in enumerate(values)}


def baseball(*, at_home: bool) -> a.Abilities:
    """Games of the American League East in 1987, home wins and away wins."""
    games = table("agresti_baseball")
    home, away = (np.concatenate([games[side]] * 2) for side in ("home", "away"))
    return a.bradley_terry(
        np.repeat(["first", "second"], len(games)),
        first=home,
        second=away,
        counts=np.concatenate([games["home_wins"], games["away_wins"]]),
        shown_first=np.repeat("first", 2 * len(games)) if at_home else None,
        sources=sorted(set(home)),
    )


def abilities(field: str) -> Callable[..., dict[str, float]]:
    def quantities(case: str, reference: str = "Baltimore") -> dict[str, float]:
        fitted = baseball(at_home=False)
        assert fitted.sources[0] == reference
        return {str(team): getattr(fitted.log_ability(team), field) for team in fitted.sources}

    return quantities


def home_advantage(case: str) -> dict[str, float]:
    fitted = baseball(at_home=True)
    assert fitted.order_effect is not None
    teams = {str(team): fitted.log_ability(team).value for team in fitted.sources}
    return {**teams, "at_home": fitted.order_effect.value}


def wine(n_quadrature: int | None) -> Callable[..., dict[str, float]]:
    def quantities(case: str) -> dict[str, float]:
        rows = table("randall_1989_wine")
        fixed = a.design_matrix(rows, ["temp", "contact"])
        if n_quadrature is None:
            model = a.proportional_odds(rows["rating"], fixed, categories=FIVE)
        else:
            judges = {"judge": rows["judge"]}
            model = a.ordinal_mixed_model(
                rows["rating"],
                fixed,
                categories=FIVE,
                random=judges,
                n_quadrature=n_quadrature,
            )
        found = {**model.thresholds, **model.coefficients}
        spread = [("sd", sd.value) for sd in model.sds.values()]
        log_sd = [("se.ST1", one.standard_error) for one in model.log_sds.values()]
        return {
            **{f"coef.{name}": estimate.value for name, estimate in found.items()},
            **{f"se.{name}": estimate.standard_error for name, estimate in found.items()},
            **dict([*spread, *log_sd]),
            "loglik": model.log_likelihood,
        }

    return quantities


STATISTICS: dict[str, Callable[..., Any]] = {
    "ICC1": icc("ICC1"),
    "ICC1k": icc("ICC1k"),
    "ICC2": icc("ICC2"),
    "ICC2k": icc("ICC2k"),
    "ICC3": icc("ICC3"),
    "ICC3k": icc("ICC3k"),
    "bh_adjusted": lambda case: listed(p_values("bh").adjusted),
    "bhapkar_chi2": margins(a.bhapkar),
    "bowker_symmetry_chi2": margins(a.bowker),
    "bradley_terry_log_ability": abilities("value"),
    "bradley_terry_se": abilities("standard_error"),
    "brennan_prediger": linearised("brennan_prediger"),
    "by_adjusted": lambda case: listed(p_values("by").adjusted),
    "clm_proportional_odds": wine(None),
    "clmm_random_judge_agq20": wine(20),
    "clmm_random_judge_laplace": wine(1),
    "clopper_pearson_ci": lambda case, x, n: limits(a.clopper_pearson(int(x), int(n)).interval),
    "cohen_kappa": cohen("identity"),
    "conger": linearised("conger_kappa"),
    "conger_kappa": lambda case: a.conger_kappa(matrix(case)).value,
    "fleiss": linearised("fleiss_kappa"),
    "fleiss_kappa": lambda case: (
        a.fleiss_kappa(counted_raters(case) if case.startswith("fleiss_w") else matrix(case)).value
    ),
    "fleiss_kappa_per_category": lambda case: {
        str(code): a.category_kappa(matrix(case), category=code).value for code in FIVE
    },
    "gwet_ac": linearised("gwet_ac"),
    "holm_adjusted": lambda case: listed(p_values("holm").adjusted),
    "home_advantage_model": home_advantage,
    "kendall_w_tie_corrected": concordance,
    "krippendorff": linearised("gwet_alpha"),
    "krippendorff_alpha": alpha,
    "light_kappa_mean_pairwise_cohen": lambda case: a.light_kappa(matrix(case)).value,
    "linear_weighted_kappa": cohen("linear"),
    "mcnemar_chi2": lambda case, correction: (
        approval(method="chi2_corrected" if correction == "True" else "chi2").value
    ),
    "mcnemar_exact_p": lambda case: approval(method="exact").p_value,
    "mcnemar_midp": lambda case: approval(method="midp").p_value,
    "mean_pairwise_agreement": lambda case: a.percent_agreement(counted_raters(case)).value,
    "mean_squares": mean_squares,
    "n_items_pairable": lambda case: a.percent_agreement(matrix(case)).n_units,
    "n_pairable_values": lambda case: a.percent_agreement(matrix(case)).n_ratings,
    "n_rejected_bh": lambda case, alpha: p_values("bh").n_rejected(float(alpha)),
    "n_rejected_bonferroni": lambda case, alpha: p_values("bonferroni").n_rejected(float(alpha)),
    "n_rejected_holm": lambda case, alpha: p_values("holm").n_rejected(float(alpha)),
    "newcombe_difference_ci": lambda case, **counts: limits(
        a.newcombe_difference(*(int(counts[name]) for name in ("x1", "n1", "x2", "n2"))).interval
    ),
    "paired_difference": lambda case: approval(method="midp").difference,
    "percent_agreement": linearised("percent_agreement"),
    "quadratic_weighted_kappa": cohen("quadratic"),
    "randolph_free_marginal_kappa": lambda case, n_categories: (
        a.brennan_prediger(counted_raters(case), categories=range(1, int(n_categories) + 1)).value
    ),
    "rate_row_level_bca": published_rate,
    "scott_pi": lambda case: a.scott_pi(*two_raters(case)).value,
    "sign_test": depression(a.sign_test, {"n_pos": "n_positive", "n_neg": "n_negative"}),
    "stuart_maxwell_chi2": margins(a.stuart_maxwell),
    "two_by_two_suite": two_by_two,
    "weighted_kappa_custom": cohen("custom"),
    "wilcoxon_signed_rank": depression(a.wilcoxon_signed_rank, {"V": "value"}),
    "wilson_ci": lambda case, x, n: limits(a.wilson(int(x), int(n)).interval),
}
