"""A question as messages for a server that applies the chat template, or as text for one that has
none to apply.
"""

from collections.abc import Mapping
from pathlib import Path

from equitymedqa.generation.engine import RenderedPrompt
from equitymedqa.generation.errors import PromptError
from equitymedqa.generation.identity import digest, file_sha256
from equitymedqa.generation.served.dialects import Dialect
from equitymedqa.prompts import Prompt
from equitymedqa.records import PromptForm, QuestionRecord


class MessageWriter:
    """Writes one prompt around questions, for a server.

    Parameters
    ----------
    form
        `plain` for a server that is sent text.
    dialect
        Whose settings are sent with each prompt, so that another dialect makes other answers.
    """

    def __init__(self, prompt: Prompt, *, form: PromptForm, dialect: Dialect) -> None:
        self.form = form
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
            self._check(image.path, image.sha256)
        images = tuple(image.path for image in question.images)
        if self.form == "plain":
            text = self._prompt.plain_text(question)
            return RenderedPrompt(self._digest(text, question), text=text)
        messages: tuple[Mapping[str, object], ...] = tuple(
            self._prompt.messages(question, fold=self.form == "folded")
        )
        text = "\n\n".join(str(message["content"]) for message in messages)
        return RenderedPrompt(
            self._digest(messages, question), messages=messages, text=text, images=images
        )

    def _check(self, path: str, sha256: str) -> None:
        if self.form == "plain":
            raise PromptError("the question has images, which completions cannot show; use chat")
        try:
            found = file_sha256(Path(path))
        except OSError as error:
            raise PromptError(f"the image {path} cannot be read: {error.strerror}") from error
        if found != sha256:
            raise PromptError(f"the image {path} is another than the question was read with")

    def _digest(self, words: object, question: QuestionRecord) -> str:
        images = [image.sha256 for image in question.images]
        return digest([words, images, dict(self._dialect.neutral)])
