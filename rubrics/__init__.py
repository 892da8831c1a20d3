"""What raters are asked, as data: rubrics, and the protocols that say who is asked how often."""

from rubrics.checking import CodesError, check_codes
from rubrics.loader import (
    Problem,
    RubricFileError,
    available_protocols,
    available_rubrics,
    check_file,
    load_protocol,
    load_rubric,
)
from rubrics.schema import (
    Assessment,
    Code,
    Condition,
    Item,
    Option,
    Protocol,
    RaterGroup,
    Rubric,
    Wording,
)

__all__ = [
    "Assessment",
    "Code",
    "CodesError",
    "Condition",
    "Item",
    "Option",
    "Problem",
    "Protocol",
    "RaterGroup",
    "Rubric",
    "RubricFileError",
    "Wording",
    "available_protocols",
    "available_rubrics",
    "check_codes",
    "check_file",
    "load_protocol",
    "load_rubric",
]
