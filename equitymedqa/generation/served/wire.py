"""The wire format of OpenAI's interface: the body of a request, and what a reply says.

Servers that are asked over HTTP and files of batches share it.
"""

import base64
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, model_validator

from equitymedqa.fields import unstorable
from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.reasoning import SPELLINGS, split_text, unseen_opening
from equitymedqa.generation.served.cleaning import clean, whole_number
from equitymedqa.generation.served.dialects import DIALECTS, Dialect, DialectName
from equitymedqa.generation.served.refusals import (
    error_words,
    meant_status,
    passing_kind,
    read_refusal,
)
from equitymedqa.image_files import image_content
from equitymedqa.records import Decoding, ErrorKind, FinishReason, ImageRecord

Api = Literal["chat", "completions"]
"""`chat`: the server applies the model's chat template; `completions`: the text goes in as it is,
for a model without one."""

PATHS: Mapping[Api, str] = {"chat": "chat/completions", "completions": "completions"}
# Every server takes seeds of 31 bits, and not every one more.
SEED_BITS = 0x7FFF_FFFF

ENDS: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "end_turn": "stop",
    "length": "length",
    "max_tokens": "length",
}
TOOLS = ("tool_calls", "function_call")
PROMPT_END = "prompt_end"
"""Under this name a reply says which mark of reasoning the prompt must have ended with."""


class MalformedReplyError(ValueError):
    """A reply is not of the wire format."""


# What is not the answer itself is left out where it is odd: no answer is lost for its sake.
Count = Annotated[int | None, BeforeValidator(partial(whole_number, least=0))]
Name = Annotated[str | None, BeforeValidator(lambda said: clean(said) if said else None)]


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _join_parts(cls, said: Any) -> Any:
        """An answer in parts, as some servers send it, as one text and one reasoning."""
        if not isinstance(said, dict) or not isinstance(said.get("content"), list):
            return said
        parts = said["content"]
        thoughts = [one for one in parts if isinstance(one, dict) and "thinking" in one]
        text = _joined([one for one in parts if one not in thoughts])
        thought = "".join(_joined(one["thinking"]) or "" for one in thoughts)
        apart = {"reasoning_content": thought} if thought else {}
        return said if text is None else {**said, **apart, "content": text}


class _Choice(BaseModel):
    message: _Message = _Message()
    text: str | None = None
    """In place of a message, where text was sent."""

    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: Count = None
    completion_tokens: Count = None


class _Reply(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: Annotated[
        _Usage, BeforeValidator(lambda said: said if isinstance(said, dict) else {})
    ] = _Usage()
    model: Name = None
    system_fingerprint: Name = None
    service_tier: Name = None
    provider: Name = None


@dataclass(frozen=True)
class Wire:
    """How one model is asked."""

    model: str
    """As its server calls it."""

    api: Api
    dialect_name: DialectName
    prompt_end: str = ""
    """The mark of reasoning with which the chat template ends every prompt, as far as is known."""

    @property
    def dialect(self) -> Dialect:
        """How its server speaks."""
        return DIALECTS[self.dialect_name]

    def body(self, request: Request, decoding: Decoding) -> dict[str, object]:
        """The request for one answer, as JSON will have it.

        The seed is the low 31 bits of the answer's own, and is sent only where tokens are drawn.

        Raises
        ------
        ImageFileError
            If an image cannot be read any more, or is another than it was.
        """
        body: dict[str, object] = {"model": self.model}
        if self.api == "chat":
            body["messages"] = _with_images(request.prompt.messages, request.prompt.images)
        else:
            body["prompt"] = request.prompt.text
        body |= {self.dialect.limit: decoding.max_new_tokens, "temperature": decoding.temperature}
        body |= self.dialect.neutral
        if decoding.temperature > 0:
            body |= {"top_p": decoding.top_p, "seed": request.seed & SEED_BITS}
            if decoding.top_k:
                body["top_k"] = decoding.top_k
        if decoding.reasoning != "default":
            body["chat_template_kwargs"] = {"enable_thinking": decoding.reasoning == "on"}
        return body

    def reader(self, request: Request) -> Callable[[object], Completion]:
        """Reads the reply to a request."""
        text_end = request.prompt.text if self.api == "completions" else self.prompt_end
        return partial(read_reply, prompt_end=text_end)


def read_reply(content: object, *, prompt_end: str = "") -> Completion:
    """What a reply says, as an answer or as the reason why there is none.

    Parameters
    ----------
    prompt_end
        If that opens reasoning, the reply begins within it.

    Raises
    ------
    MalformedReplyError
        If it is no whole reply: then it may be another one the next time.
    """
    status = meant_status(200, content)
    if passing_kind(status):
        raise MalformedReplyError(error_words(content))
    if status != 200:
        return read_refusal(status, content)
    try:
        reply = _Reply.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the reply"
        raise MalformedReplyError(f"{place}: {first['msg']}") from None
    choice, usage = reply.choices[0], reply.usage
    text, trace, is_closed = _parts(choice, prompt_end)
    end, why, kind = _end(choice, has_text=bool(text), is_closed=is_closed, has_trace=bool(trace))
    if fault := unstorable(text) or unstorable(trace):
        end, why, kind, trace = "error", f"the model's answer is {fault}", "unstorable", ""
    return Completion(
        text="" if end == "error" else text,
        finish_reason=end,
        n_output_tokens=usage.completion_tokens or 0,
        batch_size=1,
        error=why,
        error_kind=kind,
        stripped=trace or None,
        n_prompt_tokens=usage.prompt_tokens,
        reported=_reported(reply, choice),
    )


def _joined(parts: Any) -> str | None:
    """The text of all parts; None if one of them is something else."""
    parts = parts if isinstance(parts, list) else [parts]
    said = [one.get("text") if isinstance(one, dict) else one for one in parts]
    texts = [text for text in said if isinstance(text, str)]
    return "".join(texts) if len(texts) == len(said) else None


def _parts(choice: _Choice, prompt_end: str) -> tuple[str, str, bool]:
    """Answer and reasoning, and whether the reasoning came to its end."""
    message = choice.message
    written_text = choice.text or message.content or ""
    text = written_text or message.refusal or ""
    apart = message.reasoning_content or message.reasoning or ""
    # A server that tells them apart itself leaves the answer alone in the text.
    before = prompt_end if written_text and not apart else ""
    for spelling in SPELLINGS:
        written = split_text(before, text, spelling)
        if written.reasoning or not written.is_closed or written.answer != text:
            inline = written.reasoning.strip().removeprefix(spelling.label)
            trace = "\n\n".join(part for part in (apart.strip(), inline.strip()) if part)
            return written.answer.strip(), trace, written.is_closed
    return text.strip(), apart.strip(), bool(text.strip()) or not apart


def _end(
    choice: _Choice, *, has_text: bool, is_closed: bool, has_trace: bool
) -> tuple[FinishReason, str | None, ErrorKind | None]:
    reason = choice.finish_reason
    if reason == "content_filter":
        return "error", "the server's filter withheld the answer", "filtered"
    if reason in TOOLS and not has_text:
        return "error", "the model called a tool instead of answering", "no_answer"
    end = "stop" if reason in TOOLS else ENDS.get(reason or "")
    if end is None:
        raise MalformedReplyError(f"finish_reason {reason!r:.40} says no known end")
    if has_text or (end == "length" and has_trace):
        return end, None, None
    if not is_closed:
        return "error", "the model ended in its reasoning", "no_answer"
    why = "the model gave no answer" if end == "stop" else "cut before the answer began"
    return "error", why, "no_answer"


def _reported(reply: _Reply, choice: _Choice) -> dict[str, str]:
    said = reply.model_dump(include={"model", "system_fingerprint", "service_tier", "provider"})
    said[PROMPT_END] = unseen_opening(choice.message.content or "")
    return {name: value for name, value in said.items() if value}


def _with_images(
    messages: tuple[Mapping[str, object], ...], images: tuple[ImageRecord, ...]
) -> list[Mapping[str, object]]:
    """The messages, the images before the text of the last one."""
    if not images:
        return list(messages)
    *before, last = messages
    pictures = [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in images]
    parts = [*pictures, {"type": "text", "text": last["content"]}]
    return [*before, {**last, "content": parts}]


def _data_url(image: ImageRecord) -> str:
    kind = mimetypes.guess_type(image.path)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(image_content(image)).decode()}"
