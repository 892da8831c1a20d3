"""A thousand single tamperings with the rows of both trails: every one is found."""

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text

from rater_portal.models import Judgment
from tests.recorded import found, unguarded_record

N_TAMPERINGS = 1000
JSON_COLUMNS = {"codes", "marks", "old", "new"}
NEVER_NULL = {
    "judgment": set(Judgment.model_fields) - {"language", "reason"},
    "audit_event": {"id", "study_id", "happened_at", "action", "previous_hash", "row_hash"},
}


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """A connection to a study with all that a record can hold, which nothing guards any more."""
    with unguarded_record(tmp_path_factory.mktemp("record")) as connection:
        yield connection


def test_untouched_record_is_whole(unguarded: Connection) -> None:
    seen = found(unguarded)
    unguarded.rollback()

    # 6 single, 3 pair and 4 counterfactual units by 2 raters, and 3 revisions of each rater.
    assert seen.problems == ()
    assert seen.n_judgments > 20
    assert seen.n_events > 2 * seen.n_judgments


def test_thousand_single_tamperings_are_all_found(unguarded: Connection) -> None:
    numbers = random.Random(4)
    missed = []
    for _ in range(N_TAMPERINGS):
        table = numbers.choice(["judgment", "audit_event"])
        tamper = numbers.choice([edit, edit, edit, edit, remove, swap, copy, move])
        done = tamper(unguarded, table, numbers)
        if not found(unguarded).problems:
            missed.append((tamper.__name__, table, done))
        unguarded.rollback()

    assert missed == []


def edit(connection: Connection, table: str, numbers: random.Random) -> str:
    """Give one cell another value: one that means something else, if it means anything."""
    row = any_row(connection, table, numbers)
    column = numbers.choice(list(row))
    value = another(table, column, row[column], numbers)
    connection.execute(
        text(f"UPDATE {table} SET {column} = :value WHERE id = :id"),
        {"value": value, "id": row["id"]},
    )
    return f"{column} of {row['id']}: {row[column]!r} to {value!r}"


def another(table: str, column: str, value: Any, numbers: random.Random) -> Any:
    if value is None:
        return "1" if column in JSON_COLUMNS else 1
    if column not in NEVER_NULL[table] and numbers.random() < 0.2:
        return None
    if isinstance(value, int | float):
        return 1 - value if column == "surplus" else value + numbers.randint(1000, 9000)
    while True:
        place = numbers.randrange(len(value))
        sign = chr(numbers.randint(33, 126))
        changed = value[:place] + sign + value[place + 1 :]
        if meaning(column, changed) != meaning(column, value):
            return changed


def meaning(column: str, written: str) -> Any:
    """What a cell says: the same moment or JSON can be spelled in several ways."""
    if column.endswith("_at"):
        return written[:10] + written[11:]
    if column not in JSON_COLUMNS:
        return written
    try:
        return json.loads(written)
    except json.JSONDecodeError:
        return "nothing"


def remove(connection: Connection, table: str, numbers: random.Random) -> str:
    row = any_row(connection, table, numbers)
    connection.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": row["id"]})
    return f"{row['id']}"


def swap(connection: Connection, table: str, numbers: random.Random) -> str:
    """Let two rows change places."""
    first, second = numbers.sample(ids(connection, table), 2)
    for old, new in ((first, -1), (second, first), (-1, second)):
        change_id(connection, table, old, new)
    return f"{first} and {second}"


def move(connection: Connection, table: str, numbers: random.Random) -> str:
    """Put a row at the end."""
    chosen = numbers.choice(ids(connection, table))
    change_id(connection, table, chosen, 10_000)
    return f"{chosen}"


def copy(connection: Connection, table: str, numbers: random.Random) -> str:
    """Put in a row like another, with fresh keys."""
    row = any_row(connection, table, numbers)
    forged = {**row, "id": 10_000, "row_hash": f"{numbers.getrandbits(256):064x}"}
    if table == "judgment":
        forged |= {"revision": 9, "submission_id": "forged"}
    names = ", ".join(forged)
    values = ", ".join(f":{name}" for name in forged)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), forged)
    return f"{row['id']}"


def ids(connection: Connection, table: str) -> list[int]:
    return list(connection.execute(text(f"SELECT id FROM {table} ORDER BY id")).scalars())


def any_row(connection: Connection, table: str, numbers: random.Random) -> dict[str, Any]:
    chosen = numbers.choice(ids(connection, table))
    row = connection.execute(text(f"SELECT * FROM {table} WHERE id = {chosen}"))
    return dict(row.mappings().one())


def change_id(connection: Connection, table: str, old: int, new: int) -> None:
    connection.execute(text(f"UPDATE {table} SET id = {new} WHERE id = {old}"))
