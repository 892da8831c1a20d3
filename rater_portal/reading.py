"""Model-written text as safe HTML: lists and emphasis as the model meant them, nothing that loads.

Raw HTML is shown as text; images and links become their words, so that no answer can reach out of
the rater's browser, and no formula, colour or emoji code is invented where there is none.
"""

from html import escape

from markdown_it import MarkdownIt

_MARKDOWN = MarkdownIt("commonmark", {"html": False, "breaks": True}).disable(
    ["image", "link", "autolink", "reference"]
)


CUT = '<p class="cut">The answer ends here: it reached a length limit.</p>'


def answer_html(text: str, *, is_cut: bool = False) -> str:
    """An answer as HTML: paragraphs, lists and emphasis, every other sign as it stands.

    Parameters
    ----------
    is_cut
        Whether to say that the answer stopped at a length limit.
    """
    return f'<div class="answer">{_MARKDOWN.render(text)}</div>{CUT if is_cut else ""}'


def question_html(text: str) -> str:
    """A question exactly as it was asked, line breaks included."""
    return f'<blockquote class="question">{escape(text)}</blockquote>'
