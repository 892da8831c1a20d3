"""Every service, tried by every role in its own study and in another: what is not allowed fails."""

import ast
import hashlib
import importlib
import inspect
import pkgutil
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from sqlmodel import Session

from rater_portal import services
from rater_portal.database import make_engine, migrate, session_on, writing
from rater_portal.errors import NotAllowedError, SignInError
from rater_portal.models import Account, Rater, Role, ShownImage, Study, StudyImage, Table
from rater_portal.services.assignment import next_assignment
from rater_portal.services.invitations import newcomer
from rater_portal.services.members import disable_account, grant
from rater_portal.services.panels import open_panel
from rater_portal.services.permissions import ROLES_FOR, check
from rater_portal.services.studies import find_study
from tests.made_questions import made, send
from tests.portal_services import (
    AFTER_NEXT_STEP,
    AT_THE_SHELL,
    BEHIND_A_SECRET,
    IMAGE,
    IN_A_STUDY,
    OF_ONE_UNIT,
    OF_ONESELF,
    PARTS,
    SIGNING_IN,
    World,
)
from tests.studies import complete_codes, judge_one, make_study

ROLES: tuple[Role, ...] = ("rater", "adjudicator", "analyst", "coordinator")
PORTAL = Path(services.__file__).parents[1]


@dataclass(frozen=True)
class Scene:
    """Two studies, `own` and `other`, somebody in every role in each, and work under way."""

    database: Path
    world: World
    people: Mapping[tuple[str, Role], int]
    owner: int
    """The rater of study `own` whose units are asked for."""


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    database = folder / "scene.db"
    engine = make_engine(f"sqlite:///{database}")
    migrate(engine)
    for name in ("own", "other"):
        make_study(engine, folder / name, name=name, raters=3, rubrics=("independent",))
        send(engine, name, [made(1), made(2)])
    with writing(engine) as session:
        people = {
            (study, role): newcomer(
                session, find_study(session, study), role, "physician" if role == "rater" else None
            ).id
            for study in ("own", "other")
            for role in ROLES
        }
        owner = newcomer(session, find_study(session, "own"), "rater", "physician")
        owner_id, pseudonym = owner.id, owner.pseudonym
        # An account in the other study, which a coordinator of this one might like to have.
        account = Account(username="ana", created_at=owner.created_at)
        session.add(account)
        session.flush()
        session.get_one(Rater, people["other", "coordinator"]).account_id = account.id
        session.add(ShownImage(sha256=IMAGE, width=1, height=1, png=b"", png_sha256=IMAGE))
        session.flush()
        session.add(StudyImage(study_id=owner.study_id, sha256=IMAGE))
    with session_on(engine) as session:
        grant(session, username="ana", study="own", role="adjudicator")
        open_panel(
            session,
            study="own",
            name="first",
            adapter="generic",
            group="physician",
            capacity=1,
            settings={"person": "person"},
        )
    receipt = judge_one(engine, owner_id)
    assert receipt is not None
    with session_on(engine) as session:
        unit = next_assignment(session, rater_id=owner_id)
        assert unit is not None
        world = World(
            open_assignment=unit.assignment_id,
            judged_assignment=unit.assignment_id - 1,
            codes=complete_codes(unit),
            other_codes=complete_codes(unit) | {"comment": "On second thoughts."},
            pseudonym=pseudonym,
        )
    engine.dispose()
    return Scene(database, world, people, owner_id)


@pytest.fixture
def engine(scene: Scene, tmp_path: Path) -> Iterator[Engine]:
    """A copy of the scene that a test may change."""
    for suffix in ("", "-wal", "-shm"):
        part = scene.database.with_name(scene.database.name + suffix)
        if part.exists():
            shutil.copy(part, tmp_path / f"copy.db{suffix}")
    engine = make_engine(f"sqlite:///{tmp_path}/copy.db")
    yield engine
    engine.dispose()


def contents(engine: Engine) -> str:
    """A digest of all that the database holds."""
    digest = hashlib.sha256()
    with engine.connect() as connection:
        for table in Table.metadata.sorted_tables:
            for row in connection.execute(select(table).order_by(*table.primary_key)):
                digest.update(repr(tuple(row)).encode())
    return digest.hexdigest()


def refuses(
    engine: Engine,
    act: Callable[[Session], object],
    kind: type[NotAllowedError | SignInError] = NotAllowedError,
) -> None:
    """Assert that this is refused and that nothing was written."""
    before = contents(engine)
    with session_on(engine) as session, pytest.raises(kind, match=r"\w"):
        act(session)
    assert contents(engine) == before


def named(service: Callable[..., object]) -> str:
    return f"{service.__module__.rpartition('.')[2]}.{service.__name__}"


def all_services() -> set[str]:
    """Every public function below `services/` whose first parameter is a session."""
    found = set()
    for module in pkgutil.iter_modules(services.__path__, "rater_portal.services."):
        loaded = importlib.import_module(module.name)
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            first = next(iter(inspect.signature(function).parameters), None)
            own = function.__module__ == module.name and not name.startswith("_")
            if own and first == "session":
                found.add(named(function))
    return found


def listed(*tables: Mapping[str, set[str]]) -> list[str]:
    return [
        f"{module}.{name}" for table in tables for module, names in table.items() for name in names
    ]


TRIED = [named(one) for table in (IN_A_STUDY, OF_ONE_UNIT, OF_ONESELF) for one in table]
SECRET = [named(one) for one in BEHIND_A_SECRET]
NOT_TRIED = listed(SIGNING_IN, AT_THE_SHELL, AFTER_NEXT_STEP, PARTS)


def test_every_service_stands_in_exactly_one_table():
    classified = [*TRIED, *SECRET, *NOT_TRIED]

    assert sorted(classified) == sorted(set(classified))
    assert set(classified) == all_services()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("service", IN_A_STUDY, ids=named)
def test_service_about_a_study_asks_who_calls(scene, engine, service, role):
    call, roles = IN_A_STUDY[service]
    insider, outsider = scene.people["own", role], scene.people["other", role]

    refuses(engine, lambda session: call(session, scene.world, outsider))
    if role in roles:
        with session_on(engine) as session:
            call(session, scene.world, insider)
    else:
        refuses(engine, lambda session: call(session, scene.world, insider))


@pytest.mark.parametrize("service", IN_A_STUDY, ids=named)
def test_service_about_a_study_knows_no_stranger(scene, engine, service):
    call, _ = IN_A_STUDY[service]

    refuses(engine, lambda session: call(session, scene.world, 999_999))


@pytest.mark.parametrize("person", [(s, r) for s in ("own", "other") for r in ROLES], ids=str)
@pytest.mark.parametrize("service", OF_ONE_UNIT, ids=named)
def test_unit_of_one_rater_is_closed_to_everybody_else(scene, engine, service, person):
    call = OF_ONE_UNIT[service]

    refuses(engine, lambda session: call(session, scene.world, scene.people[person]))


@pytest.mark.parametrize("service", OF_ONE_UNIT, ids=named)
def test_unit_of_one_rater_is_open_to_that_rater(scene, engine, service):
    with session_on(engine) as session:
        OF_ONE_UNIT[service](session, scene.world, scene.owner)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("service", OF_ONESELF, ids=named)
def test_service_of_oneself_is_for_its_roles_only(scene, engine, service, role):
    call, roles = OF_ONESELF[service]
    person = scene.people["own", role]

    if role in roles:
        with session_on(engine) as session:
            call(session, scene.world, person)
    else:
        refuses(engine, lambda session: call(session, scene.world, person))


@pytest.mark.parametrize("service", BEHIND_A_SECRET, ids=named)
def test_guessed_secret_opens_nothing(engine, service):
    refuses(engine, BEHIND_A_SECRET[service], SignInError)


@pytest.mark.parametrize("action", ROLES_FOR)
def test_who_has_left_may_do_nothing_more(scene, engine, action):
    with writing(engine) as session:
        for person in scene.people.values():
            session.get_one(Rater, person).state = "withdrawn"

    with session_on(engine) as session:
        study = find_study(session, "own")
        for role in ROLES:
            with pytest.raises(NotAllowedError, match="You may not do this"):
                check(session, study=study, asked_by=scene.people["own", role], action=action)


def test_disabled_account_may_do_nothing_more(scene, engine):
    with session_on(engine) as session:
        disable_account(session, username="ana")
        study = find_study(session, "other")
        ana = scene.people["other", "coordinator"]

        with pytest.raises(NotAllowedError, match="You may not do this"):
            check(session, study=study, asked_by=ana, action="see_progress")


def test_study_that_is_not_there_is_refused_like_one_that_is_not_yours(scene, engine):
    ask, _ = IN_A_STUDY[next(iter(IN_A_STUDY))]
    with writing(engine) as session:
        session.exec(select(Study).where(Study.name == "own")).scalar_one().name = "renamed"

    with session_on(engine) as session, pytest.raises(NotAllowedError) as refused:
        ask(session, scene.world, scene.people["other", "coordinator"])
    assert "renamed" not in str(refused.value)


def used_outside_services() -> Iterator[tuple[str, str]]:
    """Module of the portal and service that it uses, wherever that is imported from."""
    for path in sorted(PORTAL.rglob("*.py")):
        place = path.relative_to(PORTAL)
        if place.parts[0] in ("services", "models", "migrations"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        aliases = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(
                "rater_portal.services"
            ):
                module = str(node.module).removeprefix("rater_portal.services").strip(".")
                for name in node.names:
                    if module:
                        yield str(place), f"{module}.{name.name}"
                    else:
                        aliases[name.asname or name.name] = name.name
            of_a_name = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
            if of_a_name and node.value.id in aliases:
                yield str(place), f"{aliases[node.value.id]}.{node.attr}"


def test_parts_of_services_are_used_by_services_alone():
    parts = set(listed(PARTS))

    assert [use for use in used_outside_services() if use[1] in parts] == []


def test_steps_of_signing_in_are_used_by_the_routes_around_it_alone():
    steps = set(listed(SIGNING_IN))
    around = {
        "gate.py",
        "page_language.py",
        "provider.py",
        *(f"routes/{name}.py" for name in ("calling", "oidc", "panels", "password", "signin")),
        "routes/studies.py",
    }

    assert {place for place, used in used_outside_services() if used in steps} <= around


def test_what_is_for_the_shell_is_used_by_no_page_and_no_route():
    shell = set(listed(AT_THE_SHELL))
    places = {place for place, used in used_outside_services() if used in shell}

    assert places <= {"demo.py", "synthetic.py"}
