"""What a rater in training reads after a unit: item by item what was expected, and why."""

from collections.abc import Callable, Sequence
from html import escape

import streamlit as st

from rater_portal.database import database, session_on
from rater_portal.language import mark
from rater_portal.pages.frame import attend, style
from rater_portal.pages.rate import show_unit
from rater_portal.reading import CUT, answer_html, question_html
from rater_portal.services.accounts import Caller
from rater_portal.services.feedback import Feedback, ItemFeedback, feedback, read_feedback
from rater_portal.services.journey import Step
from rater_portal.services.showing import Panel
from rater_portal.services.training import Standing
from rater_portal.session import reader_of, translator
from rater_portal.wire import IMAGE_ADDRESS

PASSED = mark("You have passed the training. Thank you: the study begins now.")
AGAIN = mark(
    "You judged {right} of {keyed} questions as expected, and {needed} are needed to go on. You "
    "can take the training once more: many people need a second look."
)
FAILED = mark("You judged {right} of {keyed} questions as expected; {needed} were needed.")
LEFT_OUT = mark("Questions of units that you skipped count among them.")
SKIPPED = mark("You skipped all of it, so nothing can be said yet. The units come once more.")
VERDICTS = {
    True: ("right", mark("As expected")),
    False: ("other", mark("Expected otherwise")),
    None: ("open", mark("No single answer is expected")),
}


def train(caller: Caller, step: Step) -> None:
    """Lay a training unit on the desk, and say that it is one."""
    _ = translator(caller)
    if step.unit is None:
        return
    total = step.unit.done + step.unit.left
    words = _("Training: unit {number} of {total}. It shows you what is asked, and does not count.")
    said = words.format(number=step.unit.done + 1, total=total)
    st.html(f'<p class="training" role="note">{escape(said)}</p>')
    show_unit(caller, step.unit, is_synthetic=step.synthetic)


def training_feedback(caller: Caller) -> None:
    """Say what was expected of the last unit, and lead on."""
    _ = translator(caller)
    with session_on(database()) as session:
        told = feedback(session, rater_id=caller.rater_id, language=reader_of(caller).language.code)
    style()
    attend(f"feedback {told.standing.unread}")
    with st.container(width=860):
        st.title(_("Training: what we looked for"), anchor=False)
        if told.items:
            for item in told.items:
                st.html(_item_html(item, _))
            with st.expander(_("The texts again")):
                st.html("".join(_panel_html(panel, told.panels, _) for panel in told.panels))
        _show_result(told.standing, _)
        if st.button(_lead_on(told, _), f"read {told.standing.unread}", type="primary"):
            with session_on(database()) as session:
                read_feedback(session, rater_id=caller.rater_id)
            st.rerun()


def _show_result(stands: Standing, _: Callable[[str], str]) -> None:
    counts = {"right": stands.right, "keyed": stands.keyed, "needed": stands.needed}
    left_out = f" {_(LEFT_OUT)}" if stands.judged < stands.keyed else ""
    if stands.result == "passed":
        st.success(_(PASSED))
    elif stands.result == "again" and not stands.judged:
        st.info(_(SKIPPED))
    elif stands.result == "again":
        st.info(_(AGAIN).format(**counts) + left_out)
    elif stands.result == "failed":
        st.info(_(FAILED).format(**counts) + left_out)


def _lead_on(told: Feedback, _: Callable[[str], str]) -> str:
    return {
        "going on": _("Next training unit"),
        "passed": _("Begin the study"),
        "again": _("Take the training again"),
        "failed": _("Go on"),
    }[told.standing.result]


def _item_html(item: ItemFeedback, _: Callable[[str], str]) -> str:
    look, verdict = VERDICTS[item.is_right]
    lines = [
        f'<section class="feedback {look}">',
        f"<h2>{escape(item.text)}</h2>",
        f'<p class="verdict">{escape(_(verdict))}</p>',
        f"<dl>{_labels_html(_('You chose'), item.chosen, _('nothing'))}",
    ]
    if item.is_right is False:
        lines.append(_labels_html(_("Expected"), item.expected, _("nothing")))
    lines.append("</dl>")
    if item.why:
        lines.append(f'<p class="why">{escape(item.why)}</p>')
    return "".join([*lines, "</section>"])


def _labels_html(name: str, labels: Sequence[str], nothing: str) -> str:
    said = " · ".join(labels) or nothing
    return f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>"


def _panel_html(panel: Panel, panels: Sequence[Panel], _: Callable[[str], str]) -> str:
    name = _("Question") if panel.kind == "question" else _("Answer")
    alone = sum(one.kind == panel.kind for one in panels) == 1
    heading = name if alone else f"{name} {panel.position}"
    text = question_html(panel.text) if panel.kind == "question" else answer_html(panel.text)
    images = "".join(_image_html(panel, number, _) for number in range(1, len(panel.images) + 1))
    cut = f'<p class="cut">{escape(_(CUT))}</p>' if panel.is_cut else ""
    return f'<h3 class="panel-name">{escape(heading)}</h3>{images}{text}{cut}'


def _image_html(panel: Panel, number: int, _: Callable[[str], str]) -> str:
    image = panel.images[number - 1]
    words = _("Image {number} of {total}, belongs to the question")
    alt = words.format(number=number, total=len(panel.images))
    return (
        f'<img class="panel-image" src="{IMAGE_ADDRESS.format(sha256=image.sha256)}" '
        f'width="{image.width}" height="{image.height}" alt="{escape(alt)}">'
    )
