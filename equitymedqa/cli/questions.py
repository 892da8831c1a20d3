"""`equitymedqa augment send` and `fetch`: a folder's questions are reviewed in the portal."""

from pathlib import Path
from typing import Annotated

import typer

StudyName = Annotated[str | None, typer.Option("--study", help="Needed if there are several.")]
Folder = Annotated[Path, typer.Argument(help="Folder of the job.")]


def send(folder: Folder, study: StudyName = None) -> None:
    """Bring proposed questions into a study, where its coordinators review them on a page."""
    from equitymedqa.augment.folder import JobFolder
    from equitymedqa.augment.review_log import read_decisions
    from rater_portal.database import database, session_on
    from rater_portal.services.candidate_intake import add_candidates
    from rater_portal.services.studies import only_study

    job = JobFolder(folder)
    candidates, pairs, decisions = job.candidates(), job.pairs(), read_decisions(folder)
    with session_on(database()) as session:
        name = only_study(session, study)
        sent = add_candidates(
            session, study=name, candidates=candidates, pairs=pairs, decisions=decisions
        )
    typer.echo(
        f"Study {name!r}: {sent.n_new} questions to review were added; {sent.n_known} were there "
        f"before; {sent.n_decisions} decisions came along."
    )
    typer.echo(f"Afterwards: equitymedqa augment fetch {folder} --study {name}")


def fetch(
    folder: Folder,
    study: StudyName = None,
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="Where both decided, let the portal's decision count in the folder."
        ),
    ] = False,
) -> None:
    """Write what coordinators decided in the portal into the folder, ready for `release`."""
    from equitymedqa.augment.errors import AugmentError
    from equitymedqa.augment.review_log import learn_decisions, review_state
    from rater_portal.database import database, session_on
    from rater_portal.services.candidates import decisions_made, standings
    from rater_portal.services.studies import only_study

    with session_on(database()) as session:
        name = only_study(session, study)
        known = {one.candidate_id for one in standings(session, study=name)}
        made = decisions_made(session, study=name)
    if known.isdisjoint(one.candidate.candidate_id for one in review_state(folder)):
        raise AugmentError(
            f"no question of {folder} is in the study {name!r}; "
            f"send them with `equitymedqa augment send {folder} --study {name}`"
        )
    learnt = learn_decisions(folder, made, theirs_count=replace)
    state = review_state(folder)
    undecided = sum(one.decision is None for one in state)
    typer.echo(
        f"{folder}: {len(learnt)} new decisions; {undecided} of {len(state)} questions are not "
        "reviewed yet"
    )
