"""Questions with images in the vendors' batch files."""

import base64
import hashlib
import json
from pathlib import Path

from equitymedqa.generation.batch_files import export_batch, import_batch
from equitymedqa.prompts import Prompt
from equitymedqa.records import Decoding, ImageRecord, QuestionRecord, QuestionSet


class Fleeting(Prompt):
    """Words that are written when a question's images were looked at, and take one of them away."""

    def messages(self, question, *, fold=False):
        for image in question.images:
            if image.path.endswith("2.png"):
                Path(image.path).unlink()
        return super().messages(question, fold=fold)


def test_image_that_vanishes_while_the_batch_is_written_fails_its_own_row_alone(tmp_path):
    asked = []
    for number in (1, 2, 3):
        picture = tmp_path / f"{number}.png"
        picture.write_bytes(content := f"picture {number}".encode())
        image = ImageRecord(path=str(picture), sha256=hashlib.sha256(content).hexdigest())
        asked.append(
            QuestionRecord(
                question_id=f"q{number}", dataset="d", text=f"{number}?", images=(image,)
            )
        )

    batch = export_batch(
        QuestionSet("d", asked, []),
        out=tmp_path / "batch.jsonl",
        model="tiny",
        prompt=Fleeting(name="fleeting", version=1),
        decoding=Decoding(max_new_tokens=8),
    )
    done = import_batch([], plan=batch.plan, out=tmp_path / "answers.jsonl")

    sent = (tmp_path / "batch.jsonl").read_text().splitlines()
    urls = [
        json.loads(line)["body"]["messages"][-1]["content"][0]["image_url"]["url"] for line in sent
    ]
    assert [base64.b64decode(url.split(",")[1]) for url in urls] == [b"picture 1", b"picture 3"]
    assert (batch.n_requests, batch.n_refused) == (2, 1)
    assert done.summary.failures == {"prompt_refused": 1}
