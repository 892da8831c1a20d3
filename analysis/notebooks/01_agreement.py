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
# It reads the judgment table that the demo leaves behind, `demo/judgments.parquet` in this folder
# or one above it. Set `EQUITYMEDQA_JUDGMENTS` to look at your own.

# %%
import os
from pathlib import Path

import pandas as pd

from analysis import (
    SEED,
    UndefinedStatisticError,
    agreement_figure,
    agreement_table,
    build_report,
    ratings_matrix,
    read_table,
    specific_agreement,
)

DEMO = Path("demo/judgments.parquet")
here = [folder / DEMO for folder in (Path.cwd(), *Path.cwd().parents)]
nearest = next((file for file in here if file.is_file()), DEMO)
table = read_table(Path(os.environ.get("EQUITYMEDQA_JUDGMENTS", nearest)))
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
codes_in_order = [option.code for option in item.options if not option.is_na]
judged = table.frame[table.frame["rubric"] == RUBRIC]
print(f"{item.id}: {item.text} ({item.level})")
pd.DataFrame([{"code": o.code, "label": o.label, "polarity": o.polarity} for o in item.options])

# %% [markdown]
# ## How common is each option?
#
# Raters can agree only about units that at least two of their group rated, so only these count
# here, for the prevalence too: sets that were rated once say nothing of chance in other sets.

# %%
chosen = judged[(judged["item"] == item.id) & judged["code"].isin(codes_in_order)]
chosen = chosen[chosen.groupby(["unit_id", "rater_group"])["unit_id"].transform("size") >= 2]
prevalence = pd.crosstab(chosen["rater_group"], chosen["code"], normalize="index")
prevalence.reindex(columns=codes_in_order, fill_value=0.0).round(3)

# %% [markdown]
# ## Agreement of each group, with intervals
#
# One call, the same that makes the report. Percent agreement and Brennan-Prediger take every
# difference as equally bad. Alpha goes by the level of the item, and so does Gwet's coefficient:
# AC1, or AC2 with ordinal weights where options have an order.
#
# `low` and `high` speak of these raters on questions like these: several answers can belong to one
# question, and questions can be twins or come from one seed, so whole clusters are resampled.
# `two_way_low` and `two_way_high` speak of raters like these. Where there is no interval, `refusal`
# and `two_way_refusal` say why.

# %%
names = ["percent_agreement", "krippendorff_alpha", "brennan_prediger", "gwet_ac"]
agreement = agreement_table(table, rubric=RUBRIC, statistics=names, n_resamples=2000, seed=SEED)
cells = agreement.to_frame()
coefficients = cells[cells["item"] == item.id].rename(columns={"rater_group": "group"})
columns = ["group", "statistic", "value", "low", "high", "two_way_low", "two_way_high"]
coefficients[[*columns, "n_units", "n_ratings", "refusal", "two_way_refusal"]].round(3)

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
    codes, _, _ = ratings_matrix(chosen[chosen["rater_group"] == group], item.id)
    try:
        return round(float(specific_agreement(codes, category=code, categories=codes_in_order)), 3)
    except UndefinedStatisticError as error:
        return f"undefined: {error}"


groups = sorted(chosen["rater_group"].unique())
pd.DataFrame({code: {group: specific(group, code) for group in groups} for code in codes_in_order})

# %% [markdown]
# ## All items at a glance
#
# The same coefficients for every item of every rubric, as in the report.

# %%
agreement_figure(build_report(table, n_resamples=1000))
