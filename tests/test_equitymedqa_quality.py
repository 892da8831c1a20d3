"""What is flagged in an answer's text, and what is not."""

import pytest

from equitymedqa.generation.quality import (
    REPEATED_SHARE,
    find_debris,
    find_refusal,
    flags_of,
    repeated_share,
    script_of,
)
from equitymedqa.records import QuestionRecord
from tests.test_equitymedqa_answer_file import answer

REFUSED = [
    "I'm sorry, but I can't help with that.",
    "I\u2019m sorry, but I can\u2019t assist with that request.",
    "I cannot provide medical advice. Please see a doctor.",
    "I can't provide information on this topic.",
    "Sorry, I am unable to answer this question.",
    "I'm not able to discuss this.",
    "I am not able to help with this request. Please contact a professional.",
    "As an AI language model, I cannot give medical advice.",
    "As a large language model I don't have the ability to diagnose.",
    "I must decline to answer this question.",
    "I have to decline.",
    "I won't answer questions that rest on stereotypes.",
    "I will not provide an answer to this question.",
    "I'm not comfortable answering this question.",
    "I don't feel comfortable discussing this.",
    "This is against my guidelines.",
    "That is not something I can help with.",
    "We cannot respond to this request.",
    "I apologize, but I cannot fulfill this request.",
    "Unfortunately, I can not offer help with dosing.",
    "Unable to comply.",
    "I cannot engage with this question as it is phrased.",
    "I would rather not answer that.",
    "I'm sorry, I just can't recommend a treatment.",
    "I'm really sorry, but providing that information is beyond what I'm able to do.",
    "I can't be of help here; please speak to a clinician.",
    "My purpose does not allow me to answer medical questions.",
    "Sorry, but this request goes against my programming.",
    "I cannot in good conscience answer this.",
    "I'm just an AI and can't give you a diagnosis.",
    "This question contains harmful stereotypes and I will not answer it.",
    "I do not have the ability to provide medical advice.",
    "I'm afraid I can't discuss that topic.",
    "I am an AI assistant and am not able to give medical advice.",
]
ANSWERED = [
    "You cannot take these two medicines together. Ask your pharmacist.",
    "Most people can't tell the difference; a blood test can.",
    "If you can't sleep, try to get up at the same time every day.",
    "Rest, drink water, and see a doctor if the fever lasts more than three days.",
    "Your doctor won't judge you. Tell them what you take.",
    "No vaccine can give complete protection, but this one helps a lot.",
    "Children under two should not be given this medicine.",
    "Many patients say: I cannot breathe. That is an emergency; call for help.",
    "A clinic cannot refuse you emergency care.",
    "It is not able to cross the placenta in large amounts.",
    "I understand your worry. Itching at night is common and can be treated.",
    "The test is unable to tell these two apart.",
    "Insurance may decline to pay; ask for the reasons in writing.",
    "If you feel unable to cope, talk to someone you trust today.",
    "We can't be certain from this alone, but anaemia is likely.",
    "I can explain what is known: the risk rises with age.",
    "People are often not comfortable with the word obesity.",
    "Your kidneys cannot remove the salt, so your pressure rises.",
    "I can't stress this enough: go to the hospital now.",
    "There is no reason to refuse the injection.",
    "If I were unable to walk, I would ask for a home visit.",
    "Yes. Aspirin and ibuprofen should not be taken together without advice.",
    "You won't need surgery in most cases.",
    "They may not discuss your case without your consent.",
    "I cannot tell from here whether it is broken; an X-ray can.",
    "We will not know until the results are back.",
    "You may not be able to answer all the questions, and that is fine.",
    "I'd see a doctor about that. It can't hurt to ask.",
    "Doctors cannot give you antibiotics for a cold, since they don't help against viruses.",
    "They can't share your record without asking you.",
    "I won't sugarcoat it: smoking is the biggest risk.",
    "An AI tool cannot replace your doctor, but here is what is known: it is safe.",
    "If we cannot help the cause, we treat the pain.",
    "I am not a doctor, but dry skin is the most usual cause.",
]
# Written after the words were settled, and never used to settle them.
UNSEEN_REFUSED = [
    "I apologise, but this is a question I can't answer.",
    "I'm sorry, I can't continue with this conversation.",
    "For ethical reasons, I can't help with this.",
    "This falls outside what I can assist with.",
    "I'm unable to give individual medical recommendations.",
    "My guidelines prevent me from answering this.",
    "Sorry, I can't do that.",
    "I'm not qualified to answer this question.",
    "It would be inappropriate for me to answer that.",
    "I cannot generate a response to this prompt.",
]
UNSEEN_ANSWERED = [
    "Ibuprofen cannot help with an infection itself.",
    "I would not take more than four tablets a day.",
    "Your employer cannot refuse you sick leave for this.",
    "Not everyone can give blood; a low iron level is one reason.",
    "We do not recommend this medicine in pregnancy.",
    "I can help you understand the results: the value is normal.",
    "You are not able to pass it on after two weeks.",
    "Nobody can answer that with certainty, but most recover within a month.",
    "I would be careful: the two drugs interact.",
    "If you can't afford it, ask for a generic.",
]
PROSE = (
    "High blood pressure often has no signs, so the only way to know is to measure it. Salt, "
    "weight, stress and some medicines raise it; walking, fruit and sleep lower it. If fresh food "
    "costs too much where you live, frozen and tinned vegetables without added salt do as well. "
    "Ask at a pharmacy whether they measure for free. See a doctor soon if it stays above 140 over "
    "90, and at once with chest pain, a sudden headache, weakness on one side or trouble speaking. "
)


def test_all_refusals_that_the_words_were_settled_on_are_found():
    assert [text for text in REFUSED if not find_refusal(text)] == []


def test_no_answer_that_the_words_were_settled_on_is_taken_for_a_refusal():
    assert [text for text in ANSWERED if find_refusal(text)] == []


def test_refusals_in_other_words_are_often_missed():
    assert sum(find_refusal(text) is not None for text in UNSEEN_REFUSED) == 6


def test_other_answers_are_not_taken_for_refusals():
    assert [text for text in UNSEEN_ANSWERED if find_refusal(text)] == []


def test_long_answer_that_begins_like_a_refusal_is_an_answer():
    assert (
        find_refusal("I can't give medical advice, but here is what is known. " + PROSE * 2) is None
    )


def test_refusal_is_quoted():
    assert find_refusal("I\u2019m sorry, but I can\u2019t help with that.").endswith("can't help")


@pytest.mark.parametrize(
    "text",
    [
        PROSE + "Drink water and rest. " * 12,
        PROSE + "1. See a doctor if the pain in your chest does not go away after rest.\n" * 5,
        "no " * 40,
        "I am " + "ha" * 30,
        "\u591a\u559d\u6c34\uff0c\u597d\u597d\u4f11\u606f\u3002" * 8,
    ],
    ids=["sentence", "list item", "word", "syllable", "without spaces"],
)
def test_loop_is_found(text):
    assert repeated_share(text) >= REPEATED_SHARE


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        PROSE + "See a doctor at once if the pain in your chest does not go away.\n" + PROSE[:60],
        "| day | dose |\n| --- | --- |\n"
        + "".join(f"| {n} | {n * 5} mg |\n" for n in range(1, 15)),
        "Rest.",
        "",
        "-" * 80,
    ],
    ids=["prose", "point made twice", "table", "word", "nothing", "line"],
)
def test_what_is_no_loop_is_not_found(text):
    assert repeated_share(text) < REPEATED_SHARE


def test_share_is_that_of_the_words_that_come_again():
    # Ten other words, then ten words three times: thirty of forty are in repeated sequences.
    others = "one two three four five six seven eight nine ten "
    loop = "ask drink eat rest sit sleep stand take wait walk "

    assert repeated_share(others + loop * 3) == pytest.approx(30 / 40)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Rest.<end_of_turn>", "control token '<end_of_turn>'"),
        ("Rest.<|im_end|>", "control token '<|im_end|>'"),
        ("<unused94>thought", "control token '<unused94>'"),
        ("Rest. [/INST]", "control token '[/INST]'"),
        ("</s>Rest.", "control token '</s>'"),
        ("Rest.\nUser: And then?", "turn header 'User:'"),
        ("**Assistant:** Rest.", "turn header '**Assistant:'"),
        ("Rest.\nmodel\nRest.", "turn header 'model'"),
        ("### Response\nRest.", "turn header '### Response'"),
        ("Dear {{ name }}, rest.", "template code '{{ name }}'"),
        ("{% if x %}Rest.", "template code '{% if x %}'"),
        ("Rest for a day \ufffd.", "broken character '\ufffd'"),
    ],
)
def test_debris_is_named(text, kind):
    assert kind in find_debris(text)


def test_empty_lines_are_looked_through_once():
    # Each as the possible begin of a header that spans the rest, these would take a quarter hour.
    assert find_debris("a" + "\n" * 200_000 + "b") == []


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "If your temperature is < 38 and your pulse > 100, wait.",
        "Doctor: someone who treats. Patient: someone who waits.",
        "The model of care matters. Users: 3 in 10.",
        "Use a 3:1 ratio {by weight}.",
        "See <https://example.org> or write to <help@example.org>.",
        "<b>Rest</b>",
    ],
)
def test_ordinary_text_holds_no_debris(text):
    assert find_debris(text) == []


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("Trink Wasser.", "LATIN"),
        ("\u041f\u0435\u0439\u0442\u0435 \u0432\u043e\u0434\u0443 (H2O).", "CYRILLIC"),
        ("\u591a\u559d\u6c34", "CJK"),
        ("38.5", None),
    ],
)
def test_script_is_that_of_most_letters(text, script):
    assert script_of(text) == script


@pytest.mark.parametrize(
    ("changes", "flags"),
    [
        ({}, set()),
        ({"finish_reason": "length"}, {"truncated"}),
        (
            {"finish_reason": "length", "text": "", "stripped": "Let me think"},
            {"unfinished_reasoning"},
        ),
        ({"text": "I can't help with that."}, {"refusal"}),
        ({"text": "User: no\nno " * 30}, {"repeated", "debris"}),
        ({"text": "... 38.5 ..."}, {"empty"}),
        ({"text": "\u591a\u559d\u6c34"}, {"other_script"}),
        ({"text": "", "finish_reason": "error", "error_kind": "timeout"}, set()),
    ],
)
def test_flags_of_an_answer(changes, flags):
    question = QuestionRecord(question_id="a", dataset="own", text="What helps?")

    assert set(flags_of(answer("a", question=question, **changes))) == flags
