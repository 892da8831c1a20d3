"""What is known of answer files, as tables of at most 80 columns."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path

from rich.console import Console
from rich.table import Table

from equitymedqa.generation.inspection import Inspection, Problem, Tally
from equitymedqa.generation.shards import shard_of, whole_path
from equitymedqa.generation.verifying import Comparison, Verification
from equitymedqa.records import RETRYABLE

LISTED = 10
"""So many problems of one kind are listed on the screen."""


def status_tables(inspections: Sequence[Inspection]) -> list[Table]:
    """One table for each answer file, and for the shards of one both together and apart."""
    jobs: dict[Path, list[Inspection]] = defaultdict(list)
    for one in inspections:
        jobs[whole_path(one.path)].append(one)
    tables = []
    for whole, parts in jobs.items():
        tables.append(_status(whole, parts))
        if shard_of(parts[0].path):
            tables.append(_apart(parts))
    return tables


def problem_tables(problems: Sequence[Problem]) -> list[Table]:
    """The problems by kind, and the first of each; with their files, if there are several."""
    has_several = len({one.path for one in problems}) > 1
    kinds: dict[str, list[Problem]] = defaultdict(list)
    for one in problems:
        kinds[one.kind].append(one)
    tables = []
    for kind, ones in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
        table = Table(
            title=f"{kind}: {len(ones):,}", title_justify="left", box=None, pad_edge=False
        )
        if has_several:
            table.add_column("file", overflow="fold", max_width=26)
        table.add_column("question", overflow="fold", max_width=24)
        table.add_column("what", overflow="fold")
        for one in ones[:LISTED]:
            file = [one.path.name] if has_several else []
            table.add_row(*file, one.question_id or "-", one.detail)
        if len(ones) > LISTED:
            table.add_row("...", *[""] * has_several, f"and {len(ones) - LISTED:,} more")
        tables.append(table)
    return tables


def show_failures(failures: Mapping[str, int]) -> None:
    """Print the failed answers by the kind of reason."""
    table = Table("failed", "answers", "asked again by", box=None, pad_edge=False)
    for kind, count in sorted(failures.items(), key=lambda pair: -pair[1]):
        table.add_row(kind, f"{count:,}", _way_out(kind))
    Console(highlight=False).print(table)


def verification_table(verification: Verification) -> Table:
    """Each answer that was made once more."""
    table = Table("question", "promised to be the same", "is", box=None, pad_edge=False)
    for one in verification.comparisons:
        table.add_row(one.record.question.question_id, _promise(one), _agreement(one))
    return table


def _status(whole: Path, parts: Sequence[Inspection]) -> Table:
    tally: Tally = reduce(add, (one.tally for one in parts))
    sources = sorted({source for one in parts for source in one.sources})
    ends, flags = tally.ends, tally.flags
    n_failed = ends["error"]
    table = Table(title=f"{whole}", title_justify="left", box=None, pad_edge=False)
    table.show_header = False
    table.add_column(style="bold")
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    table.add_row("planned", f"{tally.n_planned:,}", ", ".join(sources))
    table.add_row("done", f"{ends.total():,}", f"stop {ends['stop']:,}, cut {ends['length']:,}")
    table.add_row("failed", f"{n_failed:,}", _failed(tally))
    for flag, name in (
        ("refusal", "refusals"),
        ("repeated", "repeated text"),
        ("debris", "debris"),
    ):
        table.add_row(name, f"{flags[flag]:,}", "")
    table.add_row("torn lines", f"{tally.n_torn:,}", "set aside or last" if tally.n_torn else "")
    if tally.n_unreadable:
        table.add_row("unreadable", f"{tally.n_unreadable:,}", "lines that hold no answer")
    table.add_row("superseded", f"{tally.n_superseded:,}", "")
    n_tokens = tally.n_prompt_tokens + tally.n_output_tokens
    split = f"in {tally.n_prompt_tokens:,}, out {tally.n_output_tokens:,}"
    table.add_row("tokens", f"{n_tokens:,}", split)
    table.add_row("last run", "", _last_run(parts))
    table.add_row("digest", "", _digest(parts))
    return table


def _apart(parts: Sequence[Inspection]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("shard")
    for name in ("planned", "done", "stop", "cut", "failed"):
        table.add_column(name, justify="right")
    table.add_column("last run")
    for one in sorted(parts, key=lambda part: shard_of(part.path) or part.path):
        ends = one.tally.ends
        table.add_row(
            str(shard_of(one.path)),
            f"{one.tally.n_planned:,}",
            *(f"{number:,}" for number in (ends.total(), ends["stop"], ends["length"])),
            f"{ends['error']:,}",
            _last_run([one]),
        )
    return table


def _failed(tally: Tally) -> str:
    kinds = [
        f"{kind} {count:,}{' (can be retried)' if kind in RETRYABLE else ''}"
        for kind, count in tally.failures.most_common()
    ]
    return ", ".join(kinds)


def _last_run(parts: Sequence[Inspection]) -> str:
    runs = [one.last_run for one in parts if one.last_run]
    if not runs:
        return "not known: there is no manifest"
    last = max(runs, key=lambda run: run.started_at)
    n_unfinished = sum(one.was_broken_off for one in parts)
    started = f"{last.started_at.astimezone():%Y-%m-%d %H:%M}"
    if not n_unfinished:
        return f"{started}, finished"
    which = "" if len(parts) == 1 else f"{n_unfinished} of {len(parts)} "
    return f"{started}, {which}broken off or going on"


def _digest(parts: Sequence[Inspection]) -> str:
    others = [one for one in parts if not one.matches_manifest]
    if not others:
        return "as the manifest says"
    if all(one.was_broken_off for one in others):
        return "written to since the manifest"
    without = [one.path.name for one in others if one.matches_manifest is None]
    if without:
        return f"no manifest: {', '.join(without)}"
    return f"NOT as the manifest says: {', '.join(one.path.name for one in others)}"


def _way_out(kind: str) -> str:
    return "answers retry --failed" + ("" if kind in RETRYABLE else " --all")


def _promise(one: Comparison) -> str:
    if one.record.repeatable == "in_any_batch":
        return "yes"
    if one.record.repeatable == "not_promised":
        return "no"
    return "yes, in this batch" if one.is_same_batch else "no, its batch cannot be formed again"


def _agreement(one: Comparison) -> str:
    if one.is_same:
        return "the same"
    return f"other from character {one.first_difference} on" + (": BROKEN" * one.is_broken)
