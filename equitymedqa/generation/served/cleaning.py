"""What a server says, as a record can hold it: an odd reply harms no row but its own."""

import json

from equitymedqa.fields import storable

# As much as any database keeps of a whole number.
LARGEST = 2**63 - 1
# No reply that means something is nested half as deep, and what is can end a whole program.
DEEPEST = 64


def decoded(content: bytes, charset: str | None) -> str:
    """The text of a reply, whatever it says of its own encoding."""
    try:
        text = content.decode(charset or "utf-8", errors="replace")
    except (LookupError, ValueError):
        text = content.decode(errors="replace")
    return text.removeprefix("\ufeff")


def parsed(text: str) -> object:
    """The JSON of a reply, or the text itself where it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for one in level for inner in _within(one)]
        if not level:
            return value
    return text


def clean(value: object) -> str:
    r"""A value as text that can be stored: half a surrogate pair as `\ud83d`, a NUL as `\0`."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return storable(text).replace("\0", r"\0")


def whole_number(value: object, *, least: int) -> int | None:
    """A number that a server gives, if it is a whole one and no less than is possible."""
    try:
        number = int(value) if isinstance(value, int | float | str) else None
    except (ValueError, OverflowError):
        return None
    return number if number is not None and least <= number <= LARGEST else None


def _within(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
