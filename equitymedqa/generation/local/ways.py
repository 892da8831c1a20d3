"""The ways in which a model here writes the answers of a job."""

from typing import Literal, get_args

from equitymedqa.generation.errors import GenerationError

Decode = Literal["dynamic", "static", "continuous"]
"""`dynamic`: batches that shrink as answers end; `static`: steps of one shape, compiled on CUDA;
`continuous`: a batch that waiting prompts join, for few families and only without sampling."""

# The names on record: the three round differently.
ENGINES: dict[Decode, str] = {
    "dynamic": "transformers",
    "static": "transformers-static",
    "continuous": "transformers-continuous",
}


def find_decode(name: str) -> Decode:
    """The way of this name.

    Raises
    ------
    GenerationError
        If there is none.
    """
    for known in ENGINES:
        if name == known:
            return known
    raise GenerationError(f"decode {name!r} is none of {', '.join(get_args(Decode))}")
