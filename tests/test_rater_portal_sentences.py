"""Where sentences end: rules for English, Spanish and Arabic medical prose, hand-checked."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rater_portal.sentences import sentence_spans

DIVIDED = {
    "plain": ["Take one tablet daily.", "Drink water!", "Rest?"],
    "abbreviations": ["Ask a doctor, e.g. Dr. Smith, about it.", "Use it vs. 4 mg, i.e. daily."],
    "decimals": ["Use 3.5 mg/dL, not 4.0 mg/dL.", "The limit is .5 g.", "It works."],
    "initials": ["Mrs. Jones saw Prof. J. A. Miller.", "He agreed."],
    "letters": ["Eat vitamin C.", "It helps.", "Avoid hepatitis B.", "The vaccine is safe."],
    "citations": ["It was reduced.[1]", "It was not (p < .05).", "See Fig. 2 and No. 5 for it."],
    "countries": ["In the U.S. Department records.", "In the U.S.", "The rate at 8 a.m. Monday."],
    "quotes": ['She asked "Why me?" and left.', "“I am ill.”", "(It was late.)", "They slept!"],
    "small names": ["The value fell.", "pH was low.", "mRNA vaccines work.", "eGFR is 60."],
    "ellipsis": ["Well... maybe not.", "Hmm…", "Yes."],
    "others": ["Smith et al. found it.", "Fever, cough, etc.", "He said no.", "Visual art.", "No."],
    "doses": ["Take 500 mg b.i.d. for 5 days.", "Then 250 mg q.d.", "The end."],
    "emphasis": ["**Note.**", "This matters.", "*Always.*", "Go"],
    "addresses": ["See www.example.org.", "Then rest.Now go on."],
    "Spanish": [
        "¿Tiene fiebre?",
        "¡Llame al médico!",
        "La Dra. Pérez vio 3,5 mg/dl.",
        "Ud. debe ir.",
    ],
    "Spain": ["Consulte p. ej. a su médico.", "En EE. UU. es común.", "Fin."],
    "Arabic": ["هل لديك حمى؟", "اتصل بالطبيب فورا.", "د. أحمد قال إن القيمة 3.5 مرتفعة.", "استرح!"],
}


@pytest.mark.parametrize("expected", DIVIDED.values(), ids=DIVIDED)
def test_prose_is_divided_as_a_reader_would(expected):
    text = " ".join(expected)

    assert [text[begin:end] for begin, end in sentence_spans(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Take the pill.\n2. Drink water\n3) Rest", 3),
        ("Symptoms:\nfever\ncough\n• rash", 4),
        ("Watch for: • fever • cough", 3),
        ("This line was broken by its author when it had grown long, in\nthe middle. Next.", 2),
        ("This line was broken by its author when it had grown long, in\nThe End.", 2),
        ("---\n***\n", 0),
        ("", 0),
    ],
)
def test_lines_and_bullets_end_a_sentence_unless_a_long_line_goes_on(text, expected):
    assert len(sentence_spans(text)) == expected


@given(st.text(max_size=200))
def test_sentences_are_in_order_apart_and_without_blanks_around(text):
    end = 0
    for begin, until in sentence_spans(text):
        words = text[begin:until]
        assert begin >= end
        assert words
        assert words == words.strip()
        end = until


@given(st.text(max_size=200))
def test_every_letter_and_digit_is_in_a_sentence(text):
    covered = "".join(text[begin:end] for begin, end in sentence_spans(text))

    assert [sign for sign in covered if sign.isalnum()] == [s for s in text if s.isalnum()]


@pytest.mark.parametrize("sign", [".", ".)", "[1]", "\n", "a. ", "• ", "*_", '?"'])
def test_long_runs_take_no_long_time(sign):
    started = time.process_time()

    sentence_spans(sign * 20_000 + "x")

    assert time.process_time() - started < 2
