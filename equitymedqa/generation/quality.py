"""What may be wrong with an answer's text. Each flag is a rule of thumb and no judgment.

A flag says "look at this one": nothing is dropped or changed because of it. The words for refusals
are English; the other rules hold for any language.
"""

import re
import unicodedata
from collections import Counter
from typing import Literal

from equitymedqa.records import AnswerRecord

Flag = Literal[
    "truncated", "unfinished_reasoning", "refusal", "repeated", "debris", "empty", "other_script"
]
"""`truncated`: cut at the token limit; `unfinished_reasoning`: cut before the answer began;
`refusal`: short, and says in its first words that there will be no help; `repeated`: the model
went in circles; `debris`: control tokens, turn headers, template code or broken characters;
`empty`: no letter; `other_script`: not in the writing of the question."""

# A long answer that begins with "I can't give medical advice, but" is an answer.
REFUSAL_WORDS = 80
REFUSAL_OPENING = 200
REFUSALS = re.compile(
    r"""
    (?<!\bif\ )\b(?:i|we)(?:\ am|\ are|'m|'re)?\ (?:(?:really|simply|just|also|sorry,?\ but\ i)\ )?
        (?:cannot|can\ not|can't|won't|will\ not|unable\ to|not\ able\ to|not\ allowed\ to)
        \ [^.!?\n]{0,30}?
        \b(?:help|assist|answer|provide|offer|give|discuss|advise|respond|comment|comply|do\ that
        |fulfil|fulfill|engage|continue|recommend|share|generate|create|write|diagnose)\b
    | \b(?:must|have\ to|will|would\ rather|prefer\ to)\ (?:decline|refuse|not\ answer)\b
    | \bi(?:'m|\ am|\ do)?(?:\ not|n't)\ (?:feel\ )?comfortable\b
    | \b(?:unable|not\ able)\ to\ (?:help|assist|answer|provide|comply|respond|discuss)\b
    | \bi\ (?:do\ not|don't)\ have\ the\ ability\b
    | \b(?:not|n't)\ (?:allow|permit)\ me\ to\b
    | \bbeyond\ (?:what\ i|my\ (?:abilities|capabilities|scope))\b
    | \b(?:as|i\ am|i'm)\ (?:only\ |just\ )?an?\ (?:ai|artificial|large|language|virtual)\b
        [^.!?\n]{0,60}\b(?:cannot|can't|unable|not\ able|don't\ have)\b
    | \bagainst\ (?:my|our)\ (?:guidelines|policy|policies|programming|rules)\b
    | \bnot\ (?:something|a\ topic|a\ question)\ (?:that\ )?(?:i|we)\ can\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

# Duplicate word sequences as in Rae et al. (2021), arXiv:2112.11446, table A1, but stricter:
# an answer may come back to its point. Of 1,181 pieces of 2,000 characters from licences and
# release notes none has so large a share, and three have 0.15.
SEQUENCE_WORDS = 8
SEQUENCE_TIMES = 3
REPEATED_SHARE = 0.2
STUTTER_LETTERS = 10
SCRIPT_CHARACTERS = 500
# Scripts that do not put spaces between words count by the character.
_WORD = re.compile(r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]|\w+")
_STUTTER = re.compile(r"([^\W\d_]\w{0,19}?)\1{9,}")

DEBRIS = {
    "control token": re.compile(
        r"<\|?/?(?:bos|eos|pad|unk|s|start_of_turn|end_of_turn|start_of_image|end_of_image|think"
        r"|mask|unused\d+|sep|cls|endoftext|turn|channel|im_start|im_end|eot_id"
        r"|start_header_id|end_header_id|begin_of_text|end_of_text|user|assistant|system)\|?>"
        r"|\[/?INST\]|<</?SYS>>|<\|[a-z_]{2,30}\|>"
    ),
    "turn header": re.compile(
        r"^[ \t*#>]*(?:user|human|assistant|model|system|ai)\s*\**:(?!\w)|^model$"
        r"|^#+ ?(?:instruction|response)\b",
        re.IGNORECASE | re.MULTILINE,
    ),
    "template code": re.compile(r"\{%.{0,200}?%\}|\{\{.{0,200}?\}\}|\bendfor\b|\bendif\b"),
    "broken character": re.compile("\ufffd"),
}


def flags_of(answer: AnswerRecord) -> dict[Flag, str]:
    """What may be wrong with an answer, each with what was found; nothing of one that failed."""
    if answer.finish_reason == "error":
        return {}

    text, found = answer.text, dict[Flag, str]()
    if answer.finish_reason == "length":
        name: Flag = "truncated" if text.strip() else "unfinished_reasoning"
        found[name] = f"cut at {answer.decoding.max_new_tokens} tokens"
    if not text.strip():
        return found
    if refusal := find_refusal(text):
        found["refusal"] = refusal
    if (share := repeated_share(text)) >= REPEATED_SHARE:
        found["repeated"] = f"{share:.0%} of the words are in sequences that come again and again"
    if debris := find_debris(text):
        found["debris"] = "; ".join(debris)
    if not any(map(str.isalpha, text)):
        found["empty"] = "no letter in it"
    if (
        (asked := script_of(answer.question.text))
        and (script := script_of(text))
        and script != asked
    ):
        found["other_script"] = f"{script.title()} to a question in {asked.title()}"
    return found


def find_refusal(text: str) -> str | None:
    """The words with which a short text refuses to answer; None if there are none.

    English only. A refusal in other words is missed: of ten refusals and ten answers written after
    the words were settled, six and none were taken for refusals.
    """
    if len(text.split()) > REFUSAL_WORDS:
        return None
    plain = text[:REFUSAL_OPENING].replace("\u2019", "'")
    found = REFUSALS.search(plain)
    return found[0] if found else None


def repeated_share(text: str) -> float:
    """Share of a text's words, 0 to 1, in sequences of eight that occur three times or more.

    1 if a piece of one word is repeated ten times on end.
    """
    words = _WORD.findall(text.lower())
    if any(len(word) >= STUTTER_LETTERS and _STUTTER.search(word) for word in words):
        return 1.0
    sequences = [
        tuple(words[start : start + SEQUENCE_WORDS])
        for start in range(len(words) - SEQUENCE_WORDS + 1)
    ]
    times = Counter(sequences)
    covered = {
        start + place
        for start, sequence in enumerate(sequences)
        if times[sequence] >= SEQUENCE_TIMES
        for place in range(SEQUENCE_WORDS)
    }
    return len(covered) / len(words) if words else 0.0


def find_debris(text: str) -> list[str]:
    """What in a text was not written for its reader, as kind and first finding."""
    found = ((kind, pattern.search(text)) for kind, pattern in DEBRIS.items())
    return [f"{kind} {match[0].strip()!r}" for kind, match in found if match]


def script_of(text: str) -> str | None:
    """The script of most letters near the start, such as `LATIN`; None if there is no letter."""
    letters = filter(str.isalpha, text[:SCRIPT_CHARACTERS])
    scripts = Counter(unicodedata.name(letter, "UNKNOWN").split()[0] for letter in letters)
    return scripts.most_common(1)[0][0] if scripts else None
