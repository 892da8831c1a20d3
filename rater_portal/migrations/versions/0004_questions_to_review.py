"""Questions that were made, and what coordinators decide about them: both tables only grow."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)

# Each table, with what tells its rows apart.
KEYS = {
    "candidate": ("id", "study_id, candidate_id"),
    "candidate_decision": ("id", "candidate_pk, number", "study_id, decision_id"),
}
LOCKED = "the study is locked"


def upgrade() -> None:
    create_candidate()
    create_candidate_decision()
    guard = guards_on_postgresql if _is_postgresql() else guards_on_sqlite
    for statement in guard():
        op.execute(statement)


def downgrade() -> None:
    # Their triggers go with the tables.
    for table in reversed(KEYS):
        op.drop_table(table)
    if _is_postgresql():
        for table in KEYS:
            op.execute(f"DROP FUNCTION {table}_refuse_change()")
            op.execute(f"DROP FUNCTION {table}_refuse_locked()")


def create_candidate() -> None:
    op.create_table(
        "candidate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("candidate_id", sa.String(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False),
        sa.Column("pairs", sa.JSON(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_candidate_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_candidate"),
        sa.UniqueConstraint("study_id", "candidate_id", name="uq_candidate_study_id_candidate_id"),
    )


def create_candidate_decision() -> None:
    op.create_table(
        "candidate_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("candidate_pk", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("edited_text", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("reviewer", sa.String(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=True),
        sa.Column("text_sha256", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["study_id"], ["study.id"], name="fk_candidate_decision_study_id_study"
        ),
        sa.ForeignKeyConstraint(
            ["candidate_pk"], ["candidate.id"], name="fk_candidate_decision_candidate_pk_candidate"
        ),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["rater.id"], name="fk_candidate_decision_rater_id_rater"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_candidate_decision"),
        sa.UniqueConstraint(
            "candidate_pk", "number", name="uq_candidate_decision_candidate_pk_number"
        ),
        sa.UniqueConstraint(
            "study_id", "decision_id", name="uq_candidate_decision_study_id_decision_id"
        ),
    )


def guards_on_sqlite() -> Iterator[str]:
    for table, keys in KEYS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
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
        yield (
            f"CREATE TRIGGER {table}_locked_refuses_insert BEFORE INSERT ON {table} "
            f"WHEN {_state_of_new()} = 'locked' BEGIN SELECT RAISE(ABORT, '{LOCKED}'); END"
        )


def guards_on_postgresql() -> Iterator[str]:
    for table in KEYS:
        yield (
            f"CREATE FUNCTION {table}_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE "
            f"ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse_change()"
        )
        yield (
            f"CREATE FUNCTION {table}_refuse_locked() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {_state_of_new()} = 'locked' THEN RAISE EXCEPTION '{LOCKED}'; END IF; "
            "RETURN NEW; END $$"
        )
        yield (
            f"CREATE TRIGGER {table}_locked BEFORE INSERT ON {table} "
            f"FOR EACH ROW EXECUTE FUNCTION {table}_refuse_locked()"
        )


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _new(key: str) -> str:
    return ", ".join(f"NEW.{column}" for column in key.split(", "))


def _state_of_new() -> str:
    """The state of the study that a new row belongs to, as SQL."""
    return "(SELECT state FROM study WHERE id = NEW.study_id)"
