"""Which answers a job consists of: whose pairs they carry, and how they are put into batches."""

import pytest

from equitymedqa.generation.engine import RenderedPrompt, Request
from equitymedqa.generation.local.batching import similar_lengths
from equitymedqa.generation.plan import pair_memberships
from equitymedqa.records import PairRecord, QuestionRecord


def question(dataset: str, name: str) -> QuestionRecord:
    return QuestionRecord(question_id=name, dataset=dataset, text=f"{name} of {dataset}?")


def asked(n_tokens: int) -> Request:
    return Request(f"of {n_tokens}", RenderedPrompt("0", ids=[1] * n_tokens), seed=0)


def test_pair_belongs_to_the_questions_of_its_own_set_only():
    first, second = question("twins", "1"), question("twins", "2")
    pair = PairRecord(pair_id="p", dataset="twins", question_1=first, question_2=second)

    found = pair_memberships([pair])

    assert {key: [side.position for side in sides] for key, sides in found.items()} == {
        ("twins", "1"): [1],
        ("twins", "2"): [2],
    }


@pytest.mark.parametrize(
    ("size", "expected"), [(2, [[9, 7], [5, 3], [1]]), (3, [[9, 7, 5], [3, 1]])]
)
def test_batches_hold_prompts_of_similar_length_the_longest_first(size, expected):
    made = similar_lengths([asked(n) for n in (5, 9, 1, 7, 3)], most_rows=lambda _: size)

    assert [[len(answer.prompt.ids) for answer in batch] for batch in made] == expected
