"""CC-style sets: one seed question asked by people of different identities, in comparable pairs.

After Counterfactual Context by a model (Pfohl et al. 2024, Nature Medicine 30:3590): there, 815
rewritings of 20 seeds for drawn identities were sifted for implausible people and for pairs that
differ too much; five a seed were kept, and all ten pairs of them.
"""

from collections.abc import Sequence
from pathlib import Path

from pydantic import Field

from equitymedqa.augment.asking import Asking, Call, ClusterOf
from equitymedqa.augment.candidates import Candidate, identity_used
from equitymedqa.augment.comparing import choose_comparable, compare
from equitymedqa.augment.errors import AugmentError
from equitymedqa.augment.filters import ask_about, drop_by_rule, drop_repeated, written_candidate
from equitymedqa.augment.folder import JobFolder, JobManifest, JobSettings, now
from equitymedqa.augment.identities import OWN_FILE, Identities, draw_identities, read_identities
from equitymedqa.augment.likeness import kept_words, words_of
from equitymedqa.augment.seeds import seed_of_draw, seeds_digest, usable_seeds
from equitymedqa.augment.wording import OWN_FOLDER, Wording, only_wording, wording_digests, wordings
from equitymedqa.generation.engine import Engine
from equitymedqa.generation.identity import digest
from equitymedqa.generation.progress import Progress, console_progress
from equitymedqa.records import Decoding, QuestionRecord, QuestionSet, Record

RECIPE = "cc@1"
KEPT = 0.3
"""Share of the seed question's words that a rewriting keeps, at least."""

ROOM = 40
"""Words that a rewriting may have beyond twice those of the seed question."""


class CcSettings(Record):
    """What decides a CC-style set, beside its seeds, prompts, identities and model."""

    draws: int = Field(default=10, gt=1)
    """Identities drawn for each seed question."""

    per_seed: int = Field(default=5, gt=1)
    """Questions proposed for each seed question, at most; all pairs of them are proposed."""

    axes: tuple[str, ...] = ()
    """Axes to draw from; all of the file's if none is named."""

    at_once: int = Field(default=2, gt=0)
    """Axes that meet in one person."""

    same_axes: bool = True
    """Whether the people of one seed question differ along the same axes."""

    seed: int = 0
    """Of all that is drawn."""

    writing: Decoding = Decoding(max_new_tokens=256, temperature=0.7, top_p=0.95)
    checking: Decoding = Decoding(max_new_tokens=192)


def make_cc_set(
    seeds: QuestionSet,
    *,
    folder: Path,
    engine: Engine,
    settings: CcSettings | None = None,
    prompts: Path = OWN_FOLDER,
    identities: Path = OWN_FILE,
    batch_size: int | None = None,
    on_cluster: ClusterOf | None = None,
    progress: Progress | None = None,
) -> JobManifest:
    """Rewrite seed questions for drawn identities; called again, it goes on where it stood.

    Raises
    ------
    AugmentError
        If the seeds, prompts or identities cannot be used, or the folder holds another job.
    GenerationError
        If the model cannot answer.
    """
    settings, people = settings or CcSettings(), read_identities(identities)
    questions, words = usable_seeds(seeds), wordings(prompts)
    axes = _chosen_axes(people, settings)
    rewrite, plausible, comparable = (
        only_wording(use, words) for use in ("cc-rewrite", "cc-plausible", "cc-comparable")
    )
    job = JobFolder(folder)
    job.begin(
        JobSettings(
            recipe=RECIPE,
            has_pairs=True,
            seeds_sha256=seeds_digest(questions),
            n_seeds=len(questions),
            settings={**settings.model_dump(mode="json"), "axes": list(axes)},
            prompts={
                **wording_digests((rewrite, plausible, comparable)),
                f"{people.name}@{people.version}": digest(people.model_dump(mode="json")),
            },
            model=identity_used(engine.identity),
            started_at=now(),
        )
    )
    progress = progress or console_progress()
    asking = Asking(engine, folder, settings.seed, progress, batch_size, on_cluster)
    candidates = _rewrite(questions, rewrite, people, axes, asking=asking, settings=settings)
    candidates = drop_repeated(candidates, questions)
    candidates = drop_by_rule(candidates, name="keeps_seed", fault=_strayed)
    candidates = ask_about(
        candidates,
        step="plausible",
        asking=asking,
        wording=plausible,
        decoding=settings.checking,
        person=lambda one: {"person": people.person(one.identity)},
    )
    pairs = compare(candidates, asking=asking, wording=comparable, decoding=settings.checking)
    candidates, pairs = choose_comparable(
        candidates, pairs, at_most=settings.per_seed, seed=settings.seed
    )
    return job.finish(candidates, pairs)


def _chosen_axes(people: Identities, settings: CcSettings) -> tuple[str, ...]:
    known = people.names
    if strange := sorted(set(settings.axes) - set(known)):
        raise AugmentError(f"{strange[0]!r} is not among the axes {', '.join(known)}")
    axes = tuple(name for name in known if not settings.axes or name in settings.axes)
    if settings.at_once > len(axes):
        raise AugmentError(f"{settings.at_once} axes cannot meet where {len(axes)} are chosen")
    return axes


def _rewrite(
    questions: tuple[QuestionRecord, ...],
    wording: Wording,
    people: Identities,
    axes: Sequence[str],
    *,
    asking: Asking,
    settings: CcSettings,
) -> list[Candidate]:
    """Ask for every rewriting, each for an identity drawn for it."""
    planned = [
        (f"{question.dataset}/{question.question_id}/{number}", question, identity)
        for question in questions
        for number, identity in enumerate(
            draw_identities(
                people,
                axes,
                at_once=settings.at_once,
                same_axes=settings.same_axes,
                n=settings.draws,
                seed=seed_of_draw(settings.seed, question, "identities"),
            ),
            start=1,
        )
    ]
    calls = [
        Call(
            key,
            wording.filled(question=question.text, person=people.person(identity)),
            wording.prompt_version,
        )
        for key, question, identity in planned
    ]
    replies = asking.replies("write", calls, decoding=settings.writing)
    return [
        written_candidate(
            replies[key], seed=question, recipe=RECIPE, wording=wording, identity=identity
        )
        for key, question, identity in planned
    ]


def _strayed(candidate: Candidate) -> str | None:
    """Why a rewriting is another question altogether; None if it is not."""
    kept = kept_words(candidate.seed.text, candidate.text)
    if kept < KEPT:
        return f"{kept:.2f} of the seed's words are left, less than {KEPT}"
    n_words, n_seed_words = len(words_of(candidate.text)), len(words_of(candidate.seed.text))
    if n_words > 2 * n_seed_words + ROOM:
        return f"{n_words} words for the seed's {n_seed_words}, more than twice and {ROOM}"
    return None
