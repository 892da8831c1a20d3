"""People who come through a crowd platform's door."""

import re

from sqlmodel import Session

from rater_portal.services.accounts import identify
from rater_portal.services.entering import enter
from rater_portal.services.panels import open_panel

CODES = {"complete": "C1DONE", "screened_out": "S2OUT", "withdrawn": "W3LEFT"}

PERSON = "5f3canary0000000000000aa"

VISIT = "6a1canary0000000000000bb"


def came_as(person: str = PERSON, visit: str = VISIT, **changed: str) -> dict[str, str]:
    """What Prolific puts in an address."""
    return {"PROLIFIC_PID": person, "STUDY_ID": "study1", "SESSION_ID": visit, **changed}


def opened(engine, *, capacity=2, name="door", adapter="prolific", settings=None, **more):
    """A new door; returns the secret part of its address."""
    with Session(engine) as session:
        door = open_panel(
            session,
            study="tiny",
            name=name,
            adapter=adapter,
            group="physician",
            capacity=capacity,
            settings=settings or {"codes": CODES},
            **more,
        )
    return re.search(r"/panel/([^?]+)", door.url)[1]


def comes(engine, token, **changed):
    """The rater as whom somebody comes in."""
    with Session(engine) as session:
        cookie = enter(session, token=token, parameters=came_as(**changed))
        return identify(session, cookie_token=cookie).rater_id
