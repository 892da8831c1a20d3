"""The prompts that come with the program, one YAML file each."""

from functools import cache
from pathlib import Path

from equitymedqa.prompts.files import SUFFIXES, PromptFileError, read_prompt, read_released
from equitymedqa.prompts.prompt import Prompt

DEFINITIONS = Path(__file__).parent / "definitions"


class UnknownPromptError(ValueError):
    """No prompt has this name."""


@cache
def released_prompts() -> tuple[Prompt, ...]:
    """Every version of every prompt, by name and version."""
    found = [read_released(path) for path in DEFINITIONS.glob("*.yaml")]
    return tuple(sorted(found, key=lambda prompt: (prompt.name, prompt.version)))


def find_prompt(name: str) -> Prompt:
    """The prompt with this name or name and version, or of this file.

    `careful` is the newest `careful@...`; a name that ends in `.yaml`, `.yml` or `.jinja` is a
    file of one's own.

    Raises
    ------
    UnknownPromptError
        If there is none; the message lists those that there are.
    PromptFileError
        If the file cannot be read, is no prompt, or goes by the name of one that is not its own.
    """
    if Path(name).suffix in SUFFIXES:
        return _own_prompt(Path(name))
    found = [one for one in released_prompts() if name in (one.name, one.prompt_version)]
    if not found:
        known = ", ".join(prompt.prompt_version for prompt in released_prompts())
        raise UnknownPromptError(
            f"prompt {name!r} is not among {known}; a file of your own ends in "
            f"{' or '.join(SUFFIXES)}"
        )
    return found[-1]


def _own_prompt(path: Path) -> Prompt:
    prompt = read_prompt(path)
    if any(prompt.name == one.name for one in released_prompts()):
        raise PromptFileError(
            f"{path}: {prompt.name!r} is the name of a prompt that comes with the program, and "
            "answers are compared by it; choose another name"
        )
    return prompt
