"""A rubric in another language: wholly, or not at all, so that no screen mixes two languages."""

from collections.abc import Iterable, Iterator, Mapping

from pydantic import StrictBool

from rubrics.items import Definition, Item, LanguageCode, Wording, Words
from rubrics.mistakes import Mistake, Place


class Translation(Definition):
    """Title and introduction in another language; the items have their own words for it."""

    title: Words
    introduction: Words
    source: Words
    """Who translated it, and how the words were checked."""

    verified: StrictBool
    """Whether a validation study found that raters understand it as they do the original."""


def language_among(languages: Iterable[str], wanted: str | None) -> LanguageCode | None:
    """The language that was asked for, else its wider form (`es` for `es-MX`), else None."""
    parts = (wanted or "").replace("_", "-").split("-")
    known = {language.lower(): language for language in languages}
    forms = ("-".join(parts[:length]).lower() for length in range(len(parts), 0, -1))
    return next((known[form] for form in forms if form in known), None)


def mistranslated(
    translations: Mapping[str, Translation], items: Iterable[Item], *, own: str
) -> Iterator[Mistake]:
    """Where a rubric says more in one language than in another.

    Parameters
    ----------
    translations
        Of the rubric itself: these are the languages that it has.
    own
        The language that the file is written in.
    """
    if own in translations:
        yield Mistake(("translations", own), f"{own!r} is the language that the file is written in")
    for index, item in enumerate(items):
        yield from _of_item(("items", index), item, translations)


def _of_item(
    place: Place, item: Item, translations: Mapping[str, Translation]
) -> Iterator[Mistake]:
    yield from _of_words(place, _words_of(item), item.translations, translations)
    for group, wording in item.groups.items():
        yield from _of_words((*place, "groups", group), wording, wording.translations, translations)


def _of_words(
    place: Place,
    original: Wording,
    said: Mapping[str, Wording],
    translations: Mapping[str, Translation],
) -> Iterator[Mistake]:
    """Languages too few and too many, and what each leaves out or adds."""
    for language in said.keys() - translations.keys():
        message = f"the rubric itself has no {language!r}: give it a title and an introduction"
        yield Mistake((*place, "translations", language), message)
    for language in translations:
        if language in said:
            yield from _differences((*place, "translations", language), original, said[language])
        else:
            message = f"these words are missing in {language!r}: translate all of them or none"
            yield Mistake(place, message)


def _words_of(item: Item) -> Wording:
    """What an item says in the file's own language, to everybody."""
    return Wording(
        text=item.text,
        help=item.help,
        options={option.code: option.label for option in item.options},
        option_help={option.code: option.help for option in item.options if option.help},
    )


def _differences(place: Place, original: Wording, said: Wording) -> Iterator[Mistake]:
    wanted, found = set(_said(original)), set(_said(said))
    for key in sorted(wanted - found):
        yield Mistake((*place, *key), "is missing: translate all words or none")
    for key in sorted(found - wanted):
        yield Mistake((*place, *key), "is said here and not in the file's own language")


def _said(wording: Wording) -> Iterator[tuple[str, ...]]:
    """The keys under which a wording has words."""
    yield from ((key,) for key in ("text", "help") if getattr(wording, key) is not None)
    yield from (("options", code) for code in wording.options)
    yield from (("option_help", code) for code in wording.option_help)
