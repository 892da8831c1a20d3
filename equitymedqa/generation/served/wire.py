"""The wire format of OpenAI's interface: the body of a request, and what a reply says.

Servers that are asked over HTTP and files of batches share it.
"""

import base64
import json
import mimetypes
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, ValidationError

from equitymedqa.fields import unstorable
from equitymedqa.generation.engine import Completion, Request
from equitymedqa.generation.reasoning import SPELLINGS, split_text
from equitymedqa.generation.served.dialects import DIALECTS, Dialect, DialectName
from equitymedqa.records import Decoding, ErrorKind, FinishReason

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
PASSING = (408, 409, 425, 429)
LATE = (408, 504)
TOO_LONG = re.compile(
    r"context.{0,12}(length|size|window)|too (long|many tokens)|max_model_len|max_total_tokens",
    re.IGNORECASE,
)
MESSAGE_LENGTH = 300


class MalformedReplyError(ValueError):
    """A reply is not of the wire format."""


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class _Choice(BaseModel):
    message: _Message = _Message()
    text: str | None = None
    """In place of a message, where text was sent."""

    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Reply(BaseModel):
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None
    model: str | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
    provider: str | None = None


@dataclass(frozen=True)
class Wire:
    """How one model is asked."""

    model: str
    """As its server calls it."""

    api: Api
    dialect_name: DialectName

    @property
    def dialect(self) -> Dialect:
        """How its server speaks."""
        return DIALECTS[self.dialect_name]

    def body(self, request: Request, decoding: Decoding) -> dict[str, object]:
        """The request for one answer, as JSON will have it.

        The seed is the low 31 bits of the answer's own, and is sent only where tokens are drawn.

        Raises
        ------
        OSError
            If an image cannot be read.
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


def read_reply(content: object) -> Completion:
    """What a reply says, as an answer or as the reason why there is none.

    Raises
    ------
    MalformedReplyError
        If it is no whole reply: then it may be another one the next time.
    """
    try:
        reply = _Reply.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the reply"
        raise MalformedReplyError(f"{place}: {first['msg']}") from None
    choice, usage = reply.choices[0], reply.usage or _Usage()
    text, trace, is_closed = _parts(choice)
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
        reported=_reported(reply),
    )


def failed(kind: ErrorKind, why: str) -> Completion:
    """No answer."""
    return Completion("", "error", 0, 1, error=why, error_kind=kind)


def passing_kind(status: int) -> ErrorKind | None:
    """What kind of failure a status is that may be gone the next time; None if it will not be."""
    if status in LATE:
        return "timeout"
    return "unavailable" if status in PASSING or status >= 500 else None


def read_refusal(status: int, content: object) -> Completion:
    """Why a server refuses one request, in its own words."""
    message, code = _words(content)
    if "content_filter" in code or "content_policy" in code:
        return failed("filtered", f"the server's filter withheld it: {message}")
    is_too_long = "context_length" in code or TOO_LONG.search(message) or status == 413
    kind: ErrorKind = "too_long" if is_too_long else "refused"
    return failed(kind, f"the server refuses the request ({status}): {message}")


def error_words(content: object) -> str:
    """What a server says went wrong."""
    return _words(content)[0]


def error_code(content: object) -> str:
    """The server's own name for what went wrong; empty if it has none."""
    return _words(content)[1]


def _words(content: object) -> tuple[str, str]:
    """The message and the code of an error, of which there are several forms."""
    if not isinstance(content, dict):
        return (str(content) if content else "without a reason")[:MESSAGE_LENGTH], ""
    error = content.get("error", content)
    if not isinstance(error, dict):
        return str(error)[:MESSAGE_LENGTH], str(content.get("error_type") or "")
    said = error.get("message") or error.get("detail") or "without a reason"
    words = said if isinstance(said, str) else json.dumps(said, default=str)
    code = error.get("code") or error.get("type") or ""
    return words[:MESSAGE_LENGTH], str(code)


def _parts(choice: _Choice) -> tuple[str, str, bool]:
    """Answer and reasoning, and whether the reasoning came to its end."""
    message = choice.message
    text = choice.text or message.content or message.refusal or ""
    apart = message.reasoning_content or message.reasoning or ""
    for spelling in SPELLINGS:
        written = split_text("", text, spelling)
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
        raise MalformedReplyError(f"finish_reason {reason!r} says no known end")
    if has_text or (end == "length" and has_trace):
        return end, None, None
    if not is_closed:
        return "error", "the model ended in its reasoning", "no_answer"
    why = "the model gave no answer" if end == "stop" else "cut before the answer began"
    return "error", why, "no_answer"


def _reported(reply: _Reply) -> dict[str, str]:
    said = reply.model_dump(include={"model", "system_fingerprint", "service_tier", "provider"})
    return {name: value for name, value in said.items() if value}


def _with_images(
    messages: tuple[Mapping[str, object], ...], images: tuple[str, ...]
) -> list[Mapping[str, object]]:
    """The messages, the images before the text of the last one."""
    if not images:
        return list(messages)
    *before, last = messages
    pictures = [{"type": "image_url", "image_url": {"url": _data_url(path)}} for path in images]
    parts = [*pictures, {"type": "text", "text": last["content"]}]
    return [*before, {**last, "content": parts}]


def _data_url(path: str) -> str:
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    return f"data:{kind};base64,{base64.b64encode(Path(path).read_bytes()).decode()}"
