"""Which errors are about the input, so that their message alone helps the person at the shell."""

from typing import Final

from pydantic import ValidationError

ANSWERS_FAILED: Final = 3
"""Ends a command that did its work though single answers failed, which their file records. Not 1:
what breaks off unforeseen ends with that, and a cluster should try it again."""


def known_errors() -> tuple[type[Exception], ...]:
    """The classes whose messages are written to be read; anything else is a bug."""
    from analysis.estimates import RatingsError, UndefinedStatisticError
    from analysis.table import TableError
    from equitymedqa.augment.errors import AugmentError
    from equitymedqa.catalog import UnknownSetError
    from equitymedqa.fetching import FetchError
    from equitymedqa.generation import GenerationError
    from equitymedqa.problems import QuestionFileError
    from equitymedqa.prompts import PromptFileError, UnknownPromptError
    from rater_portal.errors import PortalError
    from rubrics.loader import RubricFileError

    return (
        AugmentError,
        FetchError,
        GenerationError,
        PortalError,
        PromptFileError,
        QuestionFileError,
        RatingsError,
        RubricFileError,
        TableError,
        UndefinedStatisticError,
        UnknownPromptError,
        UnknownSetError,
        ValidationError,
    )


def explained(error: Exception) -> str:
    """The message as a person at the shell needs it.

    Raises
    ------
    ValidationError
        The same one, if it is about anything but the portal's settings: then it is a bug.
    """
    if not isinstance(error, ValidationError):
        return str(error)
    if error.title != "Settings":
        raise error
    wrong = [
        f"PORTAL_{'_'.join(map(str, problem['loc'])).upper()}: {problem['msg']}"
        for problem in error.errors()
    ]
    return "The portal's settings cannot be used:\n" + "\n".join(wrong)
