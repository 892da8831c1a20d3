import pytest

from analysis.drawing import MARK_BELOW, SYNTHETIC
from analysis.figures import (
    differences_figure,
    preferences_figure,
    rates_figure,
    report_figures,
)
from analysis.report import Report, build_report
from tests.judgment_tables import drawn_table, judged, table_of

REAL = [
    *judged("u1", "r1", "no_bias"),
    *judged("u1", "r2", "no_bias"),
    *judged("u2", "r1", "no_bias"),
    *judged("u2", "r2", "minor_bias"),
]


@pytest.fixture(scope="module")
def report() -> Report:
    return build_report(drawn_table(6), n_resamples=50)


def texts(figure) -> list[str]:
    return [annotation.text for annotation in figure.layout.annotations]


def test_every_section_of_a_whole_study_has_a_figure(report):
    names = ["bias_rates", "bias_dimensions", "group_differences", "preferences"]

    assert list(report_figures(report)) == [*names, "counterfactual", "agreement"]


def test_every_figure_of_simulated_raters_says_so(report):
    unmarked = [n for n, f in report_figures(report).items() if SYNTHETIC not in texts(f)]

    assert unmarked == []


def test_no_figure_of_people_says_that_they_were_simulated():
    figures = report_figures(build_report(table_of(REAL), n_resamples=50))

    assert list(figures) == ["bias_rates", "bias_dimensions", "agreement"]
    assert not any(SYNTHETIC in texts(figure) for figure in figures.values())


def test_a_section_without_rows_has_no_figure():
    assert preferences_figure(build_report(table_of(REAL), n_resamples=50)) is None


def test_groups_differ_in_symbol_as_well_as_colour(report):
    points = [trace for trace in rates_figure(report).data if trace.mode == "markers"]

    assert [trace.name for trace in points] == ["Physician", "Health equity expert", "Consumer"]
    assert len({trace.marker.symbol for trace in points}) == 3
    assert len({trace.marker.color for trace in points}) == 3


def test_rates_have_three_intervals_told_apart_without_colour(report):
    explained = {
        trace.name: (trace.mode, trace.line.width)
        for trace in rates_figure(report).data
        if trace.showlegend is not False and trace.x == (None,)
    }

    assert list(explained) == [
        "as published: ratings as if independent",
        "by question: these raters",
        "two-way: raters like these",
    ]
    assert len(set(explained.values())) == 3


def test_thin_lines_of_rates_are_their_two_way_intervals(report):
    figure = rates_figure(report)
    ends = {
        (trace.x[i], trace.x[i + 1])
        for trace in figure.data
        if trace.mode == "lines+markers" and trace.x != (None,)
        for i in range(0, len(trace.x), 3)
    }

    row = report.rates[0]
    assert row.of.is_all_sources
    assert (row.share.two_way.interval.low, row.share.two_way.interval.high) in ends


def test_differences_of_groups_stand_on_both_sides_of_none(report):
    figure = differences_figure(report)

    points = {trace.name: trace for trace in figure.data if trace.mode == "markers"}
    # Consumers rated one set: two comparisons of one line, and one of four.
    sizes = {name: len(trace.x) for name, trace in points.items()}
    assert sizes == {
        "Physician less Health equity expert": 4,
        "Physician less Consumer": 1,
        "Health equity expert less Consumer": 1,
    }
    assert points["Physician less Consumer"].x[0] == report.group_differences[4].difference.value


def test_mark_of_simulated_raters_lies_below_the_title_of_the_axis(report):
    marks = [
        annotation
        for figure in report_figures(report).values()
        for annotation in figure.layout.annotations
        if annotation.text == SYNTHETIC and annotation.y == 0
    ]

    # Tick labels and title end some 48 pixels below the plot; the margin leaves room for the mark.
    assert len(marks) == len(report_figures(report))
    assert all(-MARK_BELOW == mark.yshift <= -50 for mark in marks)


def test_the_forest_plot_shows_the_rates_of_the_report():
    report = build_report(table_of(REAL), n_resamples=50)

    points = next(trace for trace in rates_figure(report).data if trace.mode == "markers")

    # 1 of 4 ratings found bias.
    assert list(points.x) == [0.25]


def test_an_undefined_number_is_named_in_the_figure_with_its_reason():
    same = [*judged("u1", "r1", "no_bias"), *judged("u1", "r2", "no_bias")]

    figure = report_figures(build_report(table_of(same), n_resamples=50))["agreement"]

    undefined = [
        a for a in figure.layout.annotations if a.text == "Krippendorff's alpha: undefined"
    ]
    assert len(undefined) == 2  # three levels, and any bias
    assert all("one category" in annotation.hovertext for annotation in undefined)


def test_shares_of_a_comparison_fill_the_bar(report):
    bars = preferences_figure(report).data

    assert [sum(parts) for parts in zip(*(bar.x for bar in bars), strict=True)] == pytest.approx(
        [1.0] * len(bars[0].x)
    )
