"""What Ctrl-C says."""

import pytest
import typer

from equitymedqa.cli.interruption import goes_on_later


def test_ctrl_c_says_that_the_same_command_goes_on_and_ends_with_130(capsys):
    with pytest.raises(typer.Exit) as ended, goes_on_later():
        raise KeyboardInterrupt

    assert ended.value.exit_code == 130
    assert capsys.readouterr().err == (
        "Stopped. What is written is kept; the same command goes on from here.\n"
    )
