"""One prompt: what a model is told, and the words around each question."""

import hashlib
import json
from typing import Annotated, Self

from pydantic import Field, model_validator

from equitymedqa.prompts.templates import LONGEST_TEMPLATE, check_template, words_around
from equitymedqa.records import QuestionRecord, Record

Asked = str | QuestionRecord
"""A question with its set and attributes, or its text alone, for which any attributes are taken."""


class Prompt(Record):
    """The words around a question, the same for every model."""

    name: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]*$")
    version: Annotated[int, Field(gt=0)] | Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{8}$")]
    """A number, whose words never change; for a prompt of one's own a digest of its words."""

    system: str | None = Field(default=None, min_length=1)
    """What the model is told before the question."""

    template: str = Field(default="{{ question }}", max_length=LONGEST_TEMPLATE)
    """The person's message, in the Jinja subset of `templates`."""

    source: str = ""
    """Whose words these are, and which publication they follow."""

    verified: bool = False
    """Whether a person has compared them with that publication."""

    @model_validator(mode="after")
    def _keeps_the_question(self) -> Self:
        check_template(self.template)
        return self

    @property
    def prompt_version(self) -> str:
        """Name and version, for example `careful@1`."""
        return f"{self.name}@{self.version}"

    @property
    def words_sha256(self) -> str:
        """Digest of all that reaches a model beside the question."""
        return words_digest(self.system, self.template)

    def messages(self, question: Asked, *, fold: bool = False) -> list[dict[str, str]]:
        """The conversation that a chat model continues.

        Parameters
        ----------
        question
            Its text is put in unchanged.
        fold
            Whether the system text opens the person's own message, for a model whose chat
            template knows no system role.

        Raises
        ------
        PromptTemplateError
            If the template asks for an attribute that the question lacks, or drops this question.
        """
        if self.system is None:
            return [{"role": "user", "content": self._asked(question)}]
        if fold:
            return [{"role": "user", "content": self.plain_text(question)}]
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": self._asked(question)},
        ]

    def plain_text(self, question: Asked) -> str:
        """The text that a model without a chat template continues.

        Raises
        ------
        PromptTemplateError
            As `messages` does.
        """
        asked = self._asked(question)
        return asked if self.system is None else f"{self.system}\n\n{asked}"

    def _asked(self, question: Asked) -> str:
        if isinstance(question, str):
            before, after = words_around(self.template)
            return before + question + after
        before, after = words_around(
            self.template, dataset=question.dataset, attributes=question.attributes
        )
        return before + question.text + after


def words_digest(system: str | None, template: str) -> str:
    """SHA-256 of a prompt's words."""
    words = json.dumps([system, template], ensure_ascii=False)
    return hashlib.sha256(words.encode()).hexdigest()
