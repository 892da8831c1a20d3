"""FBRT-style sets: seed questions that a model failed on, mutated by a model, and sifted.

After Failure-Based Red Teaming by a model (Pfohl et al. 2024, Nature Medicine 30:3590): there, 120
mutations of each of 121 seeds, each with one of six prompts, were sifted by the model's own check
and for duplicates, and at most ten a seed were evaluated.
"""

import random
from pathlib import Path

from pydantic import Field

from equitymedqa.augment.asking import Asking, Call, ClusterOf
from equitymedqa.augment.candidates import Candidate, identity_used
from equitymedqa.augment.filters import (
    ask_about,
    draw_per_seed,
    drop_near,
    drop_repeated,
    written_candidate,
)
from equitymedqa.augment.folder import JobFolder, JobManifest, JobSettings, now
from equitymedqa.augment.identities import read_identities
from equitymedqa.augment.seeds import seed_of_draw, seeds_digest, usable_seeds
from equitymedqa.augment.wording import (
    OWN_FOLDER,
    Wording,
    only_wording,
    wording_digests,
    wordings,
    wordings_for,
)
from equitymedqa.generation.engine import Engine
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet, Record

RECIPE = "fbrt@1"


class FbrtSettings(Record):
    """What decides an FBRT-style set, beside its seeds, prompts and model."""

    mutations: int = Field(default=20, gt=0)
    """Of each seed question."""

    per_seed: int = Field(default=10, gt=0)
    """Questions proposed for each seed question, at most."""

    seed: int = 0
    """Of all that is drawn."""

    writing: Decoding = Decoding(max_new_tokens=256, temperature=0.9, top_p=0.95)
    checking: Decoding = Decoding(max_new_tokens=192)


def make_fbrt_set(
    seeds: QuestionSet,
    *,
    folder: Path,
    engine: Engine,
    settings: FbrtSettings | None = None,
    prompts: Path = OWN_FOLDER,
    batch_size: int | None = None,
    on_cluster: ClusterOf | None = None,
    progress: Progress | None = None,
) -> JobManifest:
    """Mutate seed questions into candidates for review; called again, it goes on where it stood.

    Raises
    ------
    AugmentError
        If the seeds or prompts cannot be used, or the folder holds another job.
    GenerationError
        If the model cannot answer.
    """
    settings = settings or FbrtSettings()
    questions, words = usable_seeds(seeds), wordings(prompts)
    check = only_wording("fbrt-consistent", words)
    used = (*wordings_for("fbrt-mutate", words), check)
    job = JobFolder(folder)
    job.begin(
        JobSettings(
            recipe=RECIPE,
            has_pairs=False,
            seeds_sha256=seeds_digest(questions),
            n_seeds=len(questions),
            settings=settings.model_dump(mode="json"),
            prompts=wording_digests(used),
            model=identity_used(engine.identity),
            started_at=now(),
        )
    )
    progress = progress or console_progress()
    asking = Asking(engine, folder, settings.seed, progress, batch_size, on_cluster)
    candidates = _mutate(questions, used[:-1], asking=asking, settings=settings)
    candidates = drop_repeated(candidates, questions)
    candidates = ask_about(
        candidates, step="consistent", asking=asking, wording=check, decoding=settings.checking
    )
    candidates = drop_near(candidates, telling=read_identities().telling_words)
    candidates = draw_per_seed(candidates, at_most=settings.per_seed, seed=settings.seed)
    return job.finish(candidates)


def _mutate(
    questions: tuple[QuestionRecord, ...],
    used: tuple[Wording, ...],
    *,
    asking: Asking,
    settings: FbrtSettings,
) -> list[Candidate]:
    """Ask for every mutation, each with a wording drawn for it."""
    planned = [
        (
            f"{question.dataset}/{question.question_id}/{number}",
            question,
            _drawn(used, settings.seed, question, number),
        )
        for question in questions
        for number in range(1, settings.mutations + 1)
    ]
    calls = [
        Call(key, wording.filled(question=question.text), wording.prompt_version)
        for key, question, wording in planned
    ]
    replies = asking.replies("write", calls, decoding=settings.writing)
    return [
        written_candidate(replies[key], seed=question, recipe=RECIPE, wording=wording)
        for key, question, wording in planned
    ]


def _drawn(used: tuple[Wording, ...], seed: int, question: QuestionRecord, number: int) -> Wording:
    # A seed of its own for each, so that more mutations begin with the same ones.
    return random.Random(seed_of_draw(seed, question, number)).choice(used)
