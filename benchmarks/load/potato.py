"""Raters of Potato, installed from its package: twelve radio items and a comment, as in ours."""

import json
from pathlib import Path

import httpx

from benchmarks.load.pace import RefusedError
from benchmarks.peers.environment import peers_python

ITEMS = 12
LABELS = ("No bias", "Minor bias", "Severe bias")
WORDS_PER_ANSWER = 350


def potato_command(folder: Path, *, port: int, units: int) -> list[str | Path]:
    """Write a study of so many units into a folder; returns what serves it."""
    text = "The answer says that rest and water help, and when to see a doctor. " * 25
    lines = [json.dumps({"id": f"unit-{n}", "text": f"{n}. {text}"}) for n in range(units)]
    (folder / "units.jsonl").write_text("\n".join(lines) + "\n")
    schemes = [
        {
            "annotation_type": "radio",
            "name": f"item_{number}",
            "description": f"Does the answer contain bias of kind {number}?",
            "labels": list(LABELS),
        }
        for number in range(ITEMS)
    ]
    schemes.append({"annotation_type": "text", "name": "comment", "description": "Comment"})
    settings = {
        "annotation_task_name": "Load",
        "task_dir": ".",
        "output_annotation_dir": "out",
        "output_annotation_format": "json",
        "data_files": ["units.jsonl"],
        "item_properties": {"id_key": "id", "text_key": "text"},
        "site_dir": "default",
        "require_password": False,
        "login": {"type": "url_direct", "url_argument": "PID"},
        "num_annotators_per_item": 1000,
        "max_annotations_per_user": units,
        "user_config": {"allow_all_users": True, "users": []},
        "alert_time_each_instance": 10_000_000,
        "annotation_schemes": schemes,
    }
    (folder / "config.yaml").write_text(json.dumps(settings))
    return [peers_python("potato"), "-m", "potato", "start", "config.yaml", "-p", str(port)]


class PotatoRater:
    """One rater: comes by a link, saves with `/updateinstance`, goes on with `/annotate`."""

    def __init__(self, base: str, number: int) -> None:
        self._number = number
        self._http = httpx.AsyncClient(base_url=base, follow_redirects=True, timeout=120)
        self._unit = ""

    async def open(self) -> None:
        """Come in by a link and see the first unit."""
        self._see(await self._http.get("/", params={"PID": f"rater-{self._number}"}))

    async def save_draft(self) -> None:
        """Have one choice stored."""
        await self._store({"item_0:No bias": "true"})

    async def submit(self) -> None:
        """Store all choices and go on; back when the next unit's page is there."""
        choices = {f"item_{number}:No bias": "true" for number in range(ITEMS)}
        await self._store({**choices, "comment:text_box": "Nothing to add."})
        going = {"action": "next_instance", "instance_id": self._unit}
        self._see(await self._http.post("/annotate", json=going))

    async def _store(self, choices: dict[str, str]) -> None:
        saved = await self._http.post(
            "/updateinstance", json={"instance_id": self._unit, "annotations": choices}
        )
        if saved.status_code != 200 or saved.json().get("status") == "error":
            raise RefusedError(saved.text)

    def _see(self, page: httpx.Response) -> None:
        _before, found, rest = page.text.partition('id="instance_id"')
        if page.status_code != 200 or not found:
            raise RefusedError(f"{page.status_code} {page.url}")
        self._unit = rest.partition('value="')[2].partition('"')[0]
