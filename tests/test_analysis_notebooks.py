import ast
import asyncio
import runpy
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

    assert {module for module, _ in ours} == {"analysis"}
    assert {name for _, name in ours} - set(analysis.__all__) == set()


def test_a_notebook_runs_in_its_own_folder_within_a_minute(script, tmp_path, monkeypatch):
    write_table(drawn_table(6), tmp_path / "demo" / "judgments.parquet")
    own = tmp_path / "analysis" / "notebooks"
    own.mkdir(parents=True)
    monkeypatch.delenv("EQUITYMEDQA_JUDGMENTS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(analysis.__file__).parents[1]))
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    where = {"metadata": {"path": str(own)}}
    client = NotebookClient(notebook, kernel_name="python3", resources=where)

    asyncio.run(asyncio.wait_for(client.async_execute(), timeout=60))

    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert "SYNTHETIC RATERS" in str(outputs)
    assert "application/vnd.plotly.v1+json" in outputs[-1]["data"]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("drawn") / "judgments.parquet"
    return write_table(drawn_table(8, seed=3), path)


def test_agreement_in_the_notebook_is_that_of_the_report(drawn, monkeypatch):
    monkeypatch.setenv("EQUITYMEDQA_JUDGMENTS", str(drawn))

    found = runpy.run_path(str(FOLDER / "01_agreement.py"))["coefficients"]

    rows = {
        row.of.group: row.coefficients
        for row in analysis.build_report(analysis.read_table(drawn)).agreement
        if row.rubric == "equitymedqa-independent"
        if row.item == "bias_presence"
        if row.of.is_all_sets
    }
    assert set(found["group"]) == set(rows)
    for one in found.itertuples():
        cell = rows[one.group][one.statistic]
        assert one.value == pytest.approx(cell.value, abs=1e-12)
        if cell.interval:  # the report refuses some that the notebook shows
            limits = [cell.interval.low, cell.interval.high]
            assert [one.low, one.high] == pytest.approx(limits, abs=1e-12)
