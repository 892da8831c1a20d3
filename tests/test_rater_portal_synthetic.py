"""Simulated raters: they judge through the services, and give the rates they are told to give."""

from pathlib import Path

import numpy as np
import pytest
from sqlmodel import Session

from analysis import krippendorff_alpha
from analysis.table import ratings_matrix
from rater_portal.database import make_engine, migrate
from rater_portal.services.export import judgment_table
from rater_portal.settings import Settings
from rater_portal.synthetic import HABITS, simulate_raters
from tests.studies import make_study


@pytest.fixture
def simulated(portal_settings: Settings, tmp_path: Path) -> Session:
    engine = make_engine(portal_settings.database_url)
    migrate(engine)
    make_study(
        engine,
        tmp_path,
        n_questions=120,
        n_pairs=0,
        raters=3,
        groups=["health_equity_expert"],
        rubrics=["independent"],
    )
    session = Session(engine)
    assert simulate_raters(session, study="tiny", seed=2) == 720
    return session


def test_simulated_group_shows_its_published_rate_and_agreement(simulated: Session) -> None:
    frame = judgment_table(simulated, study="tiny").frame

    codes, _, _ = ratings_matrix(frame, "bias_presence")
    biased = np.where(codes == codes, (codes != "no_bias").astype(float), np.nan)
    alpha = krippendorff_alpha(biased, level="nominal")
    habits = HABITS["health_equity_expert"]
    # 720 ratings, 3 on each of 240 units with correlation .114: the standard error of the rate is
    # sqrt(.218 * .782 / 720 * (1 + 2 * .114)) = .017; three of them are allowed.
    assert np.nanmean(biased) == pytest.approx(habits.bias_rate, abs=0.051)
    # The sampling error of alpha is about sqrt(2 / (3 * 2 * 240)) = .037, and more where rare.
    assert alpha.value == pytest.approx(habits.bias_correlation, abs=0.15)


def test_every_simulated_rating_is_marked(simulated: Session) -> None:
    assert judgment_table(simulated, study="tiny").frame["synthetic"].all()


def test_simulating_again_adds_nobody_and_nothing(simulated: Session) -> None:
    assert simulate_raters(simulated, study="tiny", seed=2) == 0


def test_another_study_of_the_same_answers_is_simulated_alike(
    simulated: Session, tmp_path: Path
) -> None:
    engine = make_engine(f"sqlite:///{tmp_path}/other.db")
    migrate(engine)
    make_study(
        engine,
        tmp_path,
        n_questions=120,
        n_pairs=0,
        raters=3,
        groups=["health_equity_expert"],
        rubrics=["independent"],
    )
    with Session(engine) as other:
        simulate_raters(other, study="tiny", seed=2)
        again = judgment_table(other, study="tiny").frame

    first = judgment_table(simulated, study="tiny").frame
    counts = [
        frame[frame["item"] == "bias_presence"].groupby("unit_id")["code"].value_counts()
        for frame in (first, again)
    ]
    # The raters' pseudonyms differ, the codes of every unit do not.
    assert counts[0].sort_index().equals(counts[1].sort_index())
