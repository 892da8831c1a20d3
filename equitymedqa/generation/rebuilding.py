"""The job that made an answer file once more, from its manifest: one model, asked one way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from equitymedqa.generation.batch_files.exporting import ENGINE as BATCH_ENGINE
from equitymedqa.generation.conflicts import differences, id_at_limit, way_of, way_of_job
from equitymedqa.generation.engine import Engine, PromptWriter
from equitymedqa.generation.errors import GenerationError
from equitymedqa.generation.identity import ModelIdentity
from equitymedqa.generation.job import prepare_engine
from equitymedqa.generation.manifest import Run, read_manifest
from equitymedqa.generation.plan import Job, PlannedAnswer, plan_answers
from equitymedqa.generation.progress import Progress
from equitymedqa.generation.served.connecting import reconnect
from equitymedqa.records import AnswerRecord, Decoding, QuestionSet


@dataclass(frozen=True)
class Rebuilt:
    """An engine that is the one that made a file, and how it was asked."""

    path: Path
    engine: Engine
    run: Run
    """The last one that is in the manifest."""

    def job(self, decoding: Decoding, *, seed: int, n_answers: int = 1) -> Job:
        """The job, as far as the last run does not say otherwise."""
        # The name of a folder can have changed since, and it is part of the source.
        identity = replace(self.engine.identity, model=self.run.model)
        return Job(identity, self.run.prompt, decoding, seed, n_answers, self.run.system)

    def writer(self, job: Job) -> PromptWriter:
        """Writes the job's prompts."""
        return self.engine.prompt_writer(
            job.prompt, system=job.system, reasoning=job.decoding.reasoning
        )

    def plan(
        self, records: Sequence[AnswerRecord], job: Job, *, writer: PromptWriter
    ) -> list[tuple[AnswerRecord, PlannedAnswer]]:
        """Records, each with its answer as the job plans it, whatever token limit it had.

        Raises
        ------
        GenerationError
            If the last run did not make one of them.
        """
        questions = {
            (record.question.dataset, record.question.question_id): record.question
            for record in records
        }
        planned = plan_answers(
            QuestionSet(self.run.datasets[0], list(questions.values()), []),
            job,
            writer=writer,
            context_length=self.engine.context_length,
        )
        answers = {
            _key(one.question.dataset, one.question.question_id, one.answer_index): one
            for one in planned
        }
        pairs = []
        for record in records:
            question = record.question
            answer = answers[_key(question.dataset, question.question_id, record.answer_index)]
            self._refuse_another(record, answer, job)
            pairs.append((record, replace(answer, pairs=record.pairs)))
        return pairs

    def _refuse_another(self, record: AnswerRecord, answer: PlannedAnswer, job: Job) -> None:
        limit = record.decoding.max_new_tokens
        if record.answer_id == id_at_limit(answer, limit, job=job):
            return
        if answer.refusal_kind == "prompt_refused":
            raise GenerationError(
                f"{self.path}: question {record.question.question_id!r} can no longer be put as it "
                f"was: {answer.refusal}; put that right, and nothing is lost"
            )
        there = {**way_of(record), "max_new_tokens": None}
        now = {**way_of_job(job), "max_new_tokens": None}
        raise GenerationError(
            f"{self.path}: the answer to question {record.question.question_id!r} was not made as "
            f"the last run in the manifest says ({differences(there, now, places=('there', 'now'))}"
            "); run the `equitymedqa generate` command that made it once more, and then this"
        )


def rebuild(
    path: Path,
    *,
    model: str | Engine | None,
    device: str | None,
    progress: Progress,
    limits: Mapping[str, float] | None = None,
    key_variable: str | None = None,
    allow_plain_http: bool = False,
) -> Rebuilt:
    """The engine that made an answer file.

    Parameters
    ----------
    model
        Where the model is by now, if not where it was; or an engine.
    device
        As for `prepare_engine`, if not the one it was.
    limits
        Fields of `Limits`, for a server that is to be asked less hard than then, or harder.
    key_variable, allow_plain_http
        For a server that has a key, or lies beyond plain HTTP: a manifest cannot allow either.

    Raises
    ------
    GenerationError
        If the file has no manifest, the model is not there, or it is another one by now.
    """
    if not path.is_file():
        raise GenerationError(f"{path} is no file; name one answer file")
    manifest = read_manifest(path)
    if manifest is None or not manifest.runs:
        raise GenerationError(
            f"{path} has no manifest that says how it was made, so nothing can be asked again"
        )
    run = manifest.runs[-1]
    engine = (
        model
        if not isinstance(model, str | None)
        else _engine_of(
            run,
            model=model,
            device=device,
            limits=limits or {},
            key_variable=key_variable,
            allow_plain_http=allow_plain_http,
            progress=progress,
        )
    )
    _refuse_another_model(path, run, engine.identity)
    return Rebuilt(path, engine, run)


def by_way(records: Iterable[AnswerRecord]) -> Mapping[tuple[Decoding, int], list[AnswerRecord]]:
    """Records by what may differ within a file: the decoding, when some were extended."""
    groups: dict[tuple[Decoding, int], list[AnswerRecord]] = {}
    for record in records:
        groups.setdefault((record.decoding, record.seed), []).append(record)
    return groups


def _engine_of(
    run: Run,
    *,
    model: str | None,
    device: str | None,
    limits: Mapping[str, float],
    key_variable: str | None,
    allow_plain_http: bool,
    progress: Progress,
) -> Engine:
    changes = {"model": model, "device": device, **limits}
    arguments = {**run.arguments, **{name: str(one) for name, one in changes.items() if one}}
    if "model" not in arguments and run.engine == BATCH_ENGINE:
        raise GenerationError(
            f"the answers of {run.model!r} came from a batch file: hand those that failed in once "
            "more, and then `equitymedqa answers import-batch` replaces them"
        )
    if "model" not in arguments:
        raise GenerationError(
            f"the manifest does not say where {run.model!r} was; name it with --model"
        )
    if "server" in arguments and device:
        raise GenerationError("a server has a device of its own; leave --device out")
    if "server" in arguments:
        return reconnect(
            arguments,
            key_variable=key_variable,
            allow_plain_http=allow_plain_http,
            note=progress.note,
        )
    _refuse_words_for_a_server(run, limits, key_variable, allow_plain_http)
    return prepare_engine(**arguments, note=progress.note)


def _refuse_words_for_a_server(
    run: Run, limits: Mapping[str, float], key_variable: str | None, allow_plain_http: bool
) -> None:
    given = {**limits, "key_variable": key_variable, "allow_plain_http": allow_plain_http}
    if names := [name for name, one in given.items() if one]:
        raise GenerationError(
            f"{run.model!r} answered without a server, and only a server has limits and a key; "
            f"leave out {', '.join(names)}"
        )


def _refuse_another_model(path: Path, run: Run, identity: ModelIdentity) -> None:
    there, now = _way_of_run(run), _way_of_identity(identity)
    if there != now:
        raise GenerationError(
            f"{path} was made by {run.model}, and this is another model or another arithmetic "
            f"({differences(there, now, places=('there', 'now'))}); name the same one with --model "
            "and --device, or answer into another file"
        )


def _way_of_run(run: Run) -> Mapping[str, object]:
    return {
        "engine": run.engine,
        "weights": run.revision,
        "dtype": run.dtype,
        "attention": run.attention,
        "tokenizer": run.tokenizer_sha256,
        "chat template": run.template_sha256,
        "stop tokens": run.stop_ids,
    }


def _way_of_identity(identity: ModelIdentity) -> Mapping[str, object]:
    return {
        "engine": identity.engine,
        "weights": identity.revision,
        "dtype": identity.dtype,
        "attention": identity.attention,
        "tokenizer": identity.tokenizer_sha256,
        "chat template": identity.template_sha256,
        "stop tokens": identity.stop_ids,
    }


def _key(dataset: str, question_id: str, answer_index: int) -> tuple[str, str, int]:
    return dataset, question_id, answer_index
