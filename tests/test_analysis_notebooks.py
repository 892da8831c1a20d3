import ast
from pathlib import Path

import jupytext
import nbformat
import pytest
from nbclient import NotebookClient

import analysis
from analysis.table import write_table
from tests.judgment_tables import drawn_table

FOLDER = Path(analysis.__file__).parent / "notebooks"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.fixture(params=SCRIPTS, ids=lambda path: path.stem)
def script(request) -> Path:
    return request.param


def test_the_first_notebook_is_there():
    assert "01_agreement" in [path.stem for path in SCRIPTS]


def test_script_and_notebook_are_in_step(script):
    pair = [jupytext.read(path).cells for path in (script, script.with_suffix(".ipynb"))]

    one, other = ([(cell.cell_type, cell.source) for cell in cells] for cells in pair)
    assert one == other


def test_a_notebook_is_kept_without_outputs(script):
    cells = nbformat.read(script.with_suffix(".ipynb"), as_version=4).cells

    assert [cell for cell in cells if cell.get("outputs")] == []


def test_a_notebook_opens_with_its_question(script):
    title = jupytext.read(script).cells[0].source.splitlines()[0]

    assert title.startswith("# ")
    assert title.endswith("?")


def test_a_notebook_uses_public_names_of_analysis_only(script):
    tree = ast.parse(script.read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    ours = {
        (node.module, name.name)
        for node in imports
        for name in node.names
        if node.module.split(".")[0] in ("analysis", "rubrics", "equitymedqa", "rater_portal")
    }

    private = {
        name for module, name in ours if module == "analysis" and name not in analysis.__all__
    }
    assert private == set()
    assert {module for module, _ in ours} <= {"analysis", "analysis.figures"}


def test_a_notebook_runs_on_a_small_table(script, tmp_path, monkeypatch):
    judgments = write_table(drawn_table(6), tmp_path / "judgments.parquet")
    monkeypatch.setenv("EQUITYMEDQA_JUDGMENTS", str(judgments))
    monkeypatch.setenv("PYTHONPATH", str(Path(analysis.__file__).parents[1]))
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)

    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "SYNTHETIC RATERS" in str(outputs)
    assert "application/vnd.plotly.v1+json" in outputs[-1]["data"]
