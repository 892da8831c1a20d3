"""Where sentences begin and end in medical prose, English, Spanish and Arabic.

Rules instead of a trained model: a rater cites a sentence by its number, so the same text must be
divided the same way on every machine and in every year of a study.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

Span = tuple[int, int]
"""Where a sentence begins and where it ends, in code points, without the blanks around it."""

_ENDING = re.compile(
    r"""
    (?P<mark> [.!?…؟۔。]++ )              # what ends a sentence
    (?: [)\]}"'”’»*_] | \[[\d,\s–-]++\] )*+  # what closes with it, citations among it
    (?= \s )
    """,
    re.VERBOSE,
)
_BULLET = re.compile(r"[•●▪◦‣]\s")
_BREAK = re.compile(r"\n\s*")
_MARKER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,4})[.)]")
"""What numbers a point of a list: `1.`, `a)`, `(iv)`."""

_OPENERS = "([{\"'“‘«¿¡*_-–—•"
_WRAPPED = 40
"""A line at least this long may have been broken in the middle of a sentence."""


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_NEVER = _words(
    "dr drs mr mrs ms mx prof st mt vs e.g i.e cf viz gen gov rev hon lt col capt "
    "dra dras sr sra sres sras srta lic ing profa ud uds vd vds ej ee a.c d.c د أ.د"
)
"""Abbreviations that something always follows."""

_BEFORE_NUMBERS = _words(
    "no nos p pp n nr fig figs eq ref refs vol ch sec approx ca "
    "núm cap art pág págs aprox máx mín tel ص "
    "jan feb mar apr jun jul aug sep sept oct nov dec"
)
"""Abbreviations where a number follows, and words or initials where none does."""

_PERHAPS = _words("al a.m p.m u.s u.k e.u u.s.a ph.d m.d inc ltd jr uu s.a q.d b.i.d t.i.d")
"""Abbreviations that may end a sentence: they do where the next word is one that opens many."""

_FIRST_WORDS = _words(
    "a an the this that these those it its if in on at as he she they we you i his her their our "
    "your for from with when while where what who how why but and or so after before there however "
    "also although some many most all no not patients "
    "el la los las un una unos unas lo en si se es este esta estos estas por para con sin como "
    "cuando pero y no su sus al del hay"
)
_BEFORE_LETTERS = _words(
    "vitamin hepatitis type group grade class influenza option part stage vitamina tipo grupo "
    "grado clase opción"
)
"""Before a single letter that is no initial: `vitamin C.` ends a sentence, `John F.` does not."""


def sentence_spans(text: str) -> list[Span]:
    """The sentences of a text, in order; what holds no letter and no digit is none."""
    cuts = [0, *sorted(_cuts(text)), len(text)]
    spans = (_trimmed(text, begin, end) for begin, end in pairwise(cuts))
    return [span for span in spans if any(sign.isalnum() for sign in text[slice(*span)])]


def _cuts(text: str) -> Iterator[int]:
    """Where one sentence ends and another may begin."""
    for match in _ENDING.finditer(text):
        if _ends(text, match):
            yield match.end()
    for match in _BREAK.finditer(text):
        if not _is_wrapped(text, match):
            yield match.end()
    for match in _BULLET.finditer(text):
        yield match.start()


def _trimmed(text: str, begin: int, end: int) -> Span:
    inside = text[begin:end]
    begin += len(inside) - len(inside.lstrip())
    return begin, begin + len(inside.strip())


def _ends(text: str, match: re.Match[str]) -> bool:
    """Whether a full stop, a question mark and the like ends the sentence here."""
    following = _next_word(text, match.end())
    if following and _is_small(following):
        return False
    if match["mark"] != ".":
        return True
    before = _last_words(text, match.start())
    return not (_numbers_a_point(text, match) or _is_abbreviated(before, following))


def _is_abbreviated(before: list[str], following: str) -> bool:
    """Whether the stop belongs to the word before it."""
    last = before[-1] if before else ""
    word = last.lower()
    if word in _NEVER:
        return True
    if word in _BEFORE_NUMBERS:
        return following[:1].isdigit()
    if word in _PERHAPS:
        return following.lower() not in _FIRST_WORDS
    return _is_initial(before)


def _is_initial(before: list[str]) -> bool:
    """Whether the last word is the initial of a name."""
    last = before[-1] if before else ""
    if not (len(last) == 1 and last.isupper()):
        return False
    name = before[-2] if len(before) > 1 else ""
    return name.lower() not in _BEFORE_LETTERS and (not name or name[0].isupper())


def _numbers_a_point(text: str, match: re.Match[str]) -> bool:
    """Whether the stop follows a list's number at the beginning of a line."""
    line = text.rfind("\n", 0, match.start()) + 1
    return bool(_MARKER.fullmatch(text[line : match.end()].lstrip(" *_•-")))


def _is_wrapped(text: str, match: re.Match[str]) -> bool:
    """Whether a line break stands in the middle of a sentence, where a full line ended."""
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()].rstrip()
    following = _next_word(text, match.end())
    return (
        len(line) >= _WRAPPED
        and line[-1] not in ".!?:;…؟۔。"
        and text[match.end() : match.end() + 1].isalpha()
        and _is_small(following)
    )


def _is_small(word: str) -> bool:
    """Whether a word begins small and is no name such as `mRNA` or `pH`."""
    return word[:1].islower() and word[:5].islower()


def _next_word(text: str, place: int) -> str:
    """The word after a place, without brackets and quotes; nothing where the line ends first."""
    rest = text[place : place + 40].lstrip(" \t\xa0")
    words = rest.lstrip(_OPENERS).split(None, 1)
    return words[0].strip(".,:;!?)") if words and not rest.startswith("\n") else ""


def _last_words(text: str, place: int) -> list[str]:
    """The last two words before a place, without brackets and quotes."""
    return [word.lstrip(_OPENERS) for word in text[max(0, place - 60) : place].split()[-2:]]
