"""A prompt from a file: YAML with all its parts, or a Jinja template alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from equitymedqa.prompts.prompt import Prompt, words_digest
from equitymedqa.prompts.templates import PromptTemplateError

YAML_SUFFIXES = (".yaml", ".yml")
SUFFIXES = (*YAML_SUFFIXES, ".jinja")
LARGEST_FILE = 256 * 1024


class PromptFileError(ValueError):
    """A file that is no prompt; every line of the message is `FILE:LINE: KEY: WHAT IS WRONG`."""


class _Said(NamedTuple):
    """What a file says, and on which line each key and the first line of its text stand."""

    values: dict[str, Any]
    key_lines: Mapping[str, int]
    text_lines: Mapping[str, int]


def read_prompt(path: Path) -> Prompt:
    """A prompt of one's own: its version is a digest of its words, since the file can change.

    Raises
    ------
    PromptFileError
        If the file cannot be read or is no prompt.
    """
    said = _read(path)
    values = {"name": path.stem, **said.values}
    prompt = _checked(path, said._replace(values={**values, "version": 1}))
    digest = words_digest(prompt.system, prompt.template)
    return prompt.model_copy(update={"version": f"sha256:{digest[:8]}"})


def read_released(path: Path) -> Prompt:
    """A prompt that comes with the program: the file itself says name, version and source.

    Raises
    ------
    PromptFileError
        If the file cannot be read, is no prompt, or has another name than its content.
    """
    said = _read(path)
    lacking = [key for key in ("name", "version", "source", "verified") if key not in said.values]
    if lacking:
        raise PromptFileError(f"{path}: lacks {', '.join(lacking)}")
    prompt = _checked(path, said)
    if path.name != f"{prompt.name}-{prompt.version}.yaml":
        raise PromptFileError(f"{path} holds {prompt.prompt_version}; name the file for it")
    return prompt


def _read(path: Path) -> _Said:
    if path.suffix not in SUFFIXES:
        raise PromptFileError(f"{path}: a prompt's file ends in {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise PromptFileError(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise PromptFileError(f"{path}:{line}: is not UTF-8; save the file as UTF-8") from error
    if len(content) > LARGEST_FILE:
        raise PromptFileError(f"{path} is larger than {LARGEST_FILE:,} bytes: this is no prompt")
    if path.suffix in YAML_SUFFIXES:
        return _read_yaml(path, text)
    # What Jinja makes of line ends itself, done here so that the digest does not hang on them.
    template = text.replace("\r\n", "\n").removesuffix("\n")
    return _Said({"template": template}, {"template": 1}, {"template": 1})


def _read_yaml(path: Path, text: str) -> _Said:
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
        values = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PromptFileError(f"{path}:{line}: is no YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PromptFileError(f"{path}: is no YAML: {error}") from error
    if not isinstance(tree, yaml.MappingNode):
        raise PromptFileError(f"{path}:1: holds no keys; a prompt has at least a `template`")
    key_lines: dict[str, int] = {}
    text_lines: dict[str, int] = {}
    for key, value in tree.value:
        line = key.start_mark.line + 1
        if key.value in key_lines:
            raise PromptFileError(f"{path}:{line}: {key.value}: is there twice")
        key_lines[key.value] = line
        is_block = isinstance(value, yaml.ScalarNode) and value.style in ("|", ">")
        text_lines[key.value] = value.start_mark.line + (2 if is_block else 1)
    return _Said(values, key_lines, text_lines)


def _checked(path: Path, said: _Said) -> Prompt:
    try:
        return Prompt.model_validate(said.values)
    except ValidationError as error:
        problems = sorted((_explained(one, said) for one in error.errors()), key=lambda one: one[0])
        lines = [f"{path}:{line}: {words}" for line, words in problems]
        raise PromptFileError("\n".join(lines)) from error


def _explained(problem: ErrorDetails, said: _Said) -> tuple[int, str]:
    """Line and words for one problem."""
    cause = problem.get("ctx", {}).get("error")
    if isinstance(cause, PromptTemplateError):
        line = said.text_lines.get("template", 1) + (cause.line or 1) - 1
        return line, f"template: {cause}"
    key = str(problem["loc"][0])
    words = "is no key of a prompt" if problem["type"] == "extra_forbidden" else problem["msg"]
    return said.key_lines.get(key, 1), f"{key}: {words}"
