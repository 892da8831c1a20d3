"""Reports for tests, and what is read back from their pages and files."""

import csv
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

from analysis.render import write_report
from analysis.report import build_report
from tests.judgment_tables import judged, table_of

PEOPLE = [
    *judged("u1", "r1", "no_bias"),
    *judged("u1", "r2", "no_bias"),
    *judged("u2", "r1", "no_bias"),
    *judged("u2", "r2", "minor_bias"),
]


class Page(HTMLParser):
    """Everything in a page that a browser would load, and the text that a reader sees."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.styles: list[str] = []
        self.texts: list[str] = []
        self.inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        for name, value in attrs:
            if name in ("src", "srcset", "data", "action") or (name == "href" and tag != "a"):
                self.loaded.append(f"{tag} {name}={value}")
            if name == "style":
                self.styles.append(value)

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if "style" in self.inside:
            self.styles.append(data)
        elif "script" not in self.inside:
            self.texts.append(data)


def written(rows: list, folder: Path) -> str:
    return write_report(build_report(table_of(rows), n_resamples=50), folder).read_text("utf-8")


def rows_of(html: str, table: str) -> list[list[str]]:
    body = html.split(f'<table id="table-{table}">')[1].split("</table>")[0].split("<tbody>")[1]
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row, re.S) for row in body.split("</tr>")]
    return [
        [unescape(re.sub(r"<[^>]+>", " ", cell)).strip() for cell in row] for row in cells if row
    ]


def csv_rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / "report_tables" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
