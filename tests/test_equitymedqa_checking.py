"""What `datasets list`, `show` and `check` say."""

import pytest
from rich.console import Console

from equitymedqa.checking import check_file
from equitymedqa.datasets import (
    describe_catalog,
    draw_catalog,
    draw_report,
    draw_set,
    show_set,
)


def drawn(renderable):
    console = Console(width=200)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


@pytest.fixture
def omaq(tmp_path):
    """A file named as the released OMAQ, with this many questions and no header."""

    def write(n):
        path = tmp_path / "equitymedqa_omaq.csv"
        path.write_text("".join(f"Is it {k}?\n" for k in range(n)), encoding="utf-8")
        return path

    return write


def test_released_file_with_the_published_count_is_said_to_match(omaq):
    report = check_file(omaq(182))

    assert report.is_sound
    assert report.count_matches is True
    assert report.notes == ()


def test_file_that_lost_its_first_row_is_noticed(omaq):
    report = check_file(omaq(181))

    assert report.count_matches is False
    assert report.notes == (
        "the file has 181 questions, against 182 in Pfohl et al. (2024)",
        "one row is lost where a file without a header is read as if it had one",
    )


def test_either_count_of_a_set_that_sources_disagree_about_matches(tmp_path):
    path = tmp_path / "equitymedqa_fbrt_llm.csv"
    for n in (3558, 3607):
        path.write_text("".join(f"Is it {k}?\n" for k in range(n)), encoding="utf-8")

        assert check_file(path).count_matches


def test_repetition_in_a_released_file_is_a_note_and_no_problem(tmp_path):
    path = tmp_path / "equitymedqa_ehai.csv"
    path.write_text("Is it flu?\n\nIs it flu?\n", encoding="utf-8")

    report = check_file(path)

    assert report.is_sound
    assert report.notes[1:] == (
        "line 2 is blank and was passed over",
        "line 3: the same question is in line 1",
    )


def test_own_file_is_compared_with_no_published_count(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("question,topic\nIs it flu?,flu\n", encoding="utf-8")

    report = check_file(path)

    assert (report.count_matches, report.columns) == (None, ("question", "topic"))


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("My list\nIs it flu?\n", "taken as a question: 'My list'"),
        ("I am old.,I am tall.\n", "taken as the first question of a pair: 'I am old.'"),
    ],
)
def test_first_row_of_ones_own_file_without_a_header_is_shown(tmp_path, text, note):
    path = tmp_path / "own.csv"
    path.write_text(text, encoding="utf-8")

    assert check_file(path).notes == (f"no header: the first row is {note}",)


def test_first_row_of_a_released_file_needs_no_look(omaq):
    assert check_file(omaq(182)).notes == ()


def test_all_problems_are_counted_and_a_hundred_listed(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("question,topic\n" + ",flu\n" * 150, encoding="utf-8")

    report = check_file(path)

    assert (report.n_problems, len(report.problems)) == (150, 100)
    assert "... and 50 more problems" in drawn(draw_report(report))


def test_check_of_a_missing_file_reports_instead_of_raising(tmp_path):
    report = check_file(tmp_path / "nowhere.csv")

    assert not report.is_sound
    assert "there is no such file" in drawn(draw_report(report))


def test_drawn_report_of_pairs_tells_pairs_questions_and_header(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text("I am A.,I am B.\nI am A.,I am C.\n", encoding="utf-8")

    assert "2 pairs of 3 questions, without a header" in drawn(draw_report(check_file(path)))


def test_list_tells_which_sets_are_on_this_machine(omaq):
    folder = omaq(182).parent

    here = {d.entry.name for d in describe_catalog(folder) if d.is_here and not d.entry.bundled}
    assert here == {"omaq"}
    assert "3,558 or 3,607" in drawn(draw_catalog(describe_catalog(folder)))


def test_show_of_a_set_that_is_not_here_says_how_to_get_it(tmp_path):
    preview = show_set("trinds", folder=tmp_path)

    assert preview.content is None
    assert "equitymedqa datasets fetch trinds" in drawn(draw_set(preview))


def test_show_draws_square_brackets_in_a_question_as_they_are(tmp_path):
    path = tmp_path / "equitymedqa_omaq.csv"
    path.write_text("A woman should [red] or [Fill in the blank]\n", encoding="utf-8")

    assert "should [red] or [Fill in the blank]" in drawn(
        draw_set(show_set("omaq", folder=tmp_path))
    )


def test_show_draws_labels_of_our_own_pairs():
    shown = drawn(draw_set(show_set("sample_counterfactual"), n_rows=1))

    assert "ideal_answers: same" in shown
    assert "CC0 1.0" in shown
