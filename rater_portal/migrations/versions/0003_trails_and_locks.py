"""Where trails end, trails of what was judged before, and what the database itself refuses."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Each table that only grows, with what tells its rows apart.
APPEND_ONLY = {
    "judgment": ("id", "row_hash", "submission_id", "assignment_id, revision"),
    "audit_event": ("id", "row_hash"),
    "consent": ("id",),
    "shown_text": ("text_hash",),
}
GUARDED_BEFORE = ("judgment",)
"""Those whose changes and removals an earlier step refuses."""

SHUT = ("judgment", "consent", "assignment", "draft", "quota", "unit", "study_rubric")
"""Tables whose rows stay as they are once their study is locked."""

EVENT = ("id", "study_id", "happened_at", "action", "new", "previous_hash", "row_hash")
TRAIL_END = ("study_id", "n_judgments", "judgment_hash", "n_events", "event_hash")
LOCKED = "the study is locked"
FIRST_HASH = "0" * 64


def upgrade() -> None:
    op.create_table(
        "trail_end",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("n_judgments", sa.Integer(), nullable=False),
        sa.Column("judgment_hash", sa.String(), nullable=False),
        sa.Column("n_events", sa.Integer(), nullable=False),
        sa.Column("event_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_trail_end_study_id_study"),
        sa.PrimaryKeyConstraint("study_id", name="pk_trail_end"),
    )
    begin_trails()
    guard = guards_on_postgresql if _is_postgresql() else guards_on_sqlite
    for statement in guard():
        op.execute(statement)


def downgrade() -> None:
    unguard = unguards_on_postgresql if _is_postgresql() else unguards_on_sqlite
    for statement in unguard():
        op.execute(statement)
    op.drop_table("trail_end")


def begin_trails() -> None:
    """Note where trails end; in a study judged before, first how much no event tells of."""
    bind = op.get_bind()
    judged, done = ends_of("judgment"), ends_of("audit_event")
    events = sa.table("audit_event", *(sa.column(name) for name in EVENT))
    events.c.happened_at.type = sa.DateTime(timezone=True)
    events.c.new.type = sa.JSON()
    ends = sa.table("trail_end", *(sa.column(name) for name in TRAIL_END))
    number = bind.execute(sa.text("SELECT coalesce(max(id), 0) FROM audit_event")).scalar_one()
    for study_id in sorted({*judged, *done}):
        count, last_hash = judged.get(study_id, (0, FIRST_HASH))
        if study_id not in done:
            number += 1
            begun = beginning(number, study_id, {"judgments": count, "last_hash": last_hash})
            bind.execute(events.insert().values(**begun))
            done[study_id] = (1, begun["row_hash"])
        told = (study_id, count, last_hash, *done[study_id])
        bind.execute(ends.insert().values(**dict(zip(TRAIL_END, told, strict=True))))
    if _is_postgresql():
        op.execute(f"SELECT setval('audit_event_id_seq', {number + 1}, false)")


def ends_of(table: str) -> dict[int, tuple[int, str]]:
    """How many rows each study has in a trail, and the last one's hash."""
    newest = sa.text(
        f"SELECT {table}.study_id, n, row_hash FROM {table} JOIN "
        f"(SELECT max(id) AS last, count(*) AS n FROM {table} GROUP BY study_id) AS ends "
        f"ON {table}.id = ends.last"
    )
    return {study_id: (n, last) for study_id, n, last in op.get_bind().execute(newest)}


def beginning(number: int, study_id: int, new: dict[str, Any]) -> dict[str, Any]:
    """The first event of a study's trail, with the hash over all its columns."""
    now = datetime.now(UTC)
    event = {
        "id": number,
        "study_id": study_id,
        "happened_at": now,
        "action": "trail.begun",
        "new": new,
        "previous_hash": FIRST_HASH,
    }
    empty = ("actor_id", "assignment_id", "item", "old", "reason", "rubric_hash")
    said = {**dict.fromkeys(empty), **event, "happened_at": now.isoformat()}
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return {**event, "row_hash": hashlib.sha256(canonical.encode()).hexdigest()}


def guards_on_sqlite() -> Iterator[str]:
    for table, keys in APPEND_ONLY.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{_only_grows(table)}'); END"
        if table not in GUARDED_BEFORE:
            for action in ("UPDATE", "DELETE"):
                yield (
                    f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
                    f"{refuse}"
                )
        # INSERT OR REPLACE removes the row that is in its way, and no trigger hears of that.
        there = " OR ".join(f"({key}) = ({_new(key)})" for key in keys)
        yield (
            f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {there}) {refuse}"
        )
    refuse = f"BEGIN SELECT RAISE(ABORT, '{LOCKED}'); END"
    for table, action in _shut_on_sqlite():
        row = "NEW" if action == "INSERT" else "OLD"
        yield (
            f"CREATE TRIGGER {table}_locked_refuses_{action.lower()} BEFORE {action} ON {table} "
            f"WHEN {_state_of(table, row)} = 'locked' {refuse}"
        )
    for action in ("UPDATE", "DELETE"):
        yield (
            f"CREATE TRIGGER study_locked_refuses_{action.lower()} BEFORE {action} ON study "
            f"WHEN OLD.state = 'locked' {refuse}"
        )
    yield (
        "CREATE TRIGGER study_locked_refuses_replace BEFORE INSERT ON study WHEN EXISTS "
        "(SELECT 1 FROM study WHERE state = 'locked' AND (id = NEW.id OR name = NEW.name)) "
        f"{refuse}"
    )


def unguards_on_sqlite() -> Iterator[str]:
    for table in APPEND_ONLY:
        if table not in GUARDED_BEFORE:
            for action in ("update", "delete"):
                yield f"DROP TRIGGER {table}_refuses_{action}"
        yield f"DROP TRIGGER {table}_refuses_replace"
    for table, action in _shut_on_sqlite():
        yield f"DROP TRIGGER {table}_locked_refuses_{action.lower()}"
    for action in ("update", "delete", "replace"):
        yield f"DROP TRIGGER study_locked_refuses_{action}"


def guards_on_postgresql() -> Iterator[str]:
    for table in APPEND_ONLY:
        if table not in GUARDED_BEFORE:
            yield (
                f"CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{_only_grows(table)}'; END $$"
            )
            yield (
                f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change()"
            )
    for table in SHUT:
        states = f"{_state_of(table, 'NEW')}, {_state_of(table, 'OLD')}"
        yield (
            f"CREATE FUNCTION {table}_refuse_locked() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF 'locked' IN ({states}) THEN RAISE EXCEPTION '{LOCKED}'; END IF; "
            "RETURN COALESCE(NEW, OLD); END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_locked BEFORE INSERT OR UPDATE OR DELETE ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse_locked()"
        )
    yield (
        "CREATE FUNCTION study_refuse_locked() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{LOCKED}'; END $$"
    )
    yield (
        "CREATE TRIGGER study_locked BEFORE UPDATE OR DELETE ON study FOR EACH ROW "
        "WHEN (OLD.state = 'locked') EXECUTE FUNCTION study_refuse_locked()"
    )


def unguards_on_postgresql() -> Iterator[str]:
    for table in APPEND_ONLY:
        if table not in GUARDED_BEFORE:
            yield f"DROP TRIGGER {table}_refuses_change ON {table}"
            yield f"DROP FUNCTION {table}_refuse_change()"
    for table in (*SHUT, "study"):
        yield f"DROP TRIGGER {table}_locked ON {table}"
        yield f"DROP FUNCTION {table}_refuse_locked()"


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _only_grows(table: str) -> str:
    return f"{table} is append-only"


def _shut_on_sqlite() -> Iterator[tuple[str, str]]:
    """What is refused in a locked study; what only grows refuses the rest in any study."""
    for table in SHUT:
        actions = ("INSERT",) if table in APPEND_ONLY else ("INSERT", "UPDATE", "DELETE")
        yield from ((table, action) for action in actions)


def _new(key: str) -> str:
    return ", ".join(f"NEW.{column}" for column in key.split(", "))


def _state_of(table: str, row: str) -> str:
    """The state of the study that a row belongs to, as SQL."""
    study = f"{row}.study_id"
    if table == "draft":
        study = f"(SELECT study_id FROM assignment WHERE id = {row}.assignment_id)"
    return f"(SELECT state FROM study WHERE id = {study})"
