"""Why a file does not fit the schema, in words that say what to change."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from reprlib import Repr
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from rubrics.items import Definition, Item
from rubrics.mistakes import InconsistentError, Mistake, Place
from rubrics.schema import Rubric, contradictions

_shortening = Repr()
_shortening.maxstring = _shortening.maxother = 60
shortened = _shortening.repr


def explained(error: ValidationError, model: type[Definition], value: object) -> list[Mistake]:
    """Everything that is wrong with a value that did not fit a model.

    Parameters
    ----------
    error
        What the model said.
    value
        What the file says. Of a rubric, the items without mistakes are held against each other
        even if others have some, so that one wrong key does not hide a wrong condition.
    """
    mistakes = [mistake for detail in error.errors() for mistake in _explained(detail, model)]
    if model is Rubric and isinstance(value, dict) and not _compared(error):
        mistakes += _contradictions_of_the_rest(value)
    return mistakes


def _compared(error: ValidationError) -> bool:
    """Whether the items were held against each other: that comes last, when all else is well."""
    return any(not detail["loc"] and "error" in detail.get("ctx", {}) for detail in error.errors())


def _explained(detail: ErrorDetails, model: type[Definition]) -> Iterator[Mistake]:
    place: Place = detail["loc"]
    cause = detail.get("ctx", {}).get("error")
    if isinstance(cause, InconsistentError):
        for inner, message in cause.mistakes:
            yield Mistake((*place, *inner), message)
        return
    yield Mistake(place, _message(detail, model))


def _message(detail: ErrorDetails, model: type[Definition]) -> str:
    kind, given, context = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "missing":
        return "this key is missing"
    if kind == "extra_forbidden":
        return _unknown_key(str(detail["loc"][-1]), _model_at(model, detail["loc"][:-1]))
    if kind == "literal_error":
        return f"{shortened(given)} is not among {context['expected']}"
    if kind == "string_type" and isinstance(given, bool | int | float):
        return f"{shortened(given)} is read as a number or truth value; put it in quotes"
    if kind in ("string_too_short", "string_pattern_mismatch") and not str(given).strip():
        return "there is no text"
    if kind in ("model_type", "dict_type"):
        return f"{shortened(given)} was found where keys and values belong"
    if given is None:
        return "this key has no value; give one or remove the key"
    return f"{shortened(given)}: {detail['msg'][:1].lower()}{detail['msg'][1:]}"


def _unknown_key(key: str, model: type[Definition]) -> str:
    allowed = list(model.model_fields)
    close = get_close_matches(key, allowed, n=1)
    remedy = f"did you mean {close[0]!r}?" if close else f"allowed here are {', '.join(allowed)}"
    return f"the key {key!r} is not known; {remedy}"


def _model_at(model: type[Definition], place: Place) -> type[Definition]:
    """The model whose keys stand at this place: a step that leads to no model stays where it is."""
    for step in place:
        field = model.model_fields.get(str(step))
        model = (_model_in(field.annotation) if field else None) or model
    return model


def _model_in(annotation: Any) -> type[Definition] | None:
    """The model inside an annotation such as `tuple[Item, ...]` or `Condition | None`."""
    if isinstance(annotation, type) and issubclass(annotation, Definition):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


def _contradictions_of_the_rest(value: Mapping[str, object]) -> list[Mistake]:
    """How the items that can be read contradict each other."""
    entries = value.get("items")
    items: dict[int, Item] = {}
    unread = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            items[index] = Item.model_validate(entry)
        except ValidationError:
            unread.append(str(entry.get("id")) if isinstance(entry, dict) else "")
    return list(contradictions(str(value.get("unit")), items, unread))
