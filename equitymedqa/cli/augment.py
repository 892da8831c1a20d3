"""`equitymedqa augment`: adversarial sets of one's own, reviewed by people before use."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from equitymedqa.cli import answer_options as options
from equitymedqa.cli import clusters
from equitymedqa.cli.engine_choice import EngineChoice
from equitymedqa.cli.interruption import goes_on_later
from equitymedqa.cli.option_groups import grouped
from equitymedqa.fields import storable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from equitymedqa.augment.candidates import FilterCount
    from equitymedqa.augment.folder import JobManifest
    from equitymedqa.augment.release import Release
    from equitymedqa.records import Decoding, QuestionSet

app = typer.Typer(
    no_args_is_help=True, help="Make question sets of your own, and review them before use."
)

Out = Annotated[Path, typer.Option(help="Folder of the job; run again to go on.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the job.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Only the first so many seed questions.")]
Prompts = Annotated[
    Path | None, typer.Option(help="Folder with prompts of your own, instead of ours.")
]
Temperature = Annotated[float, typer.Option(min=0, help="Of the writing; checks are greedy.")]
WrittenTokens = Annotated[int, typer.Option(min=1, help="Tokens of a written question, at most.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]
CheckTokens = Annotated[int, typer.Option(min=1, help="Tokens of a check's reply, at most.")]


@dataclass(frozen=True)
class Asking:
    """How a model is asked, whatever the recipe."""

    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0
    top_p: options.TopP = 0.95
    max_new_tokens: WrittenTokens = 256
    check_tokens: CheckTokens = 192
    prompts: Prompts = None
    batch_size: options.BatchSize = None
    limit: Limit = None
    ray: clusters.Ray = None
    workers: clusters.Workers = None

    def writing(self, temperature: float) -> "Decoding":
        """How a question is written."""
        from equitymedqa.records import Decoding

        return Decoding(
            max_new_tokens=self.max_new_tokens, temperature=temperature, top_p=self.top_p
        )

    def checking(self) -> "Decoding":
        """How a check is answered."""
        from equitymedqa.records import Decoding

        return Decoding(max_new_tokens=self.check_tokens)


@app.command()
@grouped
def fbrt(
    seeds: options.Questions,
    out: Out,
    choice: EngineChoice,
    asking: Asking,
    mutations: Annotated[int, typer.Option(min=1, help="Of each seed; the study made 120.")] = 20,
    per_seed: Annotated[int, typer.Option(min=1, help="Questions proposed a seed, at most.")] = 10,
    temperature: Temperature = 0.9,
) -> None:
    """Mutate seed questions as failure-based red teaming does, and sift what comes out."""
    from equitymedqa.augment.fbrt import FbrtSettings, make_fbrt_set
    from equitymedqa.augment.wording import OWN_FOLDER

    settings = FbrtSettings(
        mutations=mutations,
        per_seed=per_seed,
        seed=asking.seed,
        writing=asking.writing(temperature),
        checking=asking.checking(),
    )
    chosen = _seed_set(seeds, asking.limit)
    engine, on_cluster = clusters.chosen_engines(choice, ray=asking.ray, n_workers=asking.workers)
    with goes_on_later():
        manifest = make_fbrt_set(
            chosen,
            folder=out,
            engine=engine,
            settings=settings,
            prompts=asking.prompts or OWN_FOLDER,
            batch_size=asking.batch_size,
            on_cluster=on_cluster,
        )
    _tell_made(out, manifest)


@app.command()
@grouped
def cc(
    seeds: options.Questions,
    out: Out,
    choice: EngineChoice,
    asking: Asking,
    draws: Annotated[int, typer.Option(min=2, help="Identities drawn for each seed.")] = 10,
    per_seed: Annotated[int, typer.Option(min=2, help="Questions proposed a seed, at most.")] = 5,
    axes: Annotated[
        str, typer.Option(help="Axes to draw from, with commas between; else all nine.")
    ] = "",
    at_once: Annotated[int, typer.Option(min=1, help="Axes that meet in one person.")] = 2,
    same_axes: Annotated[
        bool,
        typer.Option("--same-axes/--own-axes", help="Whether people of a seed share their axes."),
    ] = True,
    temperature: Temperature = 0.7,
    identities: Annotated[
        Path | None, typer.Option(help="File with axes and options of your own.")
    ] = None,
) -> None:
    """Rewrite seed questions for people of drawn identities, in comparable pairs."""
    from equitymedqa.augment.cc import CcSettings, make_cc_set
    from equitymedqa.augment.identities import OWN_FILE
    from equitymedqa.augment.wording import OWN_FOLDER

    settings = CcSettings(
        draws=draws,
        per_seed=per_seed,
        axes=tuple(name.strip() for name in axes.split(",") if name.strip()),
        at_once=at_once,
        same_axes=same_axes,
        seed=asking.seed,
        writing=asking.writing(temperature),
        checking=asking.checking(),
    )
    chosen = _seed_set(seeds, asking.limit)
    engine, on_cluster = clusters.chosen_engines(choice, ray=asking.ray, n_workers=asking.workers)
    with goes_on_later():
        manifest = make_cc_set(
            chosen,
            folder=out,
            engine=engine,
            settings=settings,
            prompts=asking.prompts or OWN_FOLDER,
            identities=identities or OWN_FILE,
            batch_size=asking.batch_size,
            on_cluster=on_cluster,
        )
    _tell_made(out, manifest)


@app.command()
def template(
    file: Annotated[Path, typer.Argument(help="YAML file of templates.")],
    out: Annotated[
        Path, typer.Option(help="Folder of a job to review, or a .csv without a review.")
    ],
    pairs: Annotated[
        Literal["one", "all"],
        typer.Option(help="Pairs that differ in one slot alone, or all of a template."),
    ] = "one",
    overwrite: Overwrite = False,
) -> None:
    """Fill identity terms into the slots of templates; no model is involved."""
    from equitymedqa.augment.release import write_release
    from equitymedqa.augment.template_sets import make_template_set, written_by_hand

    if out.suffix.lower() != ".csv":
        _tell_made(out, make_template_set(file, folder=out, pairing=pairs))
        return
    release = written_by_hand(file, dataset=storable(out.stem), pairing=pairs)
    _tell_released(write_release(release, out, overwrite=overwrite), release)


@app.command()
def review(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="The sheet to be made.")] = Path("review.csv"),
    overwrite: Overwrite = False,
) -> None:
    """Write a sheet in which people accept, edit or reject each proposed question."""
    from equitymedqa.augment.errors import AugmentError
    from equitymedqa.augment.review_log import review_state
    from equitymedqa.augment.review_sheet import review_sheet

    state = review_state(folder)
    if not state:
        raise AugmentError(f"{folder} proposes no question, so there is nothing to review")
    if out.exists() and not overwrite:
        raise AugmentError(
            f"{out} is there already, perhaps filled in; apply it, or add --overwrite"
        )
    out.write_text(review_sheet(state), encoding="utf-8", newline="")
    undecided = sum(one.decision is None for one in state)
    typer.echo(f"{out}: {len(state)} proposed questions, {undecided} of them not reviewed yet")


@app.command()
def apply(
    folder: Folder,
    sheet: Annotated[Path, typer.Argument(help="The sheet, filled in.")] = Path("review.csv"),
    reviewer: Annotated[
        str | None, typer.Option(help="Who decided, where it does not say.")
    ] = None,
) -> None:
    """Record the decisions of a filled-in sheet, all of them or none."""
    from equitymedqa.augment.folder import JobFolder, now
    from equitymedqa.augment.review_log import record_decisions, review_state
    from equitymedqa.augment.review_sheet import read_review

    candidates = {one.candidate_id: one for one in JobFolder(folder).candidates()}
    choices = read_review(sheet, candidates, reviewer=reviewer)
    made = record_decisions(folder, choices, decided_at=now())
    undecided = sum(one.decision is None for one in review_state(folder))
    typer.echo(
        f"{len(made)} decisions recorded, {sum(one.replaces is not None for one in made)} of them "
        f"in place of earlier ones; {len(choices) - len(made)} as before; {undecided} questions "
        "not reviewed yet"
    )


@app.command()
def release(
    folder: Folder,
    out: Annotated[Path, typer.Option(help="The question file to be made; ends in .csv.")],
    only_reviewed: Annotated[
        bool, typer.Option("--only-reviewed", help="Leave out what nobody reviewed.")
    ] = False,
    overwrite: Overwrite = False,
) -> None:
    """Write the accepted and edited questions, and pairs with both sides among them."""
    from equitymedqa.augment.folder import JobFolder
    from equitymedqa.augment.release import released, write_release
    from equitymedqa.augment.review_log import review_state

    found = released(
        review_state(folder),
        JobFolder(folder).pairs(),
        dataset=storable(out.stem),
        only_reviewed=only_reviewed,
    )
    _tell_released(write_release(found, out, overwrite=overwrite), found)


def _seed_set(names: list[str], limit: int | None) -> "QuestionSet":
    """The first questions of all files and sets: pairs of seeds mean nothing here."""
    seeds = options.all_questions(names)
    return seeds._replace(questions=seeds.questions[:limit], pairs=[])


def _tell_made(out: Path, manifest: "JobManifest") -> None:
    typer.echo(f"{out}: {manifest.n_proposed} of {manifest.n_candidates} questions proposed")
    _tell_filters(manifest.filters)
    if manifest.n_pairs:
        typer.echo(f"{manifest.n_pairs_proposed} of {manifest.n_pairs} pairs proposed")
        _tell_filters(manifest.pair_filters)
    if manifest.n_proposed:
        typer.echo(f"Next: equitymedqa augment review {out}")
    else:
        _tell_why_nothing(out)


def _tell_why_nothing(out: Path) -> None:
    from equitymedqa.augment.folder import JobFolder

    dropped = JobFolder(out).candidates()
    reason, n = Counter(one.filters[-1].reason for one in dropped).most_common(1)[0]
    typer.echo(f"There is nothing to review. Of {len(dropped)} questions {n}: {reason}.")
    typer.echo(f"Every reason is in {out}/candidates.jsonl.")


def _tell_filters(counts: "Iterable[FilterCount]") -> None:
    for one in counts:
        unclear = f", {one.unclear} of them without a plain verdict" if one.unclear else ""
        typer.echo(f"  {one.filter}: {one.passed} passed, {one.dropped} dropped{unclear}")


def _tell_released(written: list[Path], release: "Release") -> None:
    counts = {
        "edited": release.n_edited,
        "rejected and left out": release.n_rejected,
        "not reviewed and left out": release.n_undecided,
    }
    told = "".join(f"; {count} {what}" for what, count in counts.items() if count)
    typer.echo(f"{written[0]}: {len(release.questions)} questions{told}")
    if release.pairs:
        typer.echo(f"{written[1]}: {len(release.pairs)} pairs")
