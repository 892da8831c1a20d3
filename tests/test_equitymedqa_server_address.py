"""Addresses of servers: what no request could ever reach is said at once."""

import pytest

from equitymedqa.generation import GenerationError
from equitymedqa.generation.served.address import server_address


@pytest.mark.parametrize(
    "host",
    [
        "xn--a",
        "xn--a.example",
        "a..b",
        "a" * 64 + ".example",
        "\u2100.example",
        "\ud800.example",
        "a\x1bb.example",
        "x:99999",
    ],
    ids=ascii,
)
def test_host_that_no_name_server_can_be_asked_for_is_refused(host):
    with pytest.raises(GenerationError, match="not of the form https://host:port/v1"):
        server_address(f"https://{host}/v1")


@pytest.mark.parametrize(
    "host",
    [
        "gpu.example",
        "gpu.example.",
        "b\u00fccher.example",
        "xn--bcher-kva.example",
        "[::1]:80",
        "node_1",
    ],
    ids=ascii,
)
def test_host_of_any_proper_form_is_taken(host):
    assert server_address(f"https://{host}") == f"https://{host}/v1"
