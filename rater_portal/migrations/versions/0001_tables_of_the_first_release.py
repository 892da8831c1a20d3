"""Tables of the first release; judgments are append-only from the first row."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    "judgment",
    "draft",
    "assignment",
    "quota",
    "invite",
    "browser_session",
    "unit",
    "study_rubric",
    "rater",
    "study",
)


def upgrade() -> None:
    create_tables()
    if op.get_bind().dialect.name == "postgresql":
        refuse_change_on_postgresql()
    else:
        refuse_change_on_sqlite()


def refuse_change_on_sqlite() -> None:
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER judgment_refuses_{action.lower()} BEFORE {action} ON judgment "
            "BEGIN SELECT RAISE(ABORT, 'judgments are append-only'); END"
        )


def refuse_change_on_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'judgments are append-only'; END $$"
    )
    op.execute(
        "CREATE TRIGGER judgment_refuses_change BEFORE UPDATE OR DELETE OR TRUNCATE ON judgment "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")


def create_tables() -> None:
    op.create_table(
        "study",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("protocol", sa.JSON(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
        sa.UniqueConstraint("name", name="uq_study_name"),
    )
    op.create_table(
        "rater",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.String(), nullable=False),
        sa.Column("rater_group", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("synthetic", sa.Boolean(), nullable=False),
        sa.Column("guided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_rater_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_rater"),
        sa.UniqueConstraint("study_id", "pseudonym", name="uq_rater_study_id_pseudonym"),
    )
    op.create_index("ix_rater_study_id", "rater", ["study_id"])

    op.create_table(
        "study_rubric",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("rubric_id", sa.String(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_study_rubric_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_study_rubric"),
        sa.UniqueConstraint("study_id", "rubric_id", name="uq_study_rubric_study_id_rubric_id"),
    )
    op.create_index("ix_study_rubric_study_id", "study_rubric", ["study_id"])

    op.create_table(
        "unit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("dataset", sa.String(), nullable=False),
        sa.Column("question_id", sa.String(), nullable=False),
        sa.Column("question_2_id", sa.String(), nullable=True),
        sa.Column("seed", sa.String(), nullable=True),
        sa.Column("source_a", sa.String(), nullable=False),
        sa.Column("source_b", sa.String(), nullable=True),
        sa.Column("panels", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_unit_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_unit"),
        sa.UniqueConstraint("study_id", "unit_id", name="uq_unit_study_id_unit_id"),
    )
    op.create_index("ix_unit_study_id", "unit", ["study_id"])

    op.create_table(
        "browser_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["rater_id"], ["rater.id"], name="fk_browser_session_rater_id_rater"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_browser_session"),
        sa.UniqueConstraint("token_hash", name="uq_browser_session_token_hash"),
    )
    op.create_index("ix_browser_session_rater_id", "browser_session", ["rater_id"])

    op.create_table(
        "invite",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name="fk_invite_rater_id_rater"),
        sa.PrimaryKeyConstraint("id", name="pk_invite"),
        sa.UniqueConstraint("token_hash", name="uq_invite_token_hash"),
    )
    op.create_index("ix_invite_rater_id", "invite", ["rater_id"])

    op.create_table(
        "quota",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("unit_pk", sa.Integer(), nullable=False),
        sa.Column("rubric_id", sa.String(), nullable=False),
        sa.Column("rater_group", sa.String(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "accepted >= 0 AND accepted <= capacity", name="ck_quota_within_capacity"
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_quota_study_id_study"),
        sa.ForeignKeyConstraint(["unit_pk"], ["unit.id"], name="fk_quota_unit_pk_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_quota"),
        sa.UniqueConstraint(
            "unit_pk", "rubric_id", "rater_group", name="uq_quota_unit_pk_rubric_id_rater_group"
        ),
    )
    op.create_index("ix_quota_study_id_rater_group", "quota", ["study_id", "rater_group"])

    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("unit_pk", sa.Integer(), nullable=False),
        sa.Column("quota_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("shown_first", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_active_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("active_seconds", sa.Float(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("shown_first IN ('A', 'B')", name="ck_assignment_side"),
        sa.ForeignKeyConstraint(["quota_id"], ["quota.id"], name="fk_assignment_quota_id_quota"),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name="fk_assignment_rater_id_rater"),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_assignment_study_id_study"),
        sa.ForeignKeyConstraint(["unit_pk"], ["unit.id"], name="fk_assignment_unit_pk_unit"),
        sa.PrimaryKeyConstraint("id", name="pk_assignment"),
        sa.UniqueConstraint("quota_id", "rater_id", name="uq_assignment_quota_id_rater_id"),
    )
    op.create_index("ix_assignment_quota_id", "assignment", ["quota_id"])
    op.create_index("ix_assignment_rater_id", "assignment", ["rater_id"])
    op.create_index("ix_assignment_study_id", "assignment", ["study_id"])

    op.create_table(
        "draft",
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_draft_assignment_id_assignment"
        ),
        sa.PrimaryKeyConstraint("assignment_id", name="pk_draft"),
    )
    op.create_table(
        "judgment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.String(), nullable=False),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("rubric_hash", sa.String(), nullable=False),
        sa.Column("shown_first", sa.String(), nullable=False),
        sa.Column("active_seconds", sa.Float(), nullable=False),
        sa.Column("surplus", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("row_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_judgment_assignment_id_assignment"
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_judgment_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_judgment"),
        sa.UniqueConstraint("assignment_id", "revision", name="uq_judgment_assignment_id_revision"),
        sa.UniqueConstraint("row_hash", name="uq_judgment_row_hash"),
        sa.UniqueConstraint("submission_id", name="uq_judgment_submission_id"),
    )
    op.create_index("ix_judgment_assignment_id", "judgment", ["assignment_id"])
    op.create_index("ix_judgment_study_id", "judgment", ["study_id"])
