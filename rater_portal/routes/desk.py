"""Where the rating page sends drafts, beats and judgments: small JSON messages, each on its own.

Every message finds out anew who sends it, from the cookie, and every right is checked by the
services. A handler is never run twice for one request: what a browser sends again carries the
same submission id.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from rater_portal.database import Session, open_database, session_on, transaction
from rater_portal.errors import (
    AlreadySubmittedError,
    ClosedStudyError,
    InvalidCodesError,
    LockedStudyError,
    NotAllowedError,
    PausedStudyError,
    PortalError,
    SignInError,
)
from rater_portal.gate import DESK
from rater_portal.language import best_language, catalogue, language_of, mark
from rater_portal.routes.messages import (
    AboutUnit,
    DraftMessage,
    Message,
    PreferencesMessage,
    RestMessage,
    SkipMessage,
    SubmitMessage,
    plain,
)
from rater_portal.routes.own_pages import cookie_name
from rater_portal.services.accounts import Caller, identify
from rater_portal.services.care import rest
from rater_portal.services.drafts import merge_draft
from rater_portal.services.judging import submit
from rater_portal.services.preferences import set_preferences
from rater_portal.services.presence import beat
from rater_portal.services.presentation import Presentation, presentation
from rater_portal.services.revising import revise
from rater_portal.services.skipping import skip
from rater_portal.settings import Settings
from rater_portal.wire import codes_from_wire, codes_to_wire, marks_from_wire, marks_to_wire

LARGEST_MESSAGE: Final = 256 * 1024
"""Bytes: a judgment with long comments and many marks has a tenth of it."""

TOO_LARGE: Final = mark("This is more than can be sent at once. Please shorten what you wrote.")
NOT_UNDERSTOOD: Final = mark("The page sent something that this server does not understand.")

STATUSES: Final[Mapping[type[PortalError], tuple[int, str]]] = {
    SignInError: (401, "signed_out"),
    NotAllowedError: (403, "not_yours"),
    AlreadySubmittedError: (409, "submitted"),
    InvalidCodesError: (422, "invalid"),
    PausedStudyError: (423, "paused"),
    LockedStudyError: (423, "locked"),
    ClosedStudyError: (423, "closed"),
    PortalError: (422, "refused"),
}
"""The nearest class counts."""

Sent = TypeVar("Sent", bound=Message)
Act = Callable[[Session, Caller, Any], dict[str, Any]]

log = logging.getLogger(__name__)


class _BadMessageError(PortalError):
    """The body is no message of ours."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class Desk:
    """The routes of the rating page."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """All of them, for the application."""
        acts: list[tuple[str, type[Message], Act]] = [
            ("draft", DraftMessage, _draft),
            ("beat", AboutUnit, _beat),
            ("submit", SubmitMessage, _submit),
            ("skip", SkipMessage, _skip),
            ("rest", RestMessage, _rest),
            ("preferences", PreferencesMessage, _preferences),
        ]
        return [
            Route(f"{DESK}{name}", self._answering(message, act), methods=["POST"])
            for name, message, act in acts
        ]

    def _answering(
        self, message: type[Message], act: Act
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            try:
                body = await _body(request)
            except _BadMessageError as error:
                return _refusal(error, best_language(request.headers.get("accept-language")))
            return await run_in_threadpool(self._answer, request, message, act, body)

        return answer

    def _answer(self, request: Request, message: type[Message], act: Act, body: bytes) -> Response:
        """Who is it, what do they want, and what comes of it: in one thread, on one session."""
        accepted = request.headers.get("accept-language")
        language = best_language(accepted)
        token = request.cookies.get(cookie_name(self._settings), "")
        with session_on(open_database(self._settings.database_url)) as session:
            try:
                caller = identify(session, cookie_token=token)
                # What the page shows is what the browser wants, as long as nothing else was chosen.
                language = language_of(caller.language, accepted).code
                reader = replace(caller, language=language)
                sent = _read(message, body)
                with transaction(session):
                    done = act(session, reader, sent)
                return _json(done)
            except PortalError as error:
                return _refusal(error, language)


async def _body(request: Request) -> bytes:
    """The body, if it is not too large; never more of it than that is kept."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_MESSAGE:
            raise _BadMessageError(413, "too_large", TOO_LARGE)
    return bytes(body)


def _read(message: type[Sent], body: bytes) -> Sent:
    try:
        return message.model_validate_json(body)
    except ValidationError as error:
        # What was sent is a rater's own text: neither the answer nor the log repeats it.
        fields = {str(one["loc"][:1])[:40] for one in error.errors(include_input=False)}
        log.warning("A desk sent no %s; fields that are wrong: %s", message.__name__, fields)
        raise _BadMessageError(422, "not_understood", NOT_UNDERSTOOD) from None


def _refusal(error: PortalError, language: str) -> Response:
    translate = catalogue(language).gettext
    words = error.worded(translate)
    if isinstance(error, _BadMessageError):
        return _json({"error": error.code, "message": words}, error.status)
    status, code = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    refusal: dict[str, Any] = {"error": code, "message": words}
    if isinstance(error, InvalidCodesError):
        refusal["problems"] = [
            {"item": item, "message": translate(problem)} for item, problem in error.problems
        ]
    return _json(refusal, status)


def _json(content: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(content, status, {"cache-control": "no-store"})


def _draft(session: Session, caller: Caller, sent: DraftMessage) -> dict[str, Any]:
    shown = _presentation(session, caller, sent)
    saved = merge_draft(
        session,
        assignment_id=sent.assignment,
        rater_id=caller.rater_id,
        codes=codes_from_wire(sent.codes, rubric=shown.rubric, shown_first=shown.shown_first),
        changed=sent.changed,
        marks=None if sent.marks is None else _slots(sent.marks, shown),
        marks_changed=sent.marks_changed,
    )
    return {
        "saved_at": saved.saved_at.isoformat() if saved.saved_at else None,
        "codes": codes_to_wire(saved.codes, rubric=shown.rubric, shown_first=shown.shown_first),
        "marks": marks_to_wire(saved.marks, kind=shown.kind, shown_first=shown.shown_first),
    }


def _beat(session: Session, caller: Caller, sent: AboutUnit) -> dict[str, Any]:
    beaten = beat(session, assignment_id=sent.assignment, rater_id=caller.rater_id)
    return {"active_seconds": round(beaten.active_seconds, 1), "break_due": beaten.break_due}


def _submit(session: Session, caller: Caller, sent: SubmitMessage) -> dict[str, Any]:
    shown = _presentation(session, caller, sent)
    given: dict[str, Any] = {
        "assignment_id": sent.assignment,
        "rater_id": caller.rater_id,
        "codes": codes_from_wire(sent.codes, rubric=shown.rubric, shown_first=shown.shown_first),
        "marks": _slots(sent.marks, shown),
        "submission_id": sent.submission,
        "language": caller.language,
    }
    if sent.reason is None:
        receipt = submit(session, **given)
    else:
        receipt = revise(session, **given, reason=sent.reason)
    # A number would tell how much others have judged, and whether it counts is not a rater's care.
    return {"submitted_at": receipt.submitted_at.isoformat()}


def _skip(session: Session, caller: Caller, sent: SkipMessage) -> dict[str, Any]:
    skip(
        session,
        assignment_id=sent.assignment,
        rater_id=caller.rater_id,
        kind=sent.kind,
        reason=sent.reason,
        comment=sent.comment,
    )
    return {}


def _rest(session: Session, caller: Caller, sent: RestMessage) -> dict[str, Any]:
    rest(session, caller.rater_id)
    return {}


def _preferences(session: Session, caller: Caller, sent: PreferencesMessage) -> dict[str, Any]:
    set_preferences(session, rater_id=caller.rater_id, **sent.model_dump())
    return {}


def _presentation(session: Session, caller: Caller, sent: AboutUnit) -> Presentation:
    return presentation(session, assignment_id=sent.assignment, rater_id=caller.rater_id)


def _slots(marks: list[Any], shown: Presentation) -> list[dict[str, Any]]:
    return marks_from_wire(plain(marks), kind=shown.kind, shown_first=shown.shown_first)
