import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError
from streamlit import config

from rater_portal.errors import PortalError
from rater_portal.serving import OptionError, check_options, check_place, options
from rater_portal.settings import Settings
from tests.portal_client import free_port

ROOT = Path(__file__).parents[1]


def test_links_lead_to_the_public_address_without_a_trailing_slash():
    assert Settings(public_url="https://rate.example.org/").base_url == "https://rate.example.org"


def test_links_of_a_portal_on_this_machine_lead_to_its_port():
    assert Settings(port=8600).base_url == "http://127.0.0.1:8600"


def test_six_part_address_is_bracketed_in_links():
    assert Settings(address="::1", port=8600).base_url == "http://[::1]:8600"


def test_portal_answers_to_its_public_name_and_to_this_machine():
    hosts = Settings(public_url="https://rate.example.org:8443").hosts

    assert hosts == ("rate.example.org", "localhost", "127.0.0.1", "::1")


def test_https_makes_cookies_secure():
    assert Settings(public_url="https://rate.example.org").secure
    assert not Settings().secure


@pytest.mark.parametrize("address", ["0.0.0.0", "::"])
def test_wildcard_address_needs_a_public_one(address):
    with pytest.raises(ValidationError, match="set PORTAL_PUBLIC_URL to what raters type"):
        Settings(address=address)


@pytest.mark.parametrize(
    "unsafe", [{"public_url": "http://rate.example.org"}, {"address": "192.168.1.5"}]
)
def test_raters_without_https_are_refused_unless_allowed(unsafe):
    with pytest.raises(ValidationError, match="without HTTPS"):
        Settings(**unsafe)

    assert not Settings(**unsafe, allow_http=True).secure


@pytest.mark.parametrize(
    "url",
    ["rate.example.org", "ftp://rate.example.org", "https://rate.example.org/portal", "https://"],
)
def test_public_address_must_be_an_origin(url):
    with pytest.raises(ValidationError, match=re.escape(f"{url!r} is not of the form")):
        Settings(public_url=url)


def test_exported_settings_are_found_again(monkeypatch):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    chosen = Settings(port=8700, public_url="https://rate.example.org", allow_http=True, **PROVIDER)

    chosen.export()

    assert Settings() == chosen


PROVIDER = {
    "oidc_issuer": "https://login.example.org",
    "oidc_client_id": "rater-portal",
    "oidc_client_secret": "s3Jx8f0a9k2mmz01",
}


def test_portal_has_no_secret_of_its_own():
    assert not [name for name in Settings().model_dump(exclude_none=True) if "secret" in name]


@pytest.mark.parametrize(
    "secret", ["short", "changeme-changeme", "your-client-secret-here", "x" * 20, "secret" * 4]
)
def test_short_secret_and_one_from_an_example_are_refused(secret):
    with pytest.raises(ValidationError, match="a secret needs at least 16 characters") as refused:
        Settings(**PROVIDER | {"oidc_client_secret": secret})

    assert f"={secret}" not in str(refused.value)


@pytest.mark.parametrize("password", ["postgres", "password", "changeme", "admin123", "Portal"])
def test_database_password_that_everybody_tries_first_is_refused(password):
    with pytest.raises(ValidationError, match="one that everybody tries first"):
        Settings(database_url=f"postgresql://portal:{password}@db.example.org/portal")


def test_database_without_a_password_in_its_address_is_fine():
    assert Settings(database_url="postgresql://portal@localhost/portal")


@pytest.mark.parametrize("left_out", list(PROVIDER))
def test_half_an_identity_provider_is_refused(left_out):
    half = {name: value for name, value in PROVIDER.items() if name != left_out}

    with pytest.raises(ValidationError, match="set all three or none"):
        Settings(**half)


def test_identity_provider_without_https_is_refused():
    with pytest.raises(ValidationError, match="which is not HTTPS"):
        Settings(**PROVIDER | {"oidc_issuer": "http://login.example.org"})


def test_secret_is_not_shown_with_the_settings():
    assert PROVIDER["oidc_client_secret"] not in repr(Settings(**PROVIDER))


def test_portal_started_with_an_unsafe_secret_stops_and_says_which(tmp_path):
    unsafe = {f"PORTAL_{name.upper()}": value for name, value in PROVIDER.items()}
    environment = os.environ | unsafe | {"PORTAL_OIDC_CLIENT_SECRET": "changeme"}

    stopped = subprocess.run(
        [str(Path(sys.executable).parent / "equitymedqa"), "portal"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert stopped.returncode == 2
    assert "PORTAL_OIDC_CLIENT_SECRET" in stopped.stderr


def test_example_file_names_every_setting_and_its_default():
    example = (ROOT / ".env.example").read_text()

    for name, field in Settings.model_fields.items():
        shown = re.search(rf"^# PORTAL_{name.upper()}=(.*)$", example, re.MULTILINE)
        assert shown, f"PORTAL_{name.upper()} is not in .env.example"
        if field.default is not None:
            assert shown[1] == str(field.default).replace("False", "false")


def test_streamlit_listens_where_the_settings_say():
    chosen = options(Settings(address="127.0.0.1", port=8600))

    assert (chosen["server.address"], chosen["server.port"]) == ("127.0.0.1", 8600)


def test_streamlit_knows_every_option_that_the_portal_needs():
    assert set(options(Settings())) <= set(config.get_config_options())


def test_wrong_option_is_named_with_what_it_must_be():
    # This process has not been started as a portal: Streamlit's own default is in force.
    with pytest.raises(OptionError, match=r"runner\.postScriptGC is True and must be False"):
        check_options({"runner.postScriptGC": False})


def test_unknown_cpu_is_refused_with_those_there_are():
    with pytest.raises(PortalError, match=r"PORTAL_CPU is 4096; there are \["):
        check_place(Settings(port=free_port(), cpu=4096))


def test_port_that_is_taken_is_refused_with_the_setting_to_change():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()

        with pytest.raises(PortalError, match="Set PORTAL_PORT to another port"):
            check_place(Settings(port=taken.getsockname()[1]))


def test_portal_started_with_other_options_stops_and_names_them(tmp_path):
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app.py")]
    flags = [f"--server.port={free_port()}", "--server.headless=true"]

    stopped = subprocess.run(
        [*command, *flags], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )

    assert stopped.returncode != 0
    assert "runner.postScriptGC is True and must be False" in stopped.stdout + stopped.stderr
