"""One field: whether it may stand in a record, and how a value that is no text is written."""

import hashlib
import json
import re
from typing import Any

_SURROGATE = re.compile(r"[\ud800-\udfff]")


def fault_of(value: Any) -> str | None:
    """Why a value cannot be a question or an id; None if it can."""
    if value is None:
        return "missing"
    if not isinstance(value, str):
        return f"no text but {as_text(value)} ({type(value).__name__})"
    if not value.strip():
        return "empty"
    return unstorable(value)


def unstorable(text: str) -> str | None:
    """Why a text cannot be written as UTF-8 or kept in a database; None if it can."""
    if "\0" in text:
        return "not storable: it holds a NUL character"
    if _SURROGATE.search(text):
        return "not storable: it holds half of a surrogate pair"
    return None


def storable(name: str) -> str:
    r"""A file's name as text: a byte of it that is no UTF-8 as `\udce9`, say."""
    return name.encode(errors="backslashreplace").decode()


def as_text(value: Any) -> str:
    """A value as text: a text as it is, a number or a list as JSON has it."""
    if isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


def stable_id(dataset: str, *parts: str, kind: str = "") -> str:
    """An id that the same set and texts always get: 48 bits of their SHA-256."""
    digest = hashlib.sha256("\0".join((dataset, *parts)).encode()).hexdigest()
    return f"{dataset}-{kind}{digest[:12]}"
