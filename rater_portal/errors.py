"""What can go wrong in words for the person at the screen; anything else is a bug and is logged."""

from collections.abc import Callable


class PortalError(Exception):
    """A message for the person at the screen.

    Parameters
    ----------
    message
        In English, with `{names}` for what differs: the same sentence is looked up in the
        catalogues of other languages.
    values
        What the names stand for.
    """

    def __init__(self, message: str, **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.message = message
        self.values = values

    def worded(self, translate: Callable[[str], str]) -> str:
        """The message in the language of `translate`."""
        words = translate(self.message)
        return words.format(**self.values) if self.values else words


class NotAllowedError(PortalError):
    """The caller may not do this, or not see this."""


class SignInError(PortalError):
    """The link, cookie or session does not let anyone in."""


class ClosedStudyError(PortalError):
    """The study takes no more judgments."""


class PausedStudyError(ClosedStudyError):
    """The study takes no judgments for a while."""


class LockedStudyError(ClosedStudyError):
    """The study takes no judgments ever again."""


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
