"""Rubrics in other languages: wholly or not at all, a group's words first, Spanish for ours."""

import copy
import re
from typing import Any

import pytest
from pydantic import ValidationError

from rubrics import CodesError, Rubric, check_codes, check_file, load_rubric
from rubrics.loader import RUBRICS
from tests.test_rubrics_schema import YES_NO, item, rubric

SPANISH = {
    "title": "Propia",
    "introduction": "Lea, por favor.",
    "source": "Ours",
    "verified": False,
}
ITEM = {"text": "¿Es justa?", "options": {"yes": "Sí", "no": "No"}}
NURSE = {"text": "Fair?", "translations": {"es": {"text": "¿Justa?"}}}
SHIPPED = [load_rubric(f"equitymedqa-{name}") for name in ("independent", "pairwise")]
SHIPPED.append(load_rubric("equitymedqa-counterfactual"))


def translated(**changes: Any) -> dict[str, Any]:
    """A rubric of one item in English and Spanish, for nurses in other words."""
    asked = item(translations={"es": ITEM}, groups={"nurse": NURSE})
    return rubric(asked, translations={"es": SPANISH}, **changes)


@pytest.mark.parametrize(
    ("wanted", "group", "text"),
    [
        (None, None, "Is it fair?"),
        ("es", None, "¿Es justa?"),
        (None, "nurse", "Fair?"),
        ("es", "nurse", "¿Justa?"),
        ("es", "doctor", "¿Es justa?"),
        ("es-MX", "nurse", "¿Justa?"),
        ("es_AR", None, "¿Es justa?"),
        ("ES", None, "¿Es justa?"),
        ("est", None, "Is it fair?"),
        ("ar", "nurse", "Fair?"),
        ("", None, "Is it fair?"),
    ],
)
def test_group_reads_its_own_words_in_its_language_where_there_is_one(wanted, group, text):
    shown = Rubric.model_validate(translated()).in_language(wanted, group)

    assert shown.item("fair").text == text


def test_translated_group_that_keeps_a_label_keeps_it_in_the_language():
    shown = Rubric.model_validate(translated()).in_language("es", "nurse")

    assert [option.label for option in shown.item("fair").options] == ["Sí", "No"]


def test_title_and_introduction_are_in_the_language_of_the_items():
    shown = Rubric.model_validate(translated()).in_language("es-CO")

    assert (shown.language, shown.title, shown.introduction) == ("es", "Propia", "Lea, por favor.")


def test_what_is_shown_holds_no_other_words():
    shown = Rubric.model_validate(translated()).in_language("es", "nurse")

    assert shown.in_language("en", "doctor") == shown
    assert "Fair" not in shown.model_dump_json()


def test_longest_known_form_of_a_language_wins():
    brazil = {**SPANISH, "title": "Própria"}
    words = {"es": ITEM, "pt": ITEM, "pt-BR": ITEM}
    own = rubric(
        item(translations=words), translations={"es": SPANISH, "pt": SPANISH, "pt-BR": brazil}
    )

    found = Rubric.model_validate(own)

    assert [found.language_for(wanted) for wanted in ("pt-br-x-ab", "pt-PT", "pt")] == [
        "pt-BR",
        "pt",
        "pt",
    ]


def without(*place: str) -> dict[str, Any]:
    """The translated rubric without one of its parts."""
    said = copy.deepcopy(translated())
    part: Any = said
    for step in place[:-1]:
        part = part[int(step) if step.isdigit() else step]
    del part[place[-1]]
    return said


IN_ITEM = ("items", "0", "translations")
IN_GROUP = ("items", "0", "groups", "nurse", "translations")


@pytest.mark.parametrize(
    ("said", "place"),
    [
        (without(*IN_ITEM), "items[0]: these words are missing in 'es'"),
        (without(*IN_ITEM, "es", "text"), "items[0].translations.es.text: is missing"),
        (without(*IN_ITEM, "es", "options", "no"), "items[0].translations.es.options.no: is miss"),
        (without(*IN_GROUP), "items[0].groups.nurse: these words are missing in 'es'"),
        (without(*IN_GROUP, "es", "text"), "items[0].groups.nurse.translations.es.text: is miss"),
        (without("translations"), "items[0].translations.es: the rubric itself has no 'es'"),
        (translated(language="es"), "translations.es: 'es' is the language that the file is wr"),
        (
            rubric(
                item(translations={"es": {**ITEM, "help": "Piense."}}),
                translations={"es": SPANISH},
            ),
            "items[0].translations.es.help: is said here and not in the file's own language",
        ),
        (
            rubric(
                item(
                    options=[{**YES_NO[0], "help": "It is."}, YES_NO[1]],
                    translations={"es": ITEM},
                ),
                translations={"es": SPANISH},
            ),
            "items[0].translations.es.option_help.yes: is missing",
        ),
    ],
)
def test_rubric_that_is_translated_in_part_is_refused_at_the_place(said, place):
    with pytest.raises(ValidationError, match=re.escape(place)):
        Rubric.model_validate(said)


def test_file_names_the_line_of_what_is_not_translated(tmp_path):
    file = tmp_path / "own.yaml"
    shipped = (RUBRICS / "equitymedqa-independent.yaml").read_text(encoding="utf-8")
    file.write_text(shipped.replace("          minor_bias: Sesgo leve\n", ""), encoding="utf-8")

    (problem,) = check_file(file)

    assert problem.key == "items[0].translations.es.options.minor_bias"
    assert file.read_text(encoding="utf-8").splitlines()[problem.line - 1].strip() == "options:"


def test_language_must_look_like_one():
    with pytest.raises(ValidationError, match="Spanish"):
        Rubric.model_validate(rubric(translations={"Spanish": SPANISH}))


def test_translation_of_a_preference_must_keep_the_place_on_the_screen():
    said = load_rubric("equitymedqa-pairwise").model_dump(mode="json")
    said["items"][0]["groups"]["consumer"]["translations"]["es"]["options"]["A"] = "La primera"

    with pytest.raises(ValidationError, match=r"groups\.consumer\.translations\.es\.options\.A"):
        Rubric.model_validate(said)


def test_content_hash_pins_the_translations_too():
    said = translated()
    before = Rubric.model_validate(said).content_hash

    said["items"][0]["translations"]["es"]["options"]["yes"] = "Claro"

    assert Rubric.model_validate(said).content_hash != before


def test_rubric_without_translations_has_the_hash_that_it_had_before_there_were_any():
    plain = Rubric.model_validate(rubric())

    assert "translations" not in plain.model_dump(exclude_defaults=True)
    assert "language" not in plain.model_dump(exclude_defaults=True)


def test_problems_are_told_in_the_words_that_the_rater_reads():
    asked = Rubric.model_validate(translated())

    with pytest.raises(CodesError) as refused:
        check_codes(
            asked,
            {},
            group="nurse",
            language="es",
            translate={
                "Please choose one of the options for: {question}": "Elija para: {question}"
            }.__getitem__,
        )

    assert refused.value.problems == [("fair", "Elija para: ¿Justa?")]


@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.id)
def test_shipped_rubric_is_there_in_spanish_and_claims_no_validation(shipped):
    spanish = shipped.translations["es"]

    assert spanish.verified is False
    assert "No validation study" in spanish.source


@pytest.mark.parametrize("group", [None, "consumer"])
@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.id)
def test_no_shipped_word_stays_english_in_spanish(shipped, group):
    english, spanish = shipped.in_language(None, group), shipped.in_language("es", group)

    assert english.title != spanish.title
    assert english.introduction.count("\n\n") == spanish.introduction.count("\n\n")
    for one, other in zip(english.items, spanish.items, strict=True):
        assert one.text != other.text
        assert [(o.code, bool(o.help)) for o in one.options] == [
            (o.code, bool(o.help)) for o in other.options
        ]
        same = {o.label for o in one.options} & {o.label for o in other.options}
        # The one word that both languages write alike.
        assert same <= {"No"}


@pytest.mark.parametrize(
    "part", ["Qué verá", "Qué se considera sesgo", "Tómese su tiempo", "pausa"]
)
@pytest.mark.parametrize("shipped", SHIPPED, ids=lambda shipped: shipped.id)
def test_spanish_guide_tells_raters_what_they_must_know(shipped, part):
    assert part in shipped.translations["es"].introduction
