"""What differs from one crowd platform to another: parameters, codes, and addresses to return to.

Of Prolific its documentation says (read in stored copies, not tried on the platform): studies are
opened with whatever parameters their address names, by custom `PROLIFIC_PID`, `STUDY_ID` and
`SESSION_ID`; a study may have several completion codes; and participants return to
`https://app.prolific.com/submissions/complete?cc=CODE`, or type the code in.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import quote

from pydantic import BaseModel, Field, ValidationError, model_validator

from rater_portal.errors import StudyError

Outcome = Literal["complete", "screened_out", "withdrawn"]
Adapter = Literal["prolific", "generic"]

PROLIFIC_RETURN: Final = "https://app.prolific.com/submissions/complete?cc={code}"
PLACEHOLDERS: Final = frozenset({"code", "person", "visit"})
"""What an address to return to may repeat."""

Parameter = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")]
CompletionCode = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class AdapterError(StudyError):
    """A door cannot be opened with these settings."""


class PanelSettings(BaseModel, frozen=True, extra="forbid"):
    """How one platform names its people, and what they take back to it."""

    person: Parameter
    """The parameter that tells who comes; the same person comes back under the same name."""

    visit: Parameter | None = None
    """The parameter that tells which visit it is, where the platform has one."""

    study: Parameter | None = None
    """The parameter that tells which of the platform's studies it is; asked for, not kept."""

    codes: dict[Outcome, CompletionCode] = {}
    addresses: dict[Outcome, str] = {}
    """Where people return to, with `{code}`, `{person}` and `{visit}` for what is repeated."""

    @property
    def asked(self) -> tuple[str, ...]:
        """Names of all parameters that must come."""
        return tuple(name for name in (self.person, self.study, self.visit) if name)

    def address(self, outcome: Outcome, *, person: str, visit: str | None) -> str | None:
        """Where to return to with this outcome; None where nothing is set."""
        if outcome not in self.addresses:
            return None
        said = {"code": self.codes.get(outcome, ""), "person": person, "visit": visit or ""}
        return PLACEHOLDER.sub(
            lambda found: quote(said[found[1]], safe=""), self.addresses[outcome]
        )

    @model_validator(mode="after")
    def _leads_where_it_says(self) -> Self:
        names = self.asked
        if len({name.lower() for name in names}) < len(names):
            raise ValueError(f"two parameters have one name: {', '.join(names)}")
        if len(set(self.codes.values())) < len(self.codes):
            raise ValueError("two outcomes have one code: the platform could not tell them apart")
        for outcome, address in self.addresses.items():
            self._check(outcome, address)
        return self

    def _check(self, outcome: Outcome, address: str) -> None:
        """Refuse an address that could lead elsewhere, or that repeats what is not there."""
        found, plain = PLACEHOLDER.findall(address), PLACEHOLDER.sub("", address)
        if not PLAIN_ADDRESS.fullmatch(plain):
            raise ValueError(f"{address!r} holds signs that an address cannot have")
        if not FIXED_BEGINNING.match(address):
            raise ValueError(f"{address!r} is not of the form https://name/..., without a port")
        if strange := [name for name in found if name not in PLACEHOLDERS]:
            raise ValueError(
                f"{address!r}: placeholder {strange[0]!r} is not code, person or visit"
            )
        if "code" in found and outcome not in self.codes:
            raise ValueError(f"{address!r} repeats a code, and {outcome!r} has none")
        if "visit" in found and self.visit is None:
            raise ValueError(f"{address!r} repeats the visit, and no parameter tells it")


PLACEHOLDER: Final = re.compile(r"\{([^{}]*)\}")
PLAIN_ADDRESS: Final = re.compile(r"[A-Za-z0-9:/?#@!$&'()*+,;=._~%-]{1,1000}")
FIXED_BEGINNING: Final = re.compile(r"https://([a-z0-9]+(-+[a-z0-9]+)*\.)+[a-z]{2,63}(?=[/?]|$)")
"""The platform's own name, with nothing before or behind it that could change where it leads."""


def panel_settings(adapter: str, said: Mapping[str, Any]) -> PanelSettings:
    """The whole settings of a door, from what its opener said.

    Raises
    ------
    AdapterError
        If there is no such adapter, or the settings cannot work; the message says why.
    """
    if adapter not in ADAPTERS:
        raise AdapterError(f"There is no adapter {adapter!r}. Known: {', '.join(ADAPTERS)}.")
    try:
        return ADAPTERS[adapter](said)
    except ValidationError as error:
        problems = [f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()]
        raise AdapterError(f"This door cannot be opened: {'; '.join(problems)}.") from error


def _prolific(said: Mapping[str, Any]) -> PanelSettings:
    """Only the codes are one's own; everything else is the platform's."""
    codes = said.get("codes")
    if set(said) != {"codes"} or not isinstance(codes, dict) or "complete" not in codes:
        raise AdapterError("Prolific needs its completion codes, one for `complete` at least.")
    return PanelSettings(
        person="PROLIFIC_PID",
        visit="SESSION_ID",
        study="STUDY_ID",
        codes=codes,
        addresses=dict.fromkeys(codes, PROLIFIC_RETURN),
    )


def _generic(said: Mapping[str, Any]) -> PanelSettings:
    """Everything is said."""
    return PanelSettings.model_validate(dict(said))


ADAPTERS: Final[Mapping[str, Callable[[Mapping[str, Any]], PanelSettings]]] = {
    "prolific": _prolific,
    "generic": _generic,
}
