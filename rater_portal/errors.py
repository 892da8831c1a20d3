"""What can go wrong in words for the person at the screen; anything else is a bug and is logged."""


class PortalError(Exception):
    """A message that a page shows as it is."""


class NotAllowedError(PortalError):
    """The caller may not do this, or not see this."""


class SignInError(PortalError):
    """The link, cookie or session does not let anyone in."""


class ClosedStudyError(PortalError):
    """The study takes no more judgments."""


class AlreadySubmittedError(PortalError):
    """The unit was judged before, in another tab or on another device."""


class DatabaseError(PortalError):
    """The study database cannot be opened as the settings say."""


class StudyError(PortalError):
    """A study cannot be made or found as asked."""


class InvalidCodesError(PortalError):
    """What came back does not answer the rubric; `problems` says what, item by item."""

    def __init__(self, problems: list[tuple[str, str]]) -> None:
        super().__init__(" ".join(message for _, message in problems))
        self.problems = problems
