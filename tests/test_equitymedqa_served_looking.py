"""What a server says of itself: failures that pass change nothing, and silence is no failure."""

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.served import Limits, card, connect
from tests.scripted_server import disconnect, dribble, half_a_body, hang, refuse, send
from tests.served_jobs import QUICK, answers_of

PASSING = {
    "too late": refuse(408, "too slow"),
    "rate limit": refuse(429, "busy", Retry_After="0.01"),
    "loading": refuse(503, "loading the model"),
    "broken": refuse(500, "oops"),
    "half a body": half_a_body,
    "disconnect": disconnect,
}
INFO = {"model_sha": "a1", "model_dtype": "torch.bfloat16"}


def after(trouble, said, *, n=2):
    """Trouble the first times, and then words."""
    asked = []

    def act(handler):
        asked.append(handler)
        (trouble if len(asked) <= n else send(200, said))(handler)

    return act


@pytest.fixture(autouse=True)
def unknown_maker(server):
    """A server whose list of models does not tell what it is."""
    server.models["data"][0].pop("owned_by")


def open_engine(server, **options):
    return connect(server.address, **{"limits": QUICK, **options})


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_failure_that_passes_leaves_the_model_what_it_is(server, trouble):
    server.paths["/info"] = INFO
    expected = open_engine(server, model="tiny").identity
    server.models = after(trouble, server.models)
    server.paths["/info"] = after(trouble, INFO)

    assert open_engine(server, model="tiny").identity == expected


@pytest.mark.parametrize("path", ["/v1/models", "/info", "/props"])
@pytest.mark.parametrize(
    ("act", "words"),
    [
        (refuse(503, "loading the model"), r"failed \(503\): loading the model; asked 3 times"),
        (refuse(429, "busy", Retry_After="9999"), r"busy; it asks to be left alone for 9999 s"),
        (disconnect, "the connection failed: .*; asked 3 times"),
    ],
)
def test_failure_that_stays_is_said_before_anything_is_asked(server, tmp_path, path, act, words):
    if path == "/v1/models":
        server.models = act
    else:
        server.paths[path] = act

    with pytest.raises(
        GenerationError, match=f"{path} tells nothing of the model for now: .*{words}"
    ):
        answers_of(server, tmp_path, model="tiny")
    assert not server.probes


def test_server_whose_list_tells_all_is_asked_nothing_else(server, tmp_path):
    server.models["data"][0]["owned_by"] = "vllm"
    server.paths = {path: refuse(503, "no such service") for path in ("/info", "/props")}

    assert len(answers_of(server, tmp_path)) == 3


def test_vendor_in_any_region_is_asked_nothing_else_and_in_its_dialect(server, monkeypatch):
    monkeypatch.setattr(card, "is_openai", lambda address: address == server.address)
    server.paths = {path: refuse(503, "no such service") for path in ("/info", "/props")}

    assert open_engine(server).identity.arguments["dialect"] == "openai"


def test_failure_that_stays_is_no_hindrance_where_the_weights_are_declared(server, tmp_path):
    server.paths = {path: refuse(503, "no such service") for path in ("/info", "/props")}

    with pytest.raises(GenerationError, match="with --revision if it never tells"):
        answers_of(server, tmp_path)
    assert len(answers_of(server, tmp_path, revision="abc")) == 3


@pytest.mark.parametrize("act", [hang, dribble])
def test_server_that_never_ends_its_words_is_given_up(server, act):
    server.models = act
    limits = Limits(attempts=2, backoff_s=0.01, timeout_s=0.3)

    with pytest.raises(GenerationError, match=r"no answer within 0\.3 s; asked 2 times"):
        open_engine(server, model="tiny", limits=limits)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 501])
def test_gateway_that_lets_nobody_see_other_paths_can_be_asked(server, tmp_path, status):
    server.paths = {path: refuse(status, "no") for path in ("/info", "/props")}

    assert len(answers_of(server, tmp_path)) == 3


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_model_that_is_named_need_not_be_listed(server, tmp_path, status):
    server.models = refuse(status, "this key may not list models")

    assert len(answers_of(server, tmp_path, model="tiny")) == 3


def test_key_that_may_not_list_models_is_said_where_none_is_named(server):
    server.models = refuse(403, "this key may not list models")

    with pytest.raises(GenerationError, match=r"wants another key \(403\): this key may not"):
        open_engine(server)


def test_wrong_key_is_said_even_where_the_model_is_named(server):
    server.models = refuse(401, "who are you")

    with pytest.raises(GenerationError, match=r"wants another key \(401\): who are you"):
        open_engine(server, model="tiny")


@pytest.mark.parametrize("odd", ["128k", [4096], float("inf"), -1, {"a": 1}])
def test_length_that_is_none_is_not_known(server, odd):
    server.models = {"data": [{"id": "tiny", "max_model_len": odd}]}

    assert open_engine(server).context_length is None


def test_first_length_that_is_one_counts(server):
    server.models = {"data": [{"id": "tiny", "max_model_len": "long", "context_length": "4096"}]}

    assert open_engine(server).context_length == 4096


@pytest.mark.parametrize(
    ("settings", "expected"), [([1], None), ("x", None), ({"n_ctx": "256"}, 256), ({}, None)]
)
def test_odd_settings_of_llama_cpp_do_no_harm(server, settings, expected):
    server.paths["/props"] = {"default_generation_settings": settings}

    assert open_engine(server).context_length == expected


def test_model_by_a_name_that_no_record_holds_is_refused(server):
    server.models = {"data": [{"id": "a\ud800"}]}

    with pytest.raises(GenerationError, match=r"the name 'a\\ud800' of the model is not storable"):
        open_engine(server)


def test_odd_dtype_does_no_harm(server):
    server.paths["/info"] = {"model_dtype": "bf\ud80016"}

    assert open_engine(server).identity.dtype == r"bf\ud80016"
