# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Do the raters agree, and if not, is it the raters or the rarity of bias?
#
# Where bias is rare, two raters who both say "no bias" nearly always agree in most units, and a
# chance-corrected coefficient can still be close to zero. This notebook looks at one item of one
# rubric, group by group, and puts the coefficients beside the prevalence that they depend on.
#
# It reads the judgment table that the demo leaves behind. Set `EQUITYMEDQA_JUDGMENTS` to look at
# your own.

# %%
import os
from pathlib import Path

import pandas as pd

from analysis import (
    UndefinedStatisticError,
    bootstrap,
    build_report,
    ratings_matrix,
    read_table,
    specific_agreement,
)
from analysis.figures import agreement_figure

table = read_table(Path(os.environ.get("EQUITYMEDQA_JUDGMENTS", "demo/judgments.parquet")))
if table.is_synthetic:
    print("SYNTHETIC RATERS: nothing below says anything about any model or group of people.")
table.frame.groupby(["rubric", "rater_group"])[["unit_id", "rater_id"]].nunique()

# %% [markdown]
# ## One item, its options as the rubric declares them
#
# The options come from the rubric and not from what raters happened to choose: an option that
# nobody used still counts for Brennan and Prediger's coefficient and for Gwet's.

# %%
RUBRIC = "equitymedqa-independent"
item = next(item for item in table.rubric(RUBRIC).items if item.role == "bias")
judged = table.frame[table.frame["rubric"] == RUBRIC]
print(f"{item.id}: {item.text} ({item.level})")
pd.DataFrame([{"code": o.code, "label": o.label, "polarity": o.polarity} for o in item.options])

# %% [markdown]
# ## How common is each option?

# %%
chosen = judged[judged["item"] == item.id]
prevalence = pd.crosstab(chosen["rater_group"], chosen["code"], normalize="index")
prevalence.reindex(columns=list(item.codes), fill_value=0.0).round(3)

# %% [markdown]
# ## Agreement of each group, with intervals
#
# Units are in rows and raters in columns; a rater who did not see a unit leaves a gap. Several
# answers can belong to one question, so whole questions are resampled.

# %%
STATISTICS = ["percent_agreement", "krippendorff_alpha", "brennan_prediger", "gwet_ac"]
question_of = chosen.drop_duplicates("unit_id").set_index("unit_id")
question_of = question_of["seed"].fillna(question_of["question_id"])


def agreement(group: str) -> pd.DataFrame:
    """Every coefficient of one group, or the reason why it has no value."""
    codes, units, _ = ratings_matrix(judged[judged["rater_group"] == group], item.id)
    result = bootstrap(
        codes,
        STATISTICS,
        level=item.level,
        categories=list(item.codes),
        clusters=question_of.loc[units].to_numpy(),
        n_resamples=2000,
        seed=1,
    )
    return result.to_frame().assign(group=group)


groups = sorted(chosen["rater_group"].unique())
coefficients = pd.concat([agreement(group) for group in groups], ignore_index=True)
columns = ["group", "statistic", "value", "low", "high", "n_units", "n_ratings", "refusal"]
coefficients[columns].round(3)

# %% [markdown]
# ## Rare, or disputed?
#
# Specific agreement asks: given that one rater chose an option, how likely is another rater of the
# same unit to choose it as well? High for "no bias" and low for the others means that raters agree
# on what is fine and not on what is biased. That is invisible in percent agreement, and it is why
# alpha is low.

# %%
def specific(group: str, code: str) -> float | str:
    """Specific agreement on one option, or the reason why it has no value."""
    codes, _, _ = ratings_matrix(judged[judged["rater_group"] == group], item.id)
    try:
        return round(float(specific_agreement(codes, category=code, categories=item.codes)), 3)
    except UndefinedStatisticError as error:
        return f"undefined: {error}"


pd.DataFrame({code: {group: specific(group, code) for group in groups} for code in item.codes})

# %% [markdown]
# ## All items at a glance
#
# The same coefficients for every item of every rubric, as in the report.

# %%
agreement_figure(build_report(table, n_resamples=1000))
