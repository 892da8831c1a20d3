"""A question as messages for a server that applies the chat template, or as text for one that has
none to apply.
"""

from collections.abc import Mapping

from equitymedqa.generation.engine import RenderedPrompt
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.identity import digest
from equitymedqa.generation.served.dialects import Dialect
from equitymedqa.image_files import ImageFileError, image_content, located
from equitymedqa.prompts import Prompt
from equitymedqa.records import ImageRecord, PromptForm, QuestionRecord


class MessageWriter:
    """Writes one prompt around questions, for a server.

    Parameters
    ----------
    form
        `plain` for a server that is sent text.
    dialect
        Whose settings are sent with each prompt, so that another dialect makes other answers.
    reported
        What was found out of how the prompt reaches the model, for the records.
    """

    def __init__(
        self,
        prompt: Prompt,
        *,
        form: PromptForm,
        dialect: Dialect,
        reported: Mapping[str, str] | None = None,
    ) -> None:
        self.form = form
        self._reported = reported or {}
        self._prompt = prompt
        self._dialect = dialect

    def write(self, question: QuestionRecord) -> RenderedPrompt:
        """The prompt for one question.

        Raises
        ------
        PromptError
            If one of its images is not there, is another than it was, or cannot be sent.
        """
        for image in question.images:
            self._check(image)
        if self.form == "plain":
            text = self._prompt.plain_text(question)
            return RenderedPrompt(self._digest(text, question), text=text)
        messages: tuple[Mapping[str, object], ...] = tuple(
            self._prompt.messages(question, fold=self.form == "folded")
        )
        text = "\n\n".join(str(message["content"]) for message in messages)
        return RenderedPrompt(
            self._digest(messages, question),
            messages=messages,
            text=text,
            images=located(question.images),
            reported=self._reported,
        )

    def _check(self, image: ImageRecord) -> None:
        if self.form == "plain":
            raise PromptError("the question has images, which completions cannot show; use chat")
        try:
            image_content(image)
        except ImageFileError as error:
            raise PromptError(str(error)) from error

    def _digest(self, words: object, question: QuestionRecord) -> str:
        images = [image.sha256 for image in question.images]
        return digest([words, images, dict(self._dialect.neutral)])
