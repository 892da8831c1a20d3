"""Why a server gives no answer, in its own words and in ours.

Servers that are asked over HTTP and files of batches share it.
"""

import re

from equitymedqa.generation.engine import Completion
from equitymedqa.generation.served.cleaning import clean, whole_number
from equitymedqa.records import ErrorKind

PASSING = (408, 409, 425, 429)
LATE = (408, 504)
TOO_LONG = re.compile(
    r"context.{0,12}(length|size|window)|too (long|many tokens)|max_model_len|max_total_tokens",
    re.IGNORECASE,
)
FILTER_CODES = re.compile("content_filter|content_policy")
# Looked for where no question is repeated: one may well ask about alcohol in moderation.
FLAGGED = re.compile(r"\bmoderation\b|\bflagged\b|content.{0,12}(filter|policy)", re.IGNORECASE)
MESSAGE_LENGTH = 300


def failed(kind: ErrorKind, why: str) -> Completion:
    """No answer."""
    return Completion("", "error", 0, 1, error=why, error_kind=kind)


def passing_kind(status: int) -> ErrorKind | None:
    """What kind of failure a status is that may be gone the next time; None if it will not be."""
    if status in LATE:
        return "timeout"
    return "unavailable" if status in PASSING or status >= 500 else None


def meant_status(status: int, content: object) -> int:
    """The status that a reply means: some servers send an error as if it were an answer.

    500, for a failure that may pass, where they say nothing of its kind.
    """
    if status != 200 or not isinstance(content, dict):
        return status
    error = content.get("error")
    if not error or content.get("choices"):
        return status
    code = error.get("code") or error.get("status") if isinstance(error, dict) else None
    stated = whole_number(code, least=400)
    if stated is not None and stated < 600:
        return stated
    message, name = _words(content)
    if FILTER_CODES.search(name) or FLAGGED.search(message):
        return 403
    return 400 if _is_too_long(message, name) else 500


def read_refusal(status: int, content: object) -> Completion:
    """Why a server refuses one request, in its own words."""
    message, code = _words(content)
    if FILTER_CODES.search(code) or (status == 403 and FLAGGED.search(message)):
        return failed("filtered", f"the server's filter withheld it: {message}")
    is_too_long = status == 413 or _is_too_long(message, code)
    kind: ErrorKind = "too_long" if is_too_long else "refused"
    return failed(kind, f"the server refuses the request ({status}): {message}")


def error_words(content: object) -> str:
    """What a server says went wrong."""
    return _words(content)[0]


def error_code(content: object) -> str:
    """The server's own name for what went wrong; empty if it has none."""
    return _words(content)[1]


def _is_too_long(message: str, code: str) -> bool:
    return "context_length" in code or TOO_LONG.search(message) is not None


def _words(content: object) -> tuple[str, str]:
    """The message and the code of an error, of which there are several forms."""
    if not isinstance(content, dict):
        return _short(content or "without a reason"), ""
    error = content.get("error", content)
    if not isinstance(error, dict):
        return _short(error), _short(content.get("error_type") or "")
    said = error.get("message") or error.get("detail") or "without a reason"
    return _short(said), _short(error.get("code") or error.get("type") or "")


def _short(said: object) -> str:
    return clean(said)[:MESSAGE_LENGTH]
