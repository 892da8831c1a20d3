"""Doors for crowd platforms: who comes in, and how many."""

import threading

import pytest
from sqlmodel import Session, select

from rater_portal.errors import NotAllowedError, StudyError
from rater_portal.models import AuditEvent, Panel, Rater, Study
from rater_portal.services.entering import (
    ClosedDoorError,
    FullDoorError,
    StrangeParametersError,
    UnknownDoorError,
    enter,
)
from rater_portal.services.export import judgment_table
from rater_portal.services.handover import hand_over
from rater_portal.services.invitations import invite_coordinator
from rater_portal.services.journey import Step
from rater_portal.services.panels import close_panel, open_panel, panel_participants, panels
from tests.doors import CODES, PERSON, VISIT, came_as, comes, opened
from tests.studies import add_raters, judge_one, make_study


@pytest.fixture
def study(engine, tmp_path):
    make_study(engine, tmp_path, n_questions=1, rubrics=("independent",))
    return engine


def test_address_to_hand_to_prolific_has_its_signs(study):
    with Session(study) as session:
        door = open_panel(
            session,
            study="tiny",
            name="door",
            adapter="prolific",
            group="physician",
            capacity=1,
            settings={"codes": CODES},
            base_url="https://rate.example.org",
        )

    assert door.url.startswith("https://rate.example.org/panel/")
    assert door.url.endswith(
        "?PROLIFIC_PID={{%PROLIFIC_PID%}}&STUDY_ID={{%STUDY_ID%}}&SESSION_ID={{%SESSION_ID%}}"
    )


def test_same_person_comes_back_as_the_same_rater(study):
    token = opened(study)

    assert comes(study, token) == comes(study, token, visit="another")


def test_another_person_is_another_rater_of_the_doors_group(study):
    token = opened(study)
    first, second = comes(study, token), comes(study, token, person="other")

    with Session(study) as session:
        assert first != second
        assert session.get_one(Rater, second).rater_group == "physician"
        assert session.get_one(Rater, second).role == "rater"


def test_one_more_than_there_is_room_for_is_turned_away(study):
    token = opened(study, capacity=2)
    comes(study, token)
    comes(study, token, person="other")

    with pytest.raises(FullDoorError, match="all the people"):
        comes(study, token, person="third")


def test_who_is_inside_comes_back_to_a_full_and_closed_door_of_a_closed_study(study):
    token = opened(study, capacity=1)
    first = comes(study, token)
    with Session(study) as session:
        close_panel(session, study="tiny", name="door")
        session.exec(select(Study)).one().state = "closed"
        session.commit()

    assert comes(study, token) == first


@pytest.mark.parametrize("state", ["paused", "closed", "locked"])
def test_study_that_is_not_open_takes_nobody_new(study, state):
    token = opened(study)
    with Session(study) as session:
        session.exec(select(Study)).one().state = state
        session.commit()

    with pytest.raises(ClosedDoorError, match="nobody new"):
        comes(study, token)


def test_closed_door_takes_nobody_new(study):
    token = opened(study)
    with Session(study) as session:
        close_panel(session, study="tiny", name="door")

    with pytest.raises(ClosedDoorError, match="nobody new"):
        comes(study, token)


def test_door_that_opens_again_keeps_its_people_and_ends_its_old_address(study):
    old = opened(study)
    first = comes(study, old)
    with Session(study) as session:
        close_panel(session, study="tiny", name="door")
    new = opened(study)

    assert comes(study, new) == first
    with pytest.raises(UnknownDoorError, match="do not know"):
        comes(study, old)


def test_name_of_an_open_door_is_taken(study):
    opened(study)

    with pytest.raises(StudyError, match="'door' is open already"):
        opened(study)


def test_there_is_no_door_unless_one_is_opened(study):
    with pytest.raises(UnknownDoorError, match="do not know"):
        comes(study, "anything")


STRANGE = ["", " ", "a b", "<script>", "a'b", 'a"b', "a&b", "a\nb", "a\0b", "é", "x" * 129]


def test_person_with_a_strange_name_is_not_let_in(study):
    token = opened(study)

    for person in STRANGE:
        with pytest.raises(StrangeParametersError, match="does not say who you are"):
            comes(study, token, person=person)
    with Session(study) as session:
        assert session.exec(select(Rater)).all() == []


def test_address_without_a_parameter_lets_nobody_in(study):
    token = opened(study)

    for missing in came_as():
        said = {name: value for name, value in came_as().items() if name != missing}
        with (
            Session(study) as session,
            pytest.raises(StrangeParametersError, match="does not say who you are"),
        ):
            enter(session, token=token, parameters=said)


def test_parameters_never_lead_to_a_rater_who_came_another_way(study):
    (invited,) = add_raters(study)
    here, there = opened(study, name="here"), opened(study, name="there")
    elsewhere = comes(study, there)
    with Session(study) as session:
        pseudonym = session.get_one(Rater, invited).pseudonym

    tried = [comes(study, here, person=name) for name in (PERSON, pseudonym)]

    assert not {invited, elsewhere} & set(tried)


def raced(engine, work, count):
    """What `count` threads bring back that start together: results, or errors."""
    start, brought = threading.Barrier(count), []

    def run(number):
        start.wait()
        try:
            brought.append(work(number))
        except (FullDoorError, ClosedDoorError) as error:
            brought.append(type(error))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return brought


def test_as_many_as_there_is_room_for_come_in_when_all_come_at_once(study):
    token = opened(study, capacity=5)

    brought = raced(study, lambda number: comes(study, token, person=f"p{number}"), 20)

    assert brought.count(FullDoorError) == 15
    with Session(study) as session:
        assert len(session.exec(select(Rater)).all()) == 5


def test_person_who_comes_twelve_times_at_once_is_one_rater(study):
    token = opened(study, capacity=5)

    brought = raced(study, lambda _: comes(study, token), 12)

    assert len(set(brought)) == 1
    with Session(study) as session:
        assert len(session.exec(select(Rater)).all()) == 1


def test_other_people_than_coordinators_open_close_and_see_no_door(study):
    (rater_id,) = add_raters(study)
    opened(study)

    with Session(study) as session:
        asked = {"study": "tiny", "asked_by": rater_id}
        for service in (panels, panel_participants):
            with pytest.raises(NotAllowedError, match="may not do this"):
                service(session, **asked)
        with pytest.raises(NotAllowedError, match="may not do this"):
            close_panel(session, name="door", **asked)
    with pytest.raises(NotAllowedError, match="may not do this"):
        opened(study, name="other", asked_by=rater_id)


def test_coordinator_sees_who_came_and_which_code_each_was_given(study):
    token = opened(study, capacity=9)
    rater_id = comes(study, token)
    comes(study, token, person="other")
    judge_one(study, rater_id)
    with Session(study) as session:
        hand_over(session, rater_id=rater_id, step=Step("finished", "Tiny", False, judged=1))
        invite_coordinator(session, study="tiny")
        coordinator = session.exec(select(Rater.id).where(Rater.role == "coordinator")).one()
        seen = panel_participants(session, study="tiny", asked_by=coordinator)
        doors = panels(session, study="tiny", asked_by=coordinator)

    assert seen[["person", "judged", "code_given"]].values.tolist() == [
        [PERSON, 1, "complete"],
        ["other", 0, ""],
    ]
    assert doors[["panel", "open", "entered", "capacity"]].values.tolist() == [["door", True, 2, 9]]


def test_what_a_platform_calls_people_is_in_no_export_and_no_trail(study):
    rater_id = comes(study, opened(study))
    while judge_one(study, rater_id) is not None:
        pass

    with Session(study) as session:
        table = judgment_table(session, study="tiny").frame.to_csv()
        trail = [str(event.model_dump()) for event in session.exec(select(AuditEvent))]
        kept = session.exec(select(Panel)).one().model_dump_json()
    assert len(table) > 100
    assert len(trail) > 1
    for canary in (PERSON, VISIT):
        assert canary not in table
        assert canary not in kept
        assert not any(canary in event for event in trail)
