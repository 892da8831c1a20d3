"""What the workers of a cluster write down: whole lines, or none."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.cluster.journal import Journal, Written, answered
from equitymedqa.generation.engine import Completion


def written(key: str) -> Written:
    completion = Completion("x" * 300, "stop", n_output_tokens=1, batch_size=1)
    return Written(key=key, completion=completion)


def keys(folder: Path) -> list[str]:
    return [one.key for one in answered(Journal(folder).news())]


@contextmanager
def room_for(n_bytes: int) -> Iterator[None]:
    """A disk on which no file may be longer."""
    room = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, room[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, room)
        signal.signal(signal.SIGXFSZ, before)


def test_entry_that_found_no_room_leaves_no_half_line(tmp_path):
    journal = Journal(tmp_path)
    journal.add([written("a")])
    (file,) = tmp_path.iterdir()
    with room_for(file.stat().st_size + 100), pytest.raises(GenerationError) as full:
        journal.add([written("b")])
    journal.add([written("c")])

    assert "cannot be written: File too large" in str(full.value)
    assert keys(tmp_path) == ["a", "c"]


def test_line_that_is_no_entry_is_named_with_its_file_and_the_way_out(tmp_path):
    Journal(tmp_path).add([written("a")])
    Journal(tmp_path).add([written("b")])
    file = next(tmp_path.iterdir())
    file.write_bytes(b'{"kind":"writ' + file.read_bytes())

    with pytest.raises(GenerationError, match=rf"{file.name} has a line .*Move the file out"):
        Journal(tmp_path).news()
    file.rename(tmp_path.parent / "aside.jsonl")
    assert len(keys(tmp_path)) == 1
