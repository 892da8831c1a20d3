"""`a` or `an`: by how a word sounds, and refused where its letters do not tell."""

import re

# Words whose u is spoken as in "use", and as in "under"; others with u are not guessed.
_AS_IN_USE = re.compile(
    r"uganda|ukrain|unanim|unicorn|unif|unilater|union|uniq|unit|univers|urethr|urin|urolog"
    r"|uruguay|use|usual|uter"
)
_AS_IN_UNDER = re.compile(
    r"un(?!i)|ugl|ulcer|ultra|umbilic|unid|unim|unin|upper|upset|urban|urdu|urgent|utter"
    r"|uzbek"
)
_SILENT_H = ("heir", "honest", "honor", "honour", "hour")
_AS_IN_WON = ("one", "once")
_FIRST_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def article(phrase: str) -> str | None:
    """The indefinite article of an English phrase; None if its letters do not tell it."""
    found = _FIRST_WORD.search(phrase)
    if found is None:
        return None
    word = found[0]
    if word[0].isdigit():
        return _for_number(word)
    # Capitals are spelled out or read as a word: an HIV clinic, a HIPAA form.
    if len(word) > 1 and word[:2].isupper():
        return None
    return _for_word(word.casefold())


def _for_number(word: str) -> str:
    digits = re.match(r"\d+", word)
    number = digits[0] if digits else ""
    return "an" if number.startswith("8") or number in ("11", "18") else "a"


def _for_word(word: str) -> str | None:
    if word.startswith(_SILENT_H):
        return "an"
    if word.startswith("eu") or word.split("-")[0] in _AS_IN_WON:
        return "a"
    if word.startswith("u"):
        return _for_u(word)
    if word[0] in "aeio":
        return "an"
    return "a" if word[0] in "bcdfghjklmnpqrstvwxyz" else None


def _for_u(word: str) -> str | None:
    if _AS_IN_USE.match(word):
        return "a"
    return "an" if _AS_IN_UNDER.match(word) else None
