"""Bring the catalogues of messages in step with the code: `make messages`.

Collects what is marked for translation into `portal.pot` and adds it to each language's `.po`
file, untranslated; what the code no longer says is dropped. Says how much is left to translate.
"""

import ast
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).parents[1]
LOCALE = ROOT / "rater_portal" / "locale"
TEMPLATE = LOCALE / "portal.pot"
SOURCES = ("rater_portal/**/*.py", "rubrics/checking.py")
COUNTER = "plural"
MARKERS = {"_", "mark", "say", COUNTER, "Sentence", "translator"}
"""Functions whose first words are for readers; the counter has two. Babel's own collector knows
no words inside f-strings."""

HEADER = "# What raters read on the portal's pages. Made by `make messages`: do not edit.\n#"
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)
"""Instead of the day of making, which would make every new catalogue differ from the last."""


def collected() -> Catalog:
    """Everything that the code has marked for translation."""
    template = Catalog(
        project="equitymedqa", version="1", header_comment=HEADER, creation_date=LONG_AGO
    )
    for source, message, plural in _messages():
        template.add((message, plural) if plural else message, locations=[(source, 0)])
    return template


def as_text(catalogue: Catalog) -> str:
    """A catalogue as its file holds it: places by file, since lines move with every change."""
    file = io.BytesIO()
    write_po(
        file, catalogue, width=100, include_lineno=False, ignore_obsolete=True, sort_output=True
    )
    return file.getvalue().decode()


def catalogues() -> dict[Path, Catalog]:
    """The catalogue of each language, by its file."""
    found = {}
    for path in sorted(LOCALE.glob("*/LC_MESSAGES/portal.po")):
        with path.open("rb") as file:
            found[path] = read_po(file, locale=path.parts[-3])
    return found


def untranslated(catalogue: Catalog) -> list[str]:
    """Messages that have no words in the language, or only a machine's guess at them."""
    return [
        str(message.id)
        for message in catalogue
        if message.id and (message.fuzzy or not _is_whole(message.string))
    ]


def main() -> None:
    template = collected()
    TEMPLATE.write_text(as_text(template), encoding="utf-8")
    for path, catalogue in catalogues().items():
        catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
        path.write_text(as_text(catalogue), encoding="utf-8")
        left = untranslated(catalogue)
        print(f"{path.parts[-3]}: {len(catalogue)} messages, {len(left)} to translate")
        for message in left:
            print(f"  {message}", file=sys.stderr)


def messages_in(source: str) -> Iterator[tuple[str, str | None]]:
    """Each marked message and, where it counts something, its plural; in f-strings too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            words = [_literal(argument) for argument in node.args]
            if _name_of(node.func) in MARKERS and words and words[0]:
                yield words[0], words[1] if _name_of(node.func) == COUNTER else None


def _messages() -> Iterator[tuple[str, str, str | None]]:
    """Place, message and plural of everything that is marked."""
    for pattern in SOURCES:
        for path in sorted(ROOT.glob(pattern)):
            for message, plural in messages_in(path.read_text(encoding="utf-8")):
                yield path.relative_to(ROOT).as_posix(), message, plural


def _name_of(called: ast.expr) -> str:
    """The last name of what is called; `translator(caller)("Words")` counts as its maker."""
    maker = called.func if isinstance(called, ast.Call) else called
    return getattr(maker, "id", getattr(maker, "attr", ""))


def _literal(argument: ast.expr) -> str | None:
    is_text = isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    return argument.value if is_text else None


def _is_whole(words: str | tuple[str, ...]) -> bool:
    return all(words) if isinstance(words, tuple) else bool(words)


if __name__ == "__main__":
    main()
