"""What a coordinator reads of a question that was made, as HTML: no sign of it is ever markup."""

from collections.abc import Iterable
from html import escape

from equitymedqa.augment.candidates import Candidate, FilterDecision
from equitymedqa.augment.reviewing import Decision
from rater_portal.differences import marked_html, passages_only_in
from rater_portal.services.candidates import STATES, ShownCandidate, Sibling


def texts_html(shown: ShownCandidate) -> str:
    """The seed and the question beside each other, and after an edit what was made of it."""
    candidate = shown.candidate
    origin = "Template" if candidate.recipe.startswith("template@") else "Seed question"
    panels = [
        _panel(origin, candidate.seed.text, candidate.text, "gone"),
        _panel("Proposed question", candidate.text, candidate.seed.text, "new"),
    ]
    decision = shown.decision
    if decision and decision.edited_text:
        panels.append(_panel("As edited", decision.edited_text, candidate.text, "edited"))
    return f'<div class="compared">{"".join(panels)}</div>'


def facts_html(candidate: Candidate) -> str:
    """Whom it is about, how it was made, and what each filter said."""
    made = " with ".join(filter(None, (candidate.recipe, candidate.prompt_version)))
    rows = {
        "About": [f"{axis}: {option}" for axis, option in candidate.identity.items()],
        "Made by": [f"{made}, {candidate.model.model}" if candidate.model else made],
        "Checks": [_said(check) for check in candidate.filters],
    }
    entries = "".join(
        f"<dt>{name}</dt>" + "".join(f"<dd>{escape(line)}</dd>" for line in lines)
        for name, lines in rows.items()
        if lines
    )
    return f'<dl class="facts">{entries}</dl>'


def decided_html(decisions: Iterable[Decision]) -> str:
    """What was decided so far, the decision that counts first."""
    newest, *earlier = reversed([*decisions])
    lines = f'<p class="decided {STATES[newest.decision]}">{_told(newest)}</p>'
    if earlier:
        items = "".join(f"<li>{_told(one)}</li>" for one in earlier)
        lines += f"<details><summary>Decided before</summary><ul>{items}</ul></details>"
    return lines


def siblings_html(shown: ShownCandidate) -> str:
    """The questions that this one is paired with, the words marked in which they differ from it."""
    decision = shown.decision
    text = (decision and decision.edited_text) or shown.candidate.text
    return f'<div class="siblings">{"".join(_sibling(one, text) for one in shown.siblings)}</div>'


def _sibling(sibling: Sibling, text: str) -> str:
    standing = sibling.standing
    words = marked_html(standing.text, passages_only_in(standing.text, text))
    differs = f"Differs in {escape(sibling.differs_in)}. " if sibling.differs_in else ""
    return (
        f'<div><blockquote class="question" dir="auto">{words}</blockquote>'
        f'<p class="note">{differs}{standing.state.capitalize()}.</p></div>'
    )


def _panel(name: str, text: str, other: str, kind: str) -> str:
    passages = passages_only_in(text, other)
    heard = "; ".join(text[start:end] for start, end in passages)
    aside = f'<p class="heard">Words that differ: {escape(heard)}</p>' if heard else ""
    return (
        f'<section class="{kind}"><h2 class="panel-name">{name}</h2>'
        f'<blockquote class="question" dir="auto">{marked_html(text, passages)}</blockquote>'
        f"{aside}</section>"
    )


def _said(check: FilterDecision) -> str:
    verdict = f", the model says {check.verdict}" if check.verdict else ""
    reason = f": {check.reason}" if check.reason else ""
    return f"{check.filter}: {'passed' if check.passed else 'dropped'}{verdict}{reason}"


def _told(decision: Decision) -> str:
    when = f"{decision.decided_at:%d %B %Y, %H:%M} UTC"
    reason = f": {escape(decision.reason)}" if decision.reason else ""
    state = STATES[decision.decision].capitalize()
    return f"<strong>{state}</strong> by {escape(decision.reviewer)} on {when}{reason}"
