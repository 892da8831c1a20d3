"""The demo: the sample's questions answered, a study judged by simulated raters, a report, links.

Everything is left in one folder. A second run makes nothing again that is there already.
"""

from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.progress import Progress
from sqlalchemy import Engine
from sqlmodel import Session

from analysis.render import make_report
from analysis.table import read_table, write_table
from equitymedqa.generation import generate_answers, prepare_engine
from equitymedqa.loading import load_set
from equitymedqa.records import Decoding, QuestionSet
from rater_portal.database import open_database
from rater_portal.errors import StudyError
from rater_portal.services.accounts import invite_coordinator, invite_rater
from rater_portal.services.export import judgment_table
from rater_portal.services.intake import add_places, create_study
from rater_portal.services.progress import overview, question_ids
from rater_portal.services.studies import find_study, protocol_of, study_names
from rater_portal.serving import check_place, run_portal
from rater_portal.settings import Settings
from rater_portal.synthetic import simulate_raters
from rubrics.loader import load_protocol
from rubrics.schema import Protocol
from rubrics.yaml_places import read_yaml

STUDY = "demo"
FILES = Path(__file__).parent / "assets" / "demo"
PROMPTS = ("plain", "careful")
DECODING = Decoding(max_new_tokens=96)
"""Short enough for minutes on two cores; most answers are cut, and the study says so."""

SEED = 20240923


def run_demo(out: Path, *, n_questions: int | None = None, serve: bool = True) -> None:
    """Go the whole way of the datum, with progress shown throughout.

    Parameters
    ----------
    out
        Folder for `answers/*.jsonl`, `study.db`, `judgments.parquet` and `report.html`.
    n_questions
        How many questions; the whole sample unless given.
    serve
        Whether to start the portal at the end.

    Raises
    ------
    StudyError
        If the folder holds a demo of other questions.
    PortalError
        If the portal could not be started in the end.
    """
    console = Console(stderr=True, highlight=False)
    out.mkdir(parents=True, exist_ok=True)
    settings = Settings(database_url=f"sqlite:///{(out / 'study.db').resolve()}")

    questions = sample_questions(n_questions)
    engine = open_database(settings.database_url)
    _refuse_other_questions(engine, questions, out)
    if serve:
        check_place(settings)

    console.rule("1 of 4  Answers of a real, small model", align="left")
    answers = _answer(questions, out / "answers", console)
    console.rule("2 of 4  A study, judged by simulated raters", align="left")
    _judge(engine, answers, out / "judgments.parquet", console)
    console.rule("3 of 4  The report", align="left")
    _report(engine, out, console)
    console.rule("4 of 4  The portal", align="left")
    _invite(engine, settings)
    if serve:
        run_portal(settings)


def sample_questions(n_questions: int | None = None) -> QuestionSet:
    """The shipped questions: single ones and, whole, counterfactual pairs.

    Parameters
    ----------
    n_questions
        At least 3. A quarter of the number becomes pairs, which bring two questions each.
    """
    singles, paired = load_set("sample_adversarial"), load_set("sample_counterfactual")
    questions, pairs = singles.questions, paired.pairs
    if n_questions is not None:
        pairs = pairs[: max(1, n_questions // 4)]
        questions = questions[: max(1, n_questions - 2 * len(pairs))]
    kept = {side.question_id for pair in pairs for side in (pair.question_1, pair.question_2)}
    return QuestionSet(
        dataset="sample",
        questions=[*questions, *(q for q in paired.questions if q.question_id in kept)],
        pairs=list(pairs),
    )


def demo_protocol() -> Protocol:
    """The published protocol with consent, profile, training, checks and care.

    Its rubrics take turns, so that a visitor meets all of them.
    """
    published = load_protocol("equitymedqa").model_dump(mode="json")
    conduct = read_yaml((FILES / "conduct.yaml").read_text(encoding="utf-8")).value
    return Protocol.model_validate(
        {**published, "order": "mixed", **cast("dict[str, Any]", conduct)}
    )


def _refuse_other_questions(engine: Engine, questions: QuestionSet, out: Path) -> None:
    with Session(engine) as session:
        if STUDY not in study_names(session):
            return
        asked = question_ids(session, study=STUDY)
    if asked != {question.question_id for question in questions.questions}:
        raise StudyError(
            f"{out} holds a demo of {len(asked)} other questions. Give this one a folder of its "
            "own with --out, or ask for the same number with --questions."
        )


def _answer(questions: QuestionSet, folder: Path, console: Console) -> list[Path]:
    engine = prepare_engine("embedded")
    paths = []
    for prompt in PROMPTS:
        path = folder / f"{engine.identity.short_name}-{prompt}.jsonl"
        done = generate_answers(
            questions, out=path, model=engine, prompt=prompt, decoding=DECODING, seed=SEED
        )
        console.print(
            f"{done.source}: {done.n_questions} answers ({done.n_resumed} from before), "
            f"{done.tokens_per_s:.0f} tokens/s",
            highlight=False,
        )
        paths.append(path)
    return paths


def _judge(engine: Engine, answers: list[Path], judgments: Path, console: Console) -> None:
    with Session(engine) as session:
        if STUDY not in study_names(session):
            create_study(
                session,
                protocol=demo_protocol(),
                answers=answers,
                name=STUDY,
                title="EquityMedQA demo",
                seed=SEED,
                synthetic=True,
                checks=[FILES / "keyed_units.yaml"],
            )
        # The table is first written when the simulation is whole: until then it goes on.
        if not judgments.exists():
            _simulate(session, console)
            write_table(judgment_table(session, study=STUDY), judgments)
        seen = overview(session, study=STUDY)
        console.print(f"{seen.accepted} judgments")
        if seen.accepted == seen.capacity:
            # One more place a unit, so that people find something to judge.
            add_places(session, study=STUDY, per_unit=1)


def _simulate(session: Session, console: Console) -> None:
    seen = overview(session, study=STUDY)
    with Progress(console=console) as progress:
        line = progress.add_task("Judgments", total=seen.capacity, completed=seen.accepted)
        simulate_raters(session, study=STUDY, seed=SEED, on_judgment=lambda: progress.advance(line))


def _report(engine: Engine, out: Path, console: Console) -> None:
    judgments, report = out / "judgments.parquet", out / "report.html"
    with Session(engine) as session:
        table = judgment_table(session, study=STUDY)
    if not report.exists() or table.digest != read_table(judgments).digest:
        # Gone first: a report must never be older than the table beside it.
        report.unlink(missing_ok=True)
        write_table(table, judgments)
        with console.status("Computing rates, agreement and their intervals ..."):
            make_report(judgments, report)
    console.print(f"{report.resolve()}")


def _invite(engine: Engine, settings: Settings) -> None:
    """Print a fresh link for a rater of each group, and one for a coordinator."""
    print("Open each link in a private window: a browser holds one person at a time.")
    with Session(engine) as session:
        for group in protocol_of(find_study(session, STUDY)).groups:
            [link] = invite_rater(session, study=STUDY, group=group.id)
            print(f"{group.label}: {link.url}")
        print(f"Coordinator: {invite_coordinator(session, study=STUDY).url}")
