"""A prompt of one's own: the question comes through, the words are known, nothing else happens."""

import pytest
from pydantic import ValidationError

from equitymedqa.prompts import (
    Prompt,
    PromptFileError,
    PromptTemplateError,
    find_prompt,
    read_prompt,
)
from equitymedqa.records import QuestionRecord

TEXTS = [
    "Is it safe?",
    "What does {{ question }} mean, {% if x %} or {# this #}?",
    """She said: "it's safe" — isn't it?""",
    "Is <b>this</b> &amp; that safe? <script>alert(1)</script>",
    "  Is it\n\nsafe?\r\n\t",
    "هل هذا الدواء آمن؟ \u202bIs it\u202c",
    "\u2068 {{ Q }} {% q %} <b>&amp;'\" \u0645\u0627 \u2069\n 8f1d5c0a7e \n",
]


def asked(text: str = "Is it safe?", **attributes: str) -> QuestionRecord:
    return QuestionRecord(question_id="q1", dataset="omaq", text=text, attributes=attributes)


def own(template: str) -> Prompt:
    return Prompt(name="mine", version=1, template=template)


@pytest.fixture
def saved(tmp_path):
    """Saves a file and gives its path."""

    def save(name: str, content: str):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return path

    return save


@pytest.mark.parametrize("text", TEXTS)
def test_question_comes_through_unchanged_exactly_once(text):
    prompt = own("Answer this:\n{{ question }}\n-- end")

    assert prompt.plain_text(asked(text)) == f"Answer this:\n{text}\n-- end"
    assert prompt.plain_text(text) == f"Answer this:\n{text}\n-- end"


def test_words_can_depend_on_set_and_attributes():
    prompt = own(
        "{{ dataset }}{% if attributes.topic == 'heart' %}, about the heart{% endif %}"
        "{% for name, value in attributes | dictsort %}; {{ name }}={{ value | upper }}{% endfor %}"
        ": {{ question }}"
    )

    text = prompt.plain_text(asked(topic="heart", axis="race"))

    assert text == "omaq, about the heart; axis=RACE; topic=HEART: Is it safe?"


def test_column_named_like_a_method_is_reached_in_brackets():
    assert own("{{ attributes['items'] }}: {{ question }}").plain_text(asked(items="3")) == (
        "3: Is it safe?"
    )


def test_lines_of_conditions_leave_no_empty_lines():
    prompt = own(
        "{% if attributes.topic %}\nTopic: {{ attributes.topic }}\n{% endif %}\n{{ question }}"
    )

    assert prompt.plain_text(asked(topic="skin")) == "Topic: skin\nIs it safe?"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("Answer kindly.", "drops it"),
        ("", "drops it"),
        ("{% raw %}{{ question }}{% endraw %}", "drops it"),
        ("{# {{ question }} #}", "drops it"),
        ("{{ question }} {{ question }}", "holds it 2 times"),
        ("{% if attributes.topic == 'heart' %}{{ question }}{% endif %}", "drops it"),
        ("{{ question | upper }}", "only be put in as they are"),
        ("{{ question | trim }}", "only be put in as they are"),
        ("{{ question.strip() }}", "'call' is not allowed"),
        ("{{ question[:40] }}", "only be put in as they are"),
        ("{{ question }} {{ question | length }}", "only be put in as they are"),
        ("{% if 'she' in question %}{{ question }}{% endif %}", "only be put in as they are"),
        ("{% for question in attributes %}{{ question }}{% endfor %}", "has a meaning already"),
        ("{% for dataset, value in attributes | items %}{% endfor %}", "has a meaning already"),
    ],
)
def test_template_that_does_not_keep_the_question_is_refused(template, message):
    with pytest.raises(ValidationError, match=message):
        own(template)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ ''.__class__.__mro__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
        ("{{ attributes.__init__.__globals__ }}", "'__init__' of .* is unsafe"),
        ("{{ attributes['__class__'].x }}", "has no attribute 'x'"),
        ("{{ attributes.clear }}", "access to attribute 'clear' of .* is unsafe"),
        ("{% if attributes.items %}.{% endif %}", "access to attribute 'items' of .* is unsafe"),
        ("{{ attributes.clear() }}", "'call' is not allowed"),
        ("{{ self }}", "'self' is not among question, dataset, attributes"),
        ("{% include '/etc/passwd' %}", "'include' is not allowed"),
        ("{% import 'os' as os %}", "'import' is not allowed"),
        ("{% extends 'other' %}", "'extends' is not allowed"),
        ("{% set x = 'y' %}", "'assign' is not allowed"),
        ("{% macro x() %}{% endmacro %}", "'macro' is not allowed"),
        ("{% for x in range(100000000) %}.{% endfor %}", "'call' is not allowed|'range' is not"),
        ("{{ 'x' * 10000000000 }}", "'mul' is not allowed"),
        ("{{ '%1000000000d' % 1 }}", "'mod' is not allowed"),
        ("{{ 9 ** 9 ** 9 }}", "'pow' is not allowed"),
        ("{{ 'x' | center(1000000000) }}", "filter 'center' is not among"),
        ("{{ [1, 2, 3] | random }}", "filter 'random' is not among"),
        ("{{ lipsum(1) }}", "'call' is not allowed|'lipsum' is not"),
        ("{{ now }}", "'now' is not among"),
        ("{{ attributes | items }}", "only text can be put out, not a generator"),
        ("{{ ['a'] }}", "only text can be put out, not a list"),
        ("{% for a in 'xy' %}{% for b in 'xy' %}{% endfor %}{% endfor %}", "loop within a loop"),
        ("{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}", "nested too deeply"),
        ("{% if 1 %}" * 150 + "{% endif %}" * 150, "nested too deeply"),
        ("{% if %}", "Expected an expression"),
        ("{{ question", "unexpected end of template"),
    ],
)
def test_template_that_could_do_more_than_write_words_is_refused(template, message):
    with pytest.raises(ValidationError, match=message):
        own("{{ question }}" + template)


def test_template_larger_than_any_prompt_is_refused():
    with pytest.raises(ValidationError, match="at most 65536 characters"):
        own("{{ question }}" + "x" * 65536)


def test_words_larger_than_any_prompt_are_refused():
    prompt = own("{% for letter in attributes.notes %}" + "x" * 1000 + "{% endfor %}{{ question }}")

    with pytest.raises(PromptTemplateError, match="more than 1,048,576 characters"):
        prompt.plain_text(asked(notes="y" * 2000))


def test_attribute_that_a_question_lacks_is_named_with_those_it_has():
    prompt = own("{{ attributes.topik }}: {{ question }}")

    with pytest.raises(PromptTemplateError, match=r"there is no attribute 'topik'.*: topic, axis"):
        prompt.plain_text(asked(topic="heart", axis="race"))


def test_question_whose_attributes_drop_it_is_refused():
    prompt = own("{% if attributes.kind != 'off' %}{{ question }}{% endif %}")

    with pytest.raises(PromptTemplateError, match="drops it"):
        prompt.plain_text(asked(kind="off"))


def test_own_jinja_file_is_named_for_the_file_and_a_digest_of_its_words(saved):
    path = saved("my_prompt.jinja", "Question: {{ question }}\n")

    prompt = find_prompt(str(path))

    # printf '[null, "Question: {{ question }}"]' | sha256sum
    assert prompt.prompt_version == "my_prompt@sha256:dd9693d1"
    assert prompt.plain_text("Safe?") == "Question: Safe?"


def test_own_yaml_file_says_what_the_model_is_told_first(saved):
    path = saved("p.yaml", "name: mine\nversion: 4\nsystem: Be kind.\ntemplate: '{{ question }}'\n")

    prompt = find_prompt(str(path))

    assert prompt.messages("Safe?") == [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Safe?"},
    ]
    assert prompt.prompt_version.startswith("mine@sha256:")


def test_other_words_in_an_own_file_are_another_version(saved):
    first = read_prompt(saved("p.jinja", "Q: {{ question }}"))
    second = read_prompt(saved("p.jinja", "Q. {{ question }}"))

    assert first.prompt_version != second.prompt_version


def test_other_source_in_an_own_file_is_the_same_version(saved):
    first = read_prompt(saved("p.yaml", "source: me\ntemplate: '{{ question }}'"))
    second = read_prompt(saved("p.yaml", "source: you\ntemplate: '{{ question }}'"))

    assert first.prompt_version == second.prompt_version


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.jinja", "Hello\n{{ question | upper }}", r"p\.jinja:2: template: the question's words"),
        ("p.jinja", "{{ question }}\n\n{% if %}", r"p\.jinja:3: template: Expected an expression"),
        ("p.jinja", "No question.", r"p\.jinja:1: template: .* drops it"),
        ("my prompt.jinja", "{{ question }}", r"my prompt\.jinja:1: name: String should match"),
        ("p.txt", "{{ question }}", r"p\.txt: a prompt's file ends in \.yaml, \.yml, \.jinja"),
        ("p.yaml", "name: p\ntemplat: '{{ question }}'", r"p\.yaml:2: templat: is no key"),
        ("p.yaml", "name: p\nname: q", r"p\.yaml:2: name: is there twice"),
        ("p.yaml", "name: p\nsystem: [a]", r"p\.yaml:2: system: Input should be a valid string"),
        ("p.yaml", "a: 'b\n", r"p\.yaml:2: is no YAML: found unexpected end of stream"),
        ("p.yaml", "- a", r"p\.yaml:1: holds no keys"),
        ("p.yaml", "a: 2024-13-45", r"p\.yaml: is no YAML: month must be in 1..12"),
        (
            "p.yaml",
            "name: p\ntemplate: |\n  Hello.\n  {{ question }}\n  {{ now }}\n",
            r"p\.yaml:5: template: 'now' is not among",
        ),
    ],
)
def test_mistake_in_a_file_is_named_with_its_place(saved, name, content, message):
    path = saved(name, content)

    with pytest.raises(PromptFileError, match=message):
        read_prompt(path)


def test_own_prompt_cannot_go_by_the_name_of_a_released_one(saved):
    path = saved("careful.jinja", "{{ question }}")

    with pytest.raises(PromptFileError, match="'careful' is the name of a prompt that comes with"):
        find_prompt(str(path))


def test_all_mistakes_of_a_file_are_named_at_once(saved):
    path = saved("p.yaml", "nam: p\nsystem: ''\ntemplate: '{{ question }}'")

    with pytest.raises(PromptFileError, match=r"p\.yaml:1: nam: .*\n.*p\.yaml:2: system: "):
        read_prompt(path)


def test_file_that_is_not_there_or_is_no_text_is_refused(tmp_path):
    (tmp_path / "p.jinja").write_bytes(b"\xff\xfe{")

    with pytest.raises(PromptFileError, match=r"none\.yaml cannot be read: No such file"):
        read_prompt(tmp_path / "none.yaml")
    with pytest.raises(PromptFileError, match=r"p\.jinja:1: is not UTF-8"):
        read_prompt(tmp_path / "p.jinja")
