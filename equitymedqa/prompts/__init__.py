"""How a question becomes a prompt: the words around it, versioned files, or a file of one's own.

A prompt's words may change only together with its version, because answers are told apart by it.
"""

from equitymedqa.prompts.files import PromptFileError, read_prompt
from equitymedqa.prompts.prompt import Asked, Prompt
from equitymedqa.prompts.released import UnknownPromptError, find_prompt, released_prompts
from equitymedqa.prompts.templates import PromptTemplateError

__all__ = [
    "Asked",
    "Prompt",
    "PromptFileError",
    "PromptTemplateError",
    "UnknownPromptError",
    "find_prompt",
    "read_prompt",
    "released_prompts",
]
