"""The words with which a model is asked to write or to judge: versioned files, one a prompt.

Words may change only together with their version. They are ours: the published study names six
prompts for mutations and several for its filters, and its text is not known to us.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Literal, Self

import yaml
from pydantic import Field, ValidationError, model_validator

from equitymedqa.augment.errors import AugmentError
from equitymedqa.generation.identity import digest
from equitymedqa.records import Record

Use = Literal["fbrt-mutate", "fbrt-consistent", "cc-rewrite", "cc-plausible", "cc-comparable"]

BLANKS: Mapping[Use, frozenset[str]] = {
    "fbrt-mutate": frozenset({"question"}),
    "fbrt-consistent": frozenset({"question"}),
    "cc-rewrite": frozenset({"question", "person"}),
    "cc-plausible": frozenset({"question", "person"}),
    "cc-comparable": frozenset({"question_1", "question_2"}),
}
"""What each use fills in: all of it has to occur in the words, and nothing else."""

OWN_FOLDER = Path(__file__).parent / "prompts"
_BLANK = re.compile(r"\$\{(\w+)\}")


class Wording(Record):
    """One way of asking a model."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    version: int = Field(gt=0)
    use: Use
    source: str = Field(min_length=1)
    """Whose words these are, and whose structure."""

    text: str = Field(min_length=1)
    """With blanks such as `${question}`; a dollar sign of its own is written `$$`."""

    @property
    def prompt_version(self) -> str:
        """Name and version, for example `fbrt-other-group@1`."""
        return f"{self.name}@{self.version}"

    def filled(self, **values: str) -> str:
        """The words as they reach the model; what is filled in is not searched for blanks."""
        return Template(self.text).substitute(values)

    @model_validator(mode="after")
    def _has_its_blanks(self) -> Self:
        found, wanted = set(_BLANK.findall(self.text)), BLANKS[self.use]
        if found != wanted:
            names = [sorted(f"${{{name}}}" for name in names) for names in (found, wanted)]
            raise ValueError(f"the blanks are {names[0]}, and {self.use} fills {names[1]}")
        try:
            Template(self.text).substitute(dict.fromkeys(wanted, ""))
        except (ValueError, KeyError) as error:
            raise ValueError("a dollar sign that opens no blank is written $$") from error
        return self


def wordings(folder: Path = OWN_FOLDER) -> tuple[Wording, ...]:
    """All wordings of a folder, the newest version of each, by name.

    Raises
    ------
    AugmentError
        If the folder has none, a file is no wording, or two have the same name and version.
    """
    found: dict[str, Wording] = {}
    for path in sorted(folder.glob("*.yaml")):
        wording = _read(path)
        if wording.prompt_version in found:
            raise AugmentError(f"{path}: there is another {wording.prompt_version} in {folder}")
        found[wording.prompt_version] = wording
    if not found:
        raise AugmentError(f"{folder} holds no prompts: no file there ends in .yaml")
    newest: dict[str, Wording] = {}
    for wording in sorted(found.values(), key=lambda one: (one.name, one.version)):
        newest[wording.name] = wording
    return tuple(newest.values())


def wordings_for(use: Use, all_of: Sequence[Wording]) -> tuple[Wording, ...]:
    """The wordings for one use; one of them is drawn where there are several.

    Raises
    ------
    AugmentError
        If there is none.
    """
    found = tuple(wording for wording in all_of if wording.use == use)
    if not found:
        raise AugmentError(f"no prompt has the use {use!r}; write one or use our own prompts")
    return found


def only_wording(use: Use, all_of: Sequence[Wording]) -> Wording:
    """The wording for a use in which questions have to be treated alike.

    Raises
    ------
    AugmentError
        If there is none, or several.
    """
    found = wordings_for(use, all_of)
    if len(found) > 1:
        names = ", ".join(wording.prompt_version for wording in found)
        raise AugmentError(f"several prompts have the use {use!r} ({names}); keep one")
    return found[0]


def wording_digests(wordings_used: Sequence[Wording]) -> dict[str, str]:
    """Digest of each wording's words, by its name and version."""
    return {wording.prompt_version: digest(wording.text) for wording in wordings_used}


def _read(path: Path) -> Wording:
    try:
        return Wording.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AugmentError(f"{path} cannot be read: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"]) or "the file"
        raise AugmentError(f"{path} is no prompt: {key}: {first['msg']}") from error
