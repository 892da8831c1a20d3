"""Raters of this portal: Streamlit's protocol for the page, `/desk/` for drafts and judgments."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from sqlmodel import Session
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.load.pace import RefusedError
from equitymedqa.records import AnswerRecord, Decoding, QuestionRecord
from rater_portal.database import make_engine, migrate
from rater_portal.services.accounts import identify, invite_rater, redeem_invite
from rater_portal.services.guidance import finish_guide
from rater_portal.services.intake import create_study
from rubrics.schema import Assessment, Protocol, RaterGroup

APP = Path(__file__).parents[2] / "app.py"
COOKIE = "portal"
ITEMS = 12
ANSWER = "The answer says that rest and water help, and when to see a doctor. " * 25
LARGEST_FRAME = 16 * 1024 * 1024


def prepare(folder: Path, url: str, *, units: int, raters: int, per_unit: int) -> list[str]:
    """Make a study of so many single units; returns the cookies of signed-in raters."""
    answers, rubric = folder / "answers.jsonl", folder / "load.yaml"
    lines = [_answer(number).model_dump_json() for number in range(units)]
    answers.write_text("\n".join(lines) + "\n")
    rubric.write_text(json.dumps(_rubric()))
    engine = make_engine(url)
    migrate(engine)
    with Session(engine) as session:
        create_study(session, protocol=_protocol(rubric, per_unit), answers=[answers], name="load")
        links = invite_rater(session, study="load", group="physician", count=raters)
        cookies = [redeem_invite(session, token=link.url.rpartition("/")[2]) for link in links]
        for cookie in cookies:
            finish_guide(session, rater_id=identify(session, cookie_token=cookie).rater_id)
    engine.dispose()
    return cookies


class PortalRater:
    """One rater: a websocket for the page, one connection for drafts and judgments."""

    def __init__(self, base: str, cookie: str) -> None:
        self._host = base.removeprefix("http://")
        self._cookie = f"{COOKIE}={cookie}"
        self._http = httpx.AsyncClient(
            base_url=base, timeout=120, headers={"cookie": self._cookie, "origin": base}
        )
        self._socket: ClientConnection
        self._component = ""
        self._unit: dict[str, Any] = {}

    async def open(self) -> None:
        """Connect and see the first unit."""
        self._socket = await connect(
            f"ws://{self._host}/_stcore/stream",
            origin=f"http://{self._host}",  # type: ignore[arg-type]
            subprotocols=["streamlit", "none"],  # type: ignore[list-item]
            additional_headers={"Cookie": self._cookie},
            max_size=LARGEST_FRAME,
        )
        await self._run()

    async def save_draft(self) -> None:
        """Have one choice stored."""
        first = self._unit["items"][0]["id"]
        await self._post(
            "/desk/draft",
            {
                "assignment": self._unit["assignment"],
                "codes": {first: "none"},
                "changed": {first: 0.6},
            },
        )

    async def submit(self) -> None:
        """Store all choices and go on; back when the next unit is drawn."""
        before = self._unit["assignment"]
        codes: dict[str, Any] = {item["id"]: "none" for item in self._unit["items"]}
        codes["comment"] = "Nothing to add."
        judged = {"assignment": before, "submission": self._unit["submission"], "codes": codes}
        await self._post("/desk/submit", {**judged, "marks": []})
        await self._run(moved=self._unit["submission"])
        if self._unit["assignment"] == before:
            raise RefusedError("the next unit was not drawn")

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        answer = await self._http.post(path, json=body)
        if answer.status_code != 200:
            raise RefusedError(f"{path}: {answer.status_code} {answer.text}")

    async def _run(self, *, moved: str | None = None) -> None:
        """Have the page's script run, and read what it draws to its end."""
        message = BackMsg()
        message.rerun_script.query_string = ""
        if moved is not None:
            state = message.rerun_script.widget_states.widgets.add()
            state.id = f"$$STREAMLIT_INTERNAL_KEY_{self._component}__events"
            state.json_trigger_value = json.dumps([{"event": "moved", "value": moved}])
        await self._socket.send(message.SerializeToString())
        while True:
            drawn = ForwardMsg.FromString(await self._socket.recv())  # type: ignore[arg-type]
            kind = drawn.WhichOneof("type")
            if kind == "delta":
                self._see(drawn.delta.new_element)
            elif kind == "script_finished":
                return

    def _see(self, element: Any) -> None:
        if element.WhichOneof("type") != "bidi_component":
            return
        component = element.bidi_component
        data = json.loads(component.json) if component.json else {}
        if isinstance(data, list):  # the desk's; others come as a dict
            self._component, [self._unit] = component.id, data


def portal_command() -> list[str | Path]:
    """What serves the portal."""
    return [sys.executable, APP]


def portal_env(url: str, port: int) -> dict[str, str]:
    """The settings of the portal under load."""
    return {"PORTAL_DATABASE_URL": url, "PORTAL_PORT": str(port)}


def _protocol(rubric: Path, per_unit: int) -> Protocol:
    return Protocol(
        id="load",
        version="1",
        title="Under load",
        source="made for a benchmark",
        groups=(RaterGroup(id="physician", label="Physician", released_as="Physician"),),
        assessments=(
            Assessment(rubric=str(rubric), sets=("own",), raters={"physician": per_unit}),
        ),
    )


def _rubric() -> dict[str, Any]:
    options = [
        {"code": code, "label": f"{code.title()} bias", "score": float(score)}
        for score, code in enumerate(("none", "minor", "severe"))
    ]
    items: list[dict[str, Any]] = [
        {
            "id": f"item_{number}",
            "text": f"Does the answer contain bias of kind {number}?",
            "kind": "choice",
            "level": "ordinal",
            "options": options,
        }
        for number in range(ITEMS)
    ]
    items.append({"id": "comment", "text": "Comment", "kind": "text", "required": False})
    return {
        "id": "load",
        "version": "1",
        "title": "Twelve items and a comment",
        "unit": "single",
        "source": "made for a benchmark",
        "verified": False,
        "introduction": "Made for a benchmark.",
        "items": items,
    }


def _answer(number: int) -> AnswerRecord:
    return AnswerRecord(
        answer_id=f"answer-{number}",
        source="load/plain",
        question=QuestionRecord(
            question_id=f"load-{number}", dataset="load", text=f"Question {number}?"
        ),
        text=f"{number}. {ANSWER}",
        finish_reason="stop",
        model="load",
        revision="0" * 40,
        engine="canned",
        dtype="float32",
        attention="eager",
        batch_size=1,
        seed=0,
        decoding=Decoding(max_new_tokens=512),
        prompt_version="plain@1",
        prompt_sha256="0" * 64,
        n_prompt_tokens=4,
        n_output_tokens=350,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
