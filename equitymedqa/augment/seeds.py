"""The questions that a set of one's own is made from."""

from collections import Counter

from equitymedqa.augment.errors import AugmentError
from equitymedqa.generation.identity import digest
from equitymedqa.records import QuestionRecord, QuestionSet


def usable_seeds(seeds: QuestionSet) -> tuple[QuestionRecord, ...]:
    """All questions of a set, if each can be a seed.

    Raises
    ------
    AugmentError
        If there are none, two have one id, or a question shows images, of which new words would
        know nothing.
    """
    if not seeds.questions:
        raise AugmentError(f"{seeds.dataset}: there are no seed questions")
    counts = Counter((seed.dataset, seed.question_id) for seed in seeds.questions)
    if twice := [name for (_, name), count in counts.items() if count > 1]:
        raise AugmentError(f"{seeds.dataset}: ids {twice[:5]} stand for several seed questions")
    if shown := [seed.question_id for seed in seeds.questions if seed.images]:
        raise AugmentError(f"{seeds.dataset}: {shown[:5]} show images; leave them out")
    return tuple(seeds.questions)


def seeds_digest(seeds: tuple[QuestionRecord, ...]) -> str:
    """Digest of the seeds, in their order."""
    return digest([[seed.dataset, seed.question_id, seed.text] for seed in seeds])


def seed_of_draw(job_seed: int, seed: QuestionRecord, *parts: object) -> str:
    """A seed for what is drawn for one seed question, whatever others there are."""
    return digest([job_seed, seed.dataset, seed.question_id, *parts])
