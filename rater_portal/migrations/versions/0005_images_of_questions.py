"""Images of questions, and which studies show them: both tables only grow."""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# Each table, with what tells its rows apart.
KEYS = {"shown_image": "sha256", "study_image": "study_id, sha256"}
LOCKED = "the study is locked"
STATE_OF_NEW = "(SELECT state FROM study WHERE id = NEW.study_id)"


def upgrade() -> None:
    op.create_table(
        "shown_image",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("png", sa.LargeBinary(), nullable=False),
        sa.Column("png_sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_shown_image"),
    )
    op.create_table(
        "study_image",
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_study_image_study_id_study"),
        sa.ForeignKeyConstraint(
            ["sha256"], ["shown_image.sha256"], name="fk_study_image_sha256_shown_image"
        ),
        sa.PrimaryKeyConstraint("study_id", "sha256", name="pk_study_image"),
    )
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
        op.execute("DROP FUNCTION study_image_refuse_locked()")


def guards_on_sqlite() -> Iterator[str]:
    for table, key in KEYS.items():
        refuse = f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        for action in ("UPDATE", "DELETE"):
            yield (
                f"CREATE TRIGGER {table}_refuses_{action.lower()} BEFORE {action} ON {table} "
                f"{refuse}"
            )
        # INSERT OR REPLACE removes the row that is in its way, and no trigger hears of that.
        new = ", ".join(f"NEW.{column}" for column in key.split(", "))
        yield (
            f"CREATE TRIGGER {table}_refuses_replace BEFORE INSERT ON {table} "
            f"WHEN EXISTS (SELECT 1 FROM {table} WHERE ({key}) = ({new})) {refuse}"
        )
    yield (
        "CREATE TRIGGER study_image_locked_refuses_insert BEFORE INSERT ON study_image "
        f"WHEN {STATE_OF_NEW} = 'locked' BEGIN SELECT RAISE(ABORT, '{LOCKED}'); END"
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
        "CREATE FUNCTION study_image_refuse_locked() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF {STATE_OF_NEW} = 'locked' THEN RAISE EXCEPTION '{LOCKED}'; END IF; "
        "RETURN NEW; END $$"
    )
    yield (
        "CREATE TRIGGER study_image_locked BEFORE INSERT ON study_image "
        "FOR EACH ROW EXECUTE FUNCTION study_image_refuse_locked()"
    )


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"
