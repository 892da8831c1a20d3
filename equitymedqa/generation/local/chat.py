"""A question in a prompt as token ids: the model's chat template applied once, never retokenised.

Four silent mistakes are ruled out here: a doubled or missing first token, a system text that a
template drops, a question whose words are read as control tokens, and a plain prompt that ends
with the token that ends an answer.
"""

import re
from typing import Any

from jinja2 import TemplateError

from equitymedqa.generation.engine import RenderedPrompt
from equitymedqa.generation.errors import GenerationError, PromptError
from equitymedqa.generation.identity import digest, tokens_digest
from equitymedqa.generation.local.chat_templates import (
    PROBE,
    can_switch_reasoning,
    keeps_all_words,
    template_arguments,
)
from equitymedqa.generation.local.images import ImageReader
from equitymedqa.generation.local.vocabulary import Vocabulary
from equitymedqa.image_files import located
from equitymedqa.prompts import Prompt, PromptTemplateError
from equitymedqa.records import PromptForm, QuestionRecord, Reasoning, SystemPolicy

# An image takes hundreds of places in the prompt, all of them the same token.
PLACES = re.compile(r"(<[^<>\s]+>)\1+")
# The forms to be tried with a system text, in their order.
FORMS: dict[SystemPolicy, tuple[PromptForm, ...]] = {
    "native": ("chat", "folded"),
    "fold": ("folded",),
    "error": ("chat",),
}


class ChatWriter:
    """Writes one prompt around questions, for one tokenizer.

    Parameters
    ----------
    tokenizer
        A transformers tokenizer.
    prompt
        The words around each question.
    system
        Where the prompt's system text goes.
    reasoning
        Whether the model is told to reason.
    images
        For a model that takes them.
    vocabulary
        What the model can be given; by default all that the tokenizer gives.

    Raises
    ------
    GenerationError
        If the chat template has no place for the prompt's words, doubles the BOS, or cannot be
        told whether to reason.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompt: Prompt,
        *,
        system: SystemPolicy = "native",
        reasoning: Reasoning = "default",
        images: ImageReader | None = None,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._tokenizer = tokenizer
        self._prompt = prompt
        self._images = images
        self._vocabulary = vocabulary
        self.form: PromptForm = self._find_form(system)
        self._arguments = self._template_arguments(reasoning)
        self.ids(PROBE)

    def write(self, question: QuestionRecord) -> RenderedPrompt:
        """The prompt for one question, as token ids.

        Raises
        ------
        PromptError
            As `ids` does.
        """
        ids = self.ids(question)
        sha256, text = tokens_digest(ids), str(self._tokenizer.decode(ids))
        if question.images:
            sha256 = digest([sha256, *(image.sha256 for image in question.images)])
            text = PLACES.sub(r"\1", text)
        return RenderedPrompt(
            sha256,
            ids=ids,
            text=text,
            images=located(question.images),
            n_tokens=len(ids),
        )

    def ids(self, question: str | QuestionRecord) -> list[int]:
        """The prompt for one question, beginning with exactly one BOS if the model has one.

        Raises
        ------
        PromptError
            If template or prompt refuses the question, the model cannot see its images, or the
            prompt would begin with two BOS or hold a token that the model does not know.
        """
        try:
            ids = self._encode(question)
        except TemplateError as error:
            raise PromptError(f"the chat template refuses the question: {error}") from error
        except PromptTemplateError as error:
            raise PromptError(str(error)) from error
        ids = with_one_bos(self._tokenizer, ids)
        if self._vocabulary is not None:
            self._vocabulary.refuse_strangers(ids, self._tokenizer)
        return ids

    def _encode(self, question: str | QuestionRecord) -> list[int]:
        if isinstance(question, QuestionRecord) and question.images:
            return self._encode_with_images(question)
        if self.form == "plain":
            return self._encode_plain(self._prompt.plain_text(question))
        encoded = self._tokenizer.apply_chat_template(
            self._prompt.messages(question, fold=self.form == "folded"),
            tokenize=True,
            return_dict=True,
            add_generation_prompt=True,
            sanitize_control_tokens=True,
            **self._arguments,
        )
        return list(encoded["input_ids"])

    def _encode_with_images(self, question: QuestionRecord) -> list[int]:
        if self._images is None or self.form == "plain":
            raise PromptError(
                "the question has an image, and the model takes none; take one that does, such "
                "as MedGemma 4B, or leave the question out"
            )
        messages = self._prompt.messages(question, fold=self.form == "folded")
        return self._images.encode(messages, question.images, **self._arguments)

    def _encode_plain(self, text: str) -> list[int]:
        ids = list(self._tokenizer(text, split_special_tokens=True)["input_ids"])
        # Some tokenizers close all text with an EOS, after which there is nothing to go on with.
        # If it was the BOS, which is the same token in some models, `with_one_bos` puts it back.
        return ids[:-1] if ids[-1:] == [self._tokenizer.eos_token_id] else ids

    def _find_form(self, system: SystemPolicy) -> PromptForm:
        has_system = self._prompt.system is not None
        if self._tokenizer.chat_template is None:
            if has_system and system == "error":
                raise GenerationError(self._no_place("the model has no chat template, so"))
            return "plain"
        for form in FORMS[system] if has_system else FORMS["error"]:
            messages = self._prompt.messages(PROBE, fold=form == "folded")
            if keeps_all_words(self._tokenizer, messages):
                return form
        if has_system and system == "error":
            raise GenerationError(self._no_place("in the model's chat template"))
        raise GenerationError(
            f"the model's chat template drops words of the prompt {self._prompt.prompt_version}; "
            "take another prompt, or correct the template in the model's folder"
        )

    def _no_place(self, where: str) -> str:
        return (
            f"{where} the system text of {self._prompt.prompt_version} has no place of its own; "
            "'native' and 'fold' put it before the question"
        )

    def _template_arguments(self, reasoning: Reasoning) -> dict[str, Any]:
        if reasoning != "default" and not can_switch_reasoning(self._tokenizer):
            raise GenerationError(
                f"reasoning {reasoning!r}: the model's chat template knows no switch for it; "
                "leave it at 'default'"
            )
        if self.form == "plain":
            return {}
        switch = {} if reasoning == "default" else {"enable_thinking": reasoning == "on"}
        return {**template_arguments(self._tokenizer), **switch}


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
