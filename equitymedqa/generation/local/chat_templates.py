"""What a model's chat template does, found by rendering it: facts that no name can tell.

Templates are programs of their own. So instead of believing what a family's templates usually do,
each question about one is put to it with words that can be found again.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from jinja2 import TemplateError

PROBE = "Does this probe come through unchanged?"
REPLY = "This probe did."

# Some templates print today's date, which would make another prompt of it every day.
TEMPLATE_DATE = date(2024, 7, 26)
DATE_FORMAT = re.compile(r"""strftime_now\(\s*(['"])(.*?)\1\s*\)""")


def template_arguments(tokenizer: Any) -> dict[str, Any]:
    """What every rendering is given: the same at any time, and only what the template asks for."""
    template = tokenizer.get_chat_template()
    arguments = {"chat_template": with_fixed_date(template)}
    if "date_string" in template:
        arguments["date_string"] = f"{TEMPLATE_DATE:%d %b %Y}"
    return arguments


def with_fixed_date(template: str) -> str:
    """The chat template, printing `TEMPLATE_DATE` where it would print today's.

    A macro takes the place of transformers' clock, in each format that the template asks for.
    """
    if "strftime_now" not in template:
        return template
    formats = {found[1] for found in DATE_FORMAT.findall(template)}
    dates = json.dumps({one: TEMPLATE_DATE.strftime(one) for one in sorted(formats)})
    date = f"{{{{ {dates}.get(format, '{TEMPLATE_DATE:%d %b %Y}') }}}}"
    return f"{{% macro strftime_now(format) -%}}{date}{{%- endmacro +%}}{template}"


def rendered(
    tokenizer: Any, messages: Sequence[Mapping[str, Any]], *, ask: bool = True, **more: Any
) -> str | None:
    """The conversation as text, or None if the template refuses it.

    Parameters
    ----------
    ask
        Whether the model's turn is opened, for it to write.
    more
        Further variables of the template.
    """
    try:
        text = tokenizer.apply_chat_template(
            list(messages),
            tokenize=False,
            add_generation_prompt=ask,
            **template_arguments(tokenizer),
            **more,
        )
    except TemplateError:
        return None
    return str(text)


def keeps_all_words(tokenizer: Any, messages: Sequence[Mapping[str, str]]) -> bool:
    """Whether the template refuses none of these messages and drops no word of them."""
    text = rendered(tokenizer, messages)
    return text is not None and all(one["content"].strip() in text for one in messages)


def can_switch_reasoning(tokenizer: Any) -> bool:
    """Whether the template listens to `enable_thinking`."""
    if tokenizer.chat_template is None:
        return False
    asked = [{"role": "user", "content": PROBE}]
    on, off = (rendered(tokenizer, asked, enable_thinking=one) for one in (True, False))
    return on is not None and off is not None and on != off


def turn_end(tokenizer: Any) -> int | None:
    """The control token that the template writes right behind a reply, if it writes one.

    A model that was trained with this template ends its reply with it, whether or not its
    configuration says so.
    """
    if tokenizer.chat_template is None:
        return None
    turns = [{"role": "user", "content": PROBE}, {"role": "assistant", "content": REPLY}]
    text = rendered(tokenizer, turns, ask=False) or ""
    _, _, behind = text.rpartition(REPLY)
    control = {str(token): number for number, token in tokenizer.added_tokens_decoder.items()}
    written = [token for token in control if behind.lstrip().startswith(token)]
    return control[max(written, key=len)] if written else None
