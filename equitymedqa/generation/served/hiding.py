"""A secret in another's words, however it is spelled there."""

import re

# A reply can hold another one as text, and that one more, each with backslashes of its own.
MOST_BACKSLASHES = 8


def spellings(secret: str) -> re.Pattern[str]:
    r"""Finds an ASCII secret as it is, and as JSON, HTML or an address may write it.

    `a/b` is as well `a\/b`, `a\u002fb`, `a&#47;b` and `a%2Fb`.
    """
    return re.compile("".join(map(_spellings_of, secret)))


def _spellings_of(character: str) -> str:
    code = ord(character)
    before = rf"\\{{0,{MOST_BACKSLASHES}}}"
    coded = rf"\\{{1,{MOST_BACKSLASHES}}}u00{code:02x}|&#(?:0*{code}|x0*{code:x});|%{code:02x}"
    return rf"(?:{before}{re.escape(character)}|(?i:{coded}))"
