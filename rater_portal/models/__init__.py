"""Every table of the study database, and nothing else.

SQLModel checks no values in table rows: rows are built in `services` alone, from checked values.
"""

from rater_portal.models.candidates import CandidateDecision, SentCandidate
from rater_portal.models.fields import (
    Decision,
    Purpose,
    RaterState,
    Role,
    Side,
    SkipKind,
    StudyState,
    Table,
    UnitPurpose,
    UtcDateTime,
    Verb,
)
from rater_portal.models.images import ShownImage, StudyImage
from rater_portal.models.people import (
    Account,
    BrowserSession,
    Consent,
    FailedAttempt,
    Invite,
    Profile,
    Rater,
    ShownText,
)
from rater_portal.models.record import Assignment, AuditEvent, Draft, Judgment, TrailEnd
from rater_portal.models.study import Panel, Quota, Study, StudyRubric, Unit

__all__ = [
    "Account",
    "Assignment",
    "AuditEvent",
    "BrowserSession",
    "CandidateDecision",
    "Consent",
    "Decision",
    "Draft",
    "FailedAttempt",
    "Invite",
    "Judgment",
    "Panel",
    "Profile",
    "Purpose",
    "Quota",
    "Rater",
    "RaterState",
    "Role",
    "SentCandidate",
    "ShownImage",
    "ShownText",
    "Side",
    "SkipKind",
    "Study",
    "StudyImage",
    "StudyRubric",
    "StudyState",
    "Table",
    "TrailEnd",
    "Unit",
    "UnitPurpose",
    "UtcDateTime",
    "Verb",
]
