"""Accounts, panels, consent, training and checks, skips, marks, and the trail of what was done."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NEW_TABLES = (
    "audit_event",
    "profile",
    "consent",
    "shown_text",
    "failed_attempt",
)


def upgrade() -> None:
    create_people()
    create_consent()
    create_audit_event()
    extend_tables()
    op.execute("UPDATE study SET state = 'closed' WHERE NOT is_open")
    with op.batch_alter_table("study") as study:
        study.drop_column("is_open")


def downgrade() -> None:
    with op.batch_alter_table("study") as study:
        study.add_column(
            sa.Column("is_open", sa.Boolean(), nullable=False, server_default=sa.true())
        )
    is_open = sa.table("study", sa.column("is_open", sa.Boolean()), sa.column("state", sa.String()))
    op.execute(is_open.update().where(is_open.c.state != "open").values(is_open=sa.false()))
    reduce_tables()
    for table in (*NEW_TABLES, "panel", "account"):
        op.drop_table(table)


def create_people() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=True),
        sa.Column("issuer", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("disabled_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_account"),
        sa.UniqueConstraint("issuer", "subject", name="uq_account_issuer_subject"),
        sa.UniqueConstraint("username", name="uq_account_username"),
    )
    op.create_table(
        "failed_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("failed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_failed_attempt"),
    )
    op.create_index("ix_failed_attempt_failed_at", "failed_attempt", ["failed_at"])
    op.create_index("ix_failed_attempt_kind_key_hash", "failed_attempt", ["kind", "key_hash"])
    op.create_table(
        "panel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("rater_group", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("capacity", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_panel_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_panel"),
        sa.UniqueConstraint("study_id", "name", name="uq_panel_study_id_name"),
        sa.UniqueConstraint("token_hash", name="uq_panel_token_hash"),
    )


def create_consent() -> None:
    op.create_table(
        "shown_text",
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("text_hash", name="pk_shown_text"),
    )
    op.create_table(
        "consent",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name="fk_consent_rater_id_rater"),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_consent_study_id_study"),
        sa.ForeignKeyConstraint(
            ["text_hash"], ["shown_text.text_hash"], name="fk_consent_text_hash_shown_text"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consent"),
    )
    op.create_index("ix_consent_rater_id", "consent", ["rater_id"])
    op.create_index("ix_consent_study_id", "consent", ["study_id"])
    op.create_table(
        "profile",
        sa.Column("rater_id", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["rater_id"], ["rater.id"], name="fk_profile_rater_id_rater"),
        sa.PrimaryKeyConstraint("rater_id", name="pk_profile"),
    )


def create_audit_event() -> None:
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("study_id", sa.Integer(), nullable=False),
        sa.Column("happened_at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=True),
        sa.Column("item", sa.String(), nullable=True),
        sa.Column("old", sa.JSON(), nullable=True),
        sa.Column("new", sa.JSON(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rubric_hash", sa.String(), nullable=True),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("row_hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["rater.id"], name="fk_audit_event_actor_id_rater"),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name="fk_audit_event_assignment_id_assignment"
        ),
        sa.ForeignKeyConstraint(["study_id"], ["study.id"], name="fk_audit_event_study_id_study"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_event"),
        sa.UniqueConstraint("row_hash", name="uq_audit_event_row_hash"),
    )
    op.create_index("ix_audit_event_assignment_id", "audit_event", ["assignment_id"])
    op.create_index("ix_audit_event_study_id", "audit_event", ["study_id"])


def extend_tables() -> None:
    # Whole new tables on SQLite, for constraints; `judgment` is not among them: its triggers stay.
    with op.batch_alter_table("assignment") as assignment:
        assignment.add_column(_text("purpose", "study"))
        assignment.add_column(
            sa.Column("attempt", sa.Integer(), nullable=False, server_default="1")
        )
        assignment.add_column(sa.Column("skipped_at", MOMENT, nullable=True))
        for name in ("skip_kind", "skip_reason", "skip_comment"):
            assignment.add_column(sa.Column(name, sa.String(), nullable=True))
        assignment.drop_constraint("uq_assignment_quota_id_rater_id", type_="unique")
        assignment.create_unique_constraint(
            "uq_assignment_quota_id_rater_id_purpose_attempt",
            ["quota_id", "rater_id", "purpose", "attempt"],
        )
        assignment.create_index(
            "ix_assignment_study_id_submitted_at", ["study_id", "submitted_at", "leased_until"]
        )
    with op.batch_alter_table("browser_session") as session:
        session.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        session.add_column(sa.Column("last_seen_at", MOMENT, nullable=True))
        session.create_index("ix_browser_session_account_id", ["account_id"])
        session.create_foreign_key(
            "fk_browser_session_account_id_account", "account", ["account_id"], ["id"]
        )
    with op.batch_alter_table("rater") as rater:
        rater.add_column(sa.Column("account_id", sa.Integer(), nullable=True))
        rater.add_column(_text("state", "active"))
        for name in ("author", "language", "panel_person", "panel_session"):
            rater.add_column(sa.Column(name, sa.String(), nullable=True))
        rater.add_column(_json("preferences", "{}"))
        rater.add_column(sa.Column("panel_id", sa.Integer(), nullable=True))
        rater.add_column(sa.Column("qualified_at", MOMENT, nullable=True))
        rater.add_column(
            sa.Column("rested_seconds", sa.Float(), nullable=False, server_default="0")
        )
        rater.create_index("ix_rater_account_id", ["account_id"])
        rater.create_unique_constraint(
            "uq_rater_panel_id_panel_person", ["panel_id", "panel_person"]
        )
        rater.create_foreign_key("fk_rater_account_id_account", "account", ["account_id"], ["id"])
        rater.create_foreign_key("fk_rater_panel_id_panel", "panel", ["panel_id"], ["id"])
    op.add_column("draft", _json("changed_at", "{}"))
    op.add_column("draft", _json("marks", "[]"))
    op.add_column("judgment", _json("marks", "[]"))
    op.add_column("judgment", _text("purpose", "study"))
    op.add_column("judgment", sa.Column("language", sa.String(), nullable=True))
    for name in PLAIN_COLUMNS["quota"]:
        op.add_column("quota", sa.Column(name, sa.Integer(), nullable=True))
    op.add_column("study", _text("state", "open"))
    op.add_column("study", sa.Column("message", sa.String(), nullable=True))
    op.add_column("study", sa.Column("back_at", MOMENT, nullable=True))
    op.add_column("unit", _text("purpose", "study"))
    op.add_column("unit", sa.Column("key", sa.JSON(), nullable=True))
    op.add_column("unit", sa.Column("feedback", sa.JSON(), nullable=True))
    op.add_column("unit", sa.Column("content_note", sa.String(), nullable=True))
    op.add_column("unit", _json("authors", "[]"))


def reduce_tables() -> None:
    with op.batch_alter_table("assignment") as assignment:
        assignment.drop_index("ix_assignment_study_id_submitted_at")
        assignment.drop_constraint(
            "uq_assignment_quota_id_rater_id_purpose_attempt", type_="unique"
        )
        assignment.create_unique_constraint(
            "uq_assignment_quota_id_rater_id", ["quota_id", "rater_id"]
        )
        for name in ASSIGNMENT_COLUMNS:
            assignment.drop_column(name)
    with op.batch_alter_table("browser_session") as session:
        session.drop_constraint("fk_browser_session_account_id_account", type_="foreignkey")
        session.drop_index("ix_browser_session_account_id")
        for name in ("account_id", "last_seen_at"):
            session.drop_column(name)
    with op.batch_alter_table("rater") as rater:
        rater.drop_constraint("fk_rater_account_id_account", type_="foreignkey")
        rater.drop_constraint("fk_rater_panel_id_panel", type_="foreignkey")
        rater.drop_constraint("uq_rater_panel_id_panel_person", type_="unique")
        rater.drop_index("ix_rater_account_id")
        for name in RATER_COLUMNS:
            rater.drop_column(name)
    for table, names in PLAIN_COLUMNS.items():
        for name in names:
            op.drop_column(table, name)


ASSIGNMENT_COLUMNS = (
    "purpose",
    "attempt",
    "skipped_at",
    "skip_kind",
    "skip_reason",
    "skip_comment",
)
RATER_COLUMNS = (
    "account_id",
    "state",
    "author",
    "language",
    "preferences",
    "panel_id",
    "panel_person",
    "panel_session",
    "qualified_at",
    "rested_seconds",
)
PLAIN_COLUMNS = {
    "draft": ("changed_at", "marks"),
    "judgment": ("marks", "purpose", "language"),
    "quota": ("question", "question_2", "question_places"),
    "study": ("state", "message", "back_at"),
    "unit": ("purpose", "key", "feedback", "content_note", "authors"),
}


def _text(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.String(), nullable=False, server_default=default)


def _json(name: str, default: str) -> sa.Column:
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)
