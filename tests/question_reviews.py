"""What coordinators do with the questions of the study `tiny`, and what is on record then."""

from sqlmodel import Session

from rater_portal.database import writing
from rater_portal.services.audit import verify
from rater_portal.services.candidate_decisions import decide_candidate
from rater_portal.services.candidate_intake import add_candidates
from rater_portal.services.candidates import decisions_made, shown_candidate, standings
from rater_portal.services.invitations import newcomer
from rater_portal.services.studies import find_study
from tests.made_questions import all_made, pairs_of


def person(engine, role="coordinator", study="tiny"):
    with writing(engine) as session:
        return newcomer(session, find_study(session, study), role).id


def choose(engine, who, verb="accept", name="cc-1", follows=None, **more):
    with Session(engine) as session:
        return decide_candidate(
            session,
            study="tiny",
            candidate_id=name,
            decision=verb,
            follows=follows,
            asked_by=who,
            **more,
        )


def states(engine):
    with Session(engine) as session:
        return [one.state for one in standings(session, study="tiny")]


def shown(engine, name="cc-1"):
    with Session(engine) as session:
        return shown_candidate(session, study="tiny", candidate_id=name)


def stored(engine):
    with Session(engine) as session:
        return decisions_made(session, study="tiny")


def whole(engine):
    with Session(engine) as session:
        return verify(session, study="tiny").problems


def bring(engine, decisions):
    with Session(engine) as session:
        return add_candidates(
            session,
            study="tiny",
            candidates=all_made(),
            pairs=pairs_of(all_made()),
            decisions=decisions,
        )
