"""Templates that can be trusted: a small part of Jinja that always ends and keeps the question.

A template may look at the question's set and attributes, so that its words can differ between
sets; it may not look at the question's own words, or two questions would be asked differently for
reasons that no one sees. It has no clock and no chance, calls nothing, and computes nothing.
"""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.exceptions import UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

VARIABLES = ("question", "dataset", "attributes")
FILTERS = (
    *("capitalize", "default", "dictsort", "first", "items", "last"),
    *("length", "lower", "title", "trim", "upper", "wordcount"),
)
ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Tuple),
    *(nodes.List, nodes.If, nodes.For, nodes.CondExpr, nodes.Getattr, nodes.Getitem),
    *(nodes.Filter, nodes.Keyword, nodes.Test, nodes.Compare, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Concat),
)
"""What a template may hold. Whatever could grow without bound is not among it."""

LONGEST_TEMPLATE = 64 * 1024
LONGEST_PROMPT = 1024 * 1024
"""Characters."""

# Stands for the question while the words around it are found; no template holds it by chance.
SENTINEL = "\u2068 {{ Q }} {% q %} <b>&amp;'\" \u0645\u0627 \u2069\n 8f1d5c0a7e \n"


class PromptTemplateError(ValueError):
    """A template that cannot be used; the message says why, and `line` where, from 1."""

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


class _StandIns(dict[str, str]):
    """Has every attribute, for looking at a template before there are questions."""

    def __missing__(self, name: str) -> str:
        return name


class _Sandbox(ImmutableSandboxedEnvironment):
    """Gives values only, and methods of none."""

    def is_safe_attribute(self, obj: object, attr: str, value: object) -> bool:
        return not callable(value) and super().is_safe_attribute(obj, attr, value)


def check_template(template: str) -> None:
    """Refuse a template that drops, repeats or changes the question, or could do harm.

    Raises
    ------
    PromptTemplateError
        If it does.
    """
    words_around(template)


def words_around(
    template: str, *, dataset: str = "dataset", attributes: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """What a template writes before and after a question, which itself never enters it.

    Parameters
    ----------
    attributes
        The question's; by default any that the template asks for, each with its name as value.

    Raises
    ------
    PromptTemplateError
        If the template cannot be used, or not with these attributes.
    """
    values = _StandIns() if attributes is None else dict(attributes)
    text = _rendered(_compiled(template), dataset, values)
    before, *rest = text.split(SENTINEL)
    if len(rest) != 1:
        times = f"holds it {len(rest)} times" if rest else "drops it"
        raise PromptTemplateError(
            "a prompt holds its question exactly once, where the template says {{ question }}; "
            f"this one {times}"
        )
    return before, rest[0]


@lru_cache(maxsize=64)
def _compiled(template: str) -> Template:
    environment = _Sandbox(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_only_text
    )
    try:
        tree = environment.parse(template)
        _check_tree(tree)
        return environment.from_string(tree)
    except TemplateSyntaxError as error:
        raise PromptTemplateError(error.message or str(error), line=error.lineno) from error
    except (RecursionError, SyntaxError) as error:
        raise PromptTemplateError("is nested too deeply") from error


def _check_tree(tree: nodes.Template) -> None:
    loops = list(tree.find_all(nodes.For))
    own = {name.name for loop in loops for name in loop.target.find_all(nodes.Name)}
    own |= {loop.target.name for loop in loops if isinstance(loop.target, nodes.Name)}
    if taken := sorted(own & {*VARIABLES, "loop"}):
        raise PromptTemplateError(f"{taken[0]!r} has a meaning already; name it otherwise")
    for loop in loops:
        if loop.recursive or loop.find(nodes.For):
            raise PromptTemplateError("a loop within a loop is not allowed", line=loop.lineno)

    known = {*VARIABLES, "loop", *own}
    as_it_is = {
        id(part)
        for output in tree.find_all(nodes.Output)
        for part in output.nodes
        if isinstance(part, nodes.Name)
    }
    for node in tree.find_all(nodes.Node):
        if fault := _fault(node, known, as_it_is=id(node) in as_it_is):
            raise PromptTemplateError(fault, line=node.lineno)


def _fault(node: nodes.Node, known: set[str], *, as_it_is: bool) -> str | None:
    if not isinstance(node, ALLOWED):
        return (
            f"{type(node).__name__.lower()!r} is not allowed; a template has text, "
            "{{ question }}, attributes, `if` and `for`"
        )
    if isinstance(node, nodes.Filter) and node.name not in FILTERS:
        return f"filter {node.name!r} is not among {', '.join(FILTERS)}"
    if isinstance(node, nodes.Name) and node.name not in known:
        return f"{node.name!r} is not among {', '.join(VARIABLES)}"
    if isinstance(node, nodes.Name) and node.name == "question" and not as_it_is:
        return "the question's words can only be put in as they are, as {{ question }}"
    return None


def _only_text(value: object) -> object:
    """Refuse to write what has no one spelling, such as a list or an object's address."""
    if isinstance(value, str | int | float | StrictUndefined):
        return value
    raise PromptTemplateError(f"only text can be put out, not a {type(value).__name__}")


def _rendered(template: Template, dataset: str, attributes: Mapping[str, str]) -> str:
    pieces: list[str] = []
    length = 0
    try:
        for piece in template.generate(question=SENTINEL, dataset=dataset, attributes=attributes):
            length += len(piece)
            if length > LONGEST_PROMPT:
                raise PromptTemplateError(f"gives more than {LONGEST_PROMPT:,} characters")
            pieces.append(piece)
    except UndefinedError as error:
        there = ", ".join(attributes) or "none"
        missing = str(error).replace("'dict object' has no attribute", "there is no attribute")
        raise PromptTemplateError(f"{missing}; the question's attributes: {there}") from error
    except (TemplateError, TypeError, ValueError) as error:
        if isinstance(error, PromptTemplateError):
            raise
        raise PromptTemplateError(str(error)) from error
    return "".join(pieces)
