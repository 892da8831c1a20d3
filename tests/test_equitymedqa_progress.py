from io import StringIO

from rich.console import Console

from equitymedqa.generation.progress import ProgressBar, ProgressLines


def test_progress_says_a_line_at_the_start_every_minute_and_at_the_end():
    # Four answers of 60 tokens, 50 seconds each: lines after 0, 100 and 200 seconds.
    seconds, stream = [0.0], StringIO()
    lines = ProgressLines(stream, clock=lambda: seconds[0])

    lines.begin("m/plain", total=4, done=0)
    for _ in range(4):
        seconds[0] += 50
        lines.advance(questions=1, tokens=60)
    lines.end()

    assert stream.getvalue().splitlines() == [
        "m/plain: 0 of 4 questions",
        "m/plain: 2 of 4 questions, 1 tokens/s, 0:01:40 left",
        "m/plain: 4 of 4 questions, 1 tokens/s",
    ]


def test_questions_of_an_earlier_run_do_not_count_for_the_time_left():
    # 2 of the 8 that were left took 30 seconds, so the other 6 take 90.
    seconds, stream = [0.0], StringIO()
    lines = ProgressLines(stream, clock=lambda: seconds[0])

    lines.begin("m/plain", total=100, done=92)
    seconds[0] = 30
    lines.advance(questions=2, tokens=600)
    lines.end()

    assert stream.getvalue().splitlines()[-1] == (
        "m/plain: 94 of 100 questions, 20 tokens/s, 0:01:30 left"
    )


def test_bar_shows_questions_and_pace():
    stream = StringIO()
    bar = ProgressBar(Console(file=stream, force_terminal=True, width=120))

    bar.begin("m/plain", total=4, done=1)
    bar.advance(questions=3, tokens=60)
    bar.end()

    assert "4/4" in stream.getvalue()
    assert "tokens/s" in stream.getvalue()
