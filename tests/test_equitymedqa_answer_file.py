import errno
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from datetime import UTC, datetime
from fcntl import flock
from pathlib import Path

import pytest
from pydantic import ValidationError

from equitymedqa.generation import GenerationError, iter_answers, read_answers
from equitymedqa.generation.answer_file import AnswerFile
from equitymedqa.records import AnswerRecord, Decoding, QuestionRecord


def answer(name: str, text: str = "Drink water.\nRest.", **changes: object) -> AnswerRecord:
    content = {
        "answer_id": name,
        "source": "model/plain",
        "question": QuestionRecord(question_id=name, dataset="own", text="What helps?"),
        "text": text,
        "finish_reason": "stop",
        "model": "model",
        "revision": "abc",
        "engine": "transformers",
        "dtype": "float32",
        "attention": "sdpa",
        "batch_size": 1,
        "seed": 0,
        "decoding": Decoding(max_new_tokens=8),
        "prompt_version": "plain@1",
        "prompt_sha256": "0",
        "n_prompt_tokens": 3,
        "n_output_tokens": 5,
        "created_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return AnswerRecord.model_validate({**content, **changes})


def ids(path: Path) -> list[str]:
    return [record.answer_id for record in iter_answers(path)]


@pytest.fixture
def path(tmp_path) -> Path:
    """A file with the answers a and b."""
    path = tmp_path / "made" / "on the way" / "answers.jsonl"
    with AnswerFile(path) as file:
        file.append([answer("a")])
        file.append([answer("b")])
    return path


def test_answers_come_back_as_they_were_written(path):
    assert read_answers([path]) == [answer("a"), answer("b")]


def test_each_answer_is_one_line(path):
    assert path.read_bytes().count(b"\n") == 2


def test_torn_last_line_is_set_aside_and_the_rest_kept(path):
    torn = answer("c").model_dump_json().encode()[:40]
    path.write_bytes(path.read_bytes() + torn)

    with AnswerFile(path) as file:
        file.append([answer("c")])

    assert ids(path) == ["a", "b", "c"]
    assert file.set_aside == path.with_name("answers.jsonl.torn")
    assert file.set_aside.read_bytes() == torn + b"\n"


def test_line_torn_inside_a_character_is_set_aside(path):
    torn = answer("c", text="fièvre").model_dump_json().encode()
    torn = torn[: torn.index("è".encode()) + 1]
    path.write_bytes(path.read_bytes() + torn)

    with AnswerFile(path):
        pass

    assert ids(path) == ["a", "b"]


def test_second_torn_line_does_not_replace_the_first(path):
    for torn in (b'{"answer_id":"c', b'{"answer_id":"d'):
        path.write_bytes(path.read_bytes() + torn)
        with AnswerFile(path) as file:
            pass

    assert file.set_aside.read_bytes() == b'{"answer_id":"c\n{"answer_id":"d\n'


def test_whole_last_line_without_newline_is_kept(path):
    path.write_bytes(path.read_bytes().rstrip(b"\n"))

    with AnswerFile(path) as file:
        file.append([answer("c")])

    assert ids(path) == ["a", "b", "c"]
    assert file.set_aside is None


def test_file_is_written_by_one_at_a_time(path):
    with (
        AnswerFile(path),
        pytest.raises(GenerationError, match=r"another process is adding answers to .*jsonl"),
        AnswerFile(path),
    ):
        pass


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOTSUP])
def test_file_system_without_locks_is_named(path, monkeypatch, number):
    def no_lock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", no_lock)

    with (
        pytest.raises(GenerationError, match=r"jsonl cannot be locked: .* choose a file on anoth"),
        AnswerFile(path),
    ):
        pass


def test_file_is_free_again_once_closed(path):
    with AnswerFile(path):
        pass
    with AnswerFile(path) as file:
        file.append([answer("c")])

    assert ids(path) == ["a", "b", "c"]


@pytest.fixture
def replaced_before_the_lock(path, monkeypatch) -> Callable[[int], None]:
    """Has another process replace or remove the file before the next locks are taken."""

    def first(times: int, *, replace: bool = True) -> None:
        left = iter(range(times))

        def late_flock(descriptor: int, operation: int) -> None:
            if next(left, None) is not None:
                content = path.read_bytes()
                path.unlink()
                if replace:
                    path.write_bytes(content)
            flock(descriptor, operation)

        monkeypatch.setattr("fcntl.flock", late_flock)

    return first


@pytest.mark.parametrize("replace", [True, False], ids=["replaced", "removed"])
def test_answers_go_to_the_file_of_the_name_though_it_changed_while_opened(
    path, replaced_before_the_lock, replace
):
    replaced_before_the_lock(2, replace=replace)

    with AnswerFile(path) as file:
        file.append([answer("c")])

    assert ids(path) == (["a", "b", "c"] if replace else ["c"])


def test_file_that_is_replaced_without_an_end_is_given_up(path, replaced_before_the_lock):
    replaced_before_the_lock(1000)

    with (
        pytest.raises(GenerationError, match=r"jsonl was replaced by another process 16 times"),
        AnswerFile(path),
    ):
        pass


def test_interrupt_between_two_lines_leaves_whole_lines(path):
    def interrupted():
        yield answer("c")
        raise KeyboardInterrupt("stopped")

    with pytest.raises(KeyboardInterrupt, match="stopped"), AnswerFile(path) as file:
        file.append(interrupted())

    assert ids(path) == ["a", "b", "c"]
    assert path.read_bytes().endswith(b"\n")


def test_full_disk_is_said_and_leaves_whole_lines(path, tmp_path):
    # Room for one more line and a half: the system refuses bytes past the limit, as a full disk.
    line = len(answer("c").model_dump_json()) + 1
    room = path.stat().st_size + line + line // 2
    script = tmp_path / "fill.py"
    script.write_text(
        textwrap.dedent(f"""
            import resource
            from pathlib import Path
            from tests.test_equitymedqa_answer_file import AnswerFile, answer
            resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}))
            with AnswerFile(Path({str(path)!r})) as file:
                file.append([answer("c"), answer("d")])
        """)
    )

    done = subprocess.run(
        [sys.executable, script],
        env={"PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
    )

    assert "GenerationError" in done.stderr
    assert "cannot be written: File too large. What is in it is whole" in done.stderr
    assert ids(path) == ["a", "b", "c"]
    assert path.stat().st_size == room - line // 2


def test_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()

    with (
        pytest.raises(GenerationError, match=r"file/answers\.jsonl cannot be written: File exists"),
        AnswerFile(tmp_path / "file" / "answers.jsonl"),
    ):
        pass


def test_reader_names_file_and_line_of_a_torn_line(path):
    path.write_bytes(path.read_bytes() + b'{"answer_id":')

    with pytest.raises(GenerationError, match=r"answers\.jsonl, line 3 is torn"):
        read_answers([path])


def test_reader_names_file_line_and_key_of_a_strange_line(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0].replace(b'"stop"', b'"gone"') + lines[1])

    with pytest.raises(GenerationError, match=r"jsonl, line 1 is not an answer: finish_reason: "):
        read_answers([path])


def test_writer_refuses_a_strange_line_in_the_middle(path):
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + b"not json\n" + lines[1])

    with AnswerFile(path) as file, pytest.raises(GenerationError, match=r"line 2 is not an answer"):
        file.index()


def test_reader_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(GenerationError, match=r"none\.jsonl cannot be read: No such file"):
        read_answers([tmp_path / "none.jsonl"])


def test_answer_in_two_files_is_read_once(path, tmp_path):
    again = tmp_path / "again.jsonl"
    later = datetime(2026, 2, 2, tzinfo=UTC)
    with AnswerFile(again) as file:
        file.append([answer("b", created_at=later, batch_size=8), answer("c")])

    assert [one.answer_id for one in read_answers([path, again])] == ["a", "b", "c"]


def test_two_answers_of_one_source_to_one_question_are_refused_with_what_differs(path, tmp_path):
    other = tmp_path / "other.jsonl"
    with AnswerFile(other) as file:
        file.append([answer("z", question=answer("b").question, revision="def")])

    message = (
        r"model/plain answers question 'b' of set 'own' in .*answers\.jsonl and otherwise in "
        r".*other\.jsonl \(weights: 'abc' in the first, 'def' in the second\); leave one"
    )
    with pytest.raises(GenerationError, match=message):
        read_answers([path, other])


@pytest.mark.parametrize("change", [{"source": "other/plain"}, {"answer_index": 1}], ids=str)
def test_answers_that_are_meant_to_differ_are_read_both(path, tmp_path, change):
    other = tmp_path / "other.jsonl"
    with AnswerFile(other) as file:
        file.append([answer("z", question=answer("b").question, **change)])

    assert len(read_answers([path, other])) == 3


def test_torn_line_of_many_blocks_is_set_aside_whole(path):
    torn = b'{"answer_id":"' + b"x" * 200_000
    whole = path.read_bytes()
    path.write_bytes(whole + torn)

    with AnswerFile(path) as file:
        pass

    assert path.read_bytes() == whole
    assert file.set_aside.read_bytes() == torn + b"\n"


def test_file_of_nothing_but_a_torn_line_is_empty_afterwards(tmp_path):
    path = tmp_path / "torn.jsonl"
    path.write_bytes(b'{"answer_id":')

    with AnswerFile(path):
        pass

    assert path.read_bytes() == b""


@pytest.mark.parametrize(
    ("text", "finish_reason", "fault"),
    [
        ("", "stop", "the text is empty, though finish_reason is 'stop'"),
        (" ", "length", "the text is empty, though finish_reason is 'length'"),
        ("a\0b", "stop", "the text is not storable: it holds a NUL character"),
    ],
)
def test_answer_that_nobody_could_judge_is_no_answer(text, finish_reason, fault):
    with pytest.raises(ValidationError, match=fault):
        answer("a", text=text, finish_reason=finish_reason)


def test_one_id_for_two_texts_is_refused(path, tmp_path):
    other = tmp_path / "other.jsonl"
    with AnswerFile(other) as file:
        file.append([answer("b", text="Drink tea.")])

    with pytest.raises(GenerationError, match=r"'b' is not the same in .*answers.* and in .*other"):
        read_answers([path, other])
