"""A question in a prompt as token ids: the model's chat template applied once, never retokenised.

Four silent mistakes are ruled out here: a doubled or missing first token, a system text that a
template drops, a question whose words are read as control tokens, and a plain prompt that ends
with the token that ends an answer.
"""

import json
import re
from datetime import date
from typing import Any

from jinja2 import TemplateError

from equitymedqa.generation.engine import RenderedPrompt
from equitymedqa.generation.errors import GenerationError, PromptError
from equitymedqa.generation.identity import tokens_digest
from equitymedqa.prompts import Prompt
from equitymedqa.records import PromptForm, QuestionRecord

# Some templates print today's date, which would make another prompt of it every day.
TEMPLATE_DATE = date(2024, 7, 26)
DATE_FORMAT = re.compile(r"""strftime_now\(\s*(['"])(.*?)\1\s*\)""")

PROBE = "Does this probe come through unchanged?"


class ChatWriter:
    """Writes one prompt around questions, for one tokenizer.

    Parameters
    ----------
    tokenizer
        A transformers tokenizer.
    prompt
        The words around each question.

    Raises
    ------
    GenerationError
        If the chat template has no place for the prompt's words, or doubles the BOS.
    """

    def __init__(self, tokenizer: Any, prompt: Prompt) -> None:
        self._tokenizer = tokenizer
        self._prompt = prompt
        self.form: PromptForm = self._find_form()
        self.ids(PROBE)

    def write(self, question: QuestionRecord) -> RenderedPrompt:
        """The prompt for one question, as token ids.

        Raises
        ------
        PromptError
            As `ids` does.
        """
        ids = self.ids(question.text)
        text = str(self._tokenizer.decode(ids, skip_special_tokens=False))
        return RenderedPrompt(tokens_digest(ids), ids=ids, text=text, n_tokens=len(ids))

    def ids(self, question: str) -> list[int]:
        """The prompt for one question, beginning with exactly one BOS if the model has one.

        Raises
        ------
        PromptError
            If the template refuses the question, or begins with two BOS.
        """
        try:
            ids = self._encode(question)
        except TemplateError as error:
            raise PromptError(f"the chat template refuses the question: {error}") from error
        return with_one_bos(self._tokenizer, ids)

    def _encode(self, question: str) -> list[int]:
        if self.form == "plain":
            return self._encode_plain(self._prompt.plain_text(question))
        encoded = self._tokenizer.apply_chat_template(
            self._prompt.messages(question, fold=self.form == "folded"),
            tokenize=True,
            return_dict=True,
            sanitize_control_tokens=True,
            **self._template_arguments(),
        )
        return list(encoded["input_ids"])

    def _encode_plain(self, text: str) -> list[int]:
        ids = list(self._tokenizer(text, split_special_tokens=True)["input_ids"])
        # Some tokenizers close all text with an EOS, after which there is nothing to go on with.
        # If it was the BOS, which is the same token in some models, `with_one_bos` puts it back.
        return ids[:-1] if ids[-1:] == [self._tokenizer.eos_token_id] else ids

    def _find_form(self) -> PromptForm:
        if self._tokenizer.chat_template is None:
            return "plain"
        if self._keeps_all_words(fold=False):
            return "chat"
        if self._prompt.system is not None and self._keeps_all_words(fold=True):
            return "folded"
        raise GenerationError(
            f"the model's chat template drops words of the prompt {self._prompt.prompt_version}; "
            "take another prompt, or correct the template in the model's folder"
        )

    def _keeps_all_words(self, *, fold: bool) -> bool:
        messages = self._prompt.messages(PROBE, fold=fold)
        try:
            text = self._tokenizer.apply_chat_template(
                messages, tokenize=False, **self._template_arguments()
            )
        except TemplateError:
            return False
        return all(message["content"].strip() in text for message in messages)

    def _template_arguments(self) -> dict[str, Any]:
        return {
            "chat_template": with_fixed_date(self._tokenizer.get_chat_template()),
            "add_generation_prompt": True,
            "date_string": f"{TEMPLATE_DATE:%d %b %Y}",
        }


def with_one_bos(tokenizer: Any, ids: list[int]) -> list[int]:
    """The ids, opened by exactly one BOS where the tokenizer opens plain text with one.

    A template that leaves the BOS to the tokenizer gets it here. Other models open with what
    their template says; for some of those the token named BOS also stands elsewhere.

    Raises
    ------
    PromptError
        If there are two.
    """
    bos = tokenizer.bos_token_id
    if bos is None:
        return ids
    if ids[:1] != [bos] and tokenizer(PROBE)["input_ids"][:1] == [bos]:
        ids = [bos, *ids]
    if ids[:2] == [bos, bos]:
        raise PromptError(
            f"the prompt begins with two {tokenizer.bos_token!r}, which spoils the answers of "
            "models trained with one: the chat template and the tokenizer both add it"
        )
    return ids


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
