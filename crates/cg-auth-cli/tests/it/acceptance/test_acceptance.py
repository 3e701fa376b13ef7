# Run with: cg-auth emulator --tls --config reuse.toml -- pytest test_acceptance.py
# reuse.toml holds: reuse_detection = true, token_cache = false
import os
import ssl

import httpx
import pytest

BASE = os.environ["CG_AUTH_BASE_URL"]
CONTROL = os.environ["CG_AUTH_CONTROL_URL"]
ME = os.environ["CG_AUTH_PROTECTED_URL"]
USER = os.environ["CG_AUTH_USER_PRINCIPAL_NAME"]
SECRET = os.environ["CG_AUTH_CLIENT_SECRET"]
CONTEXT = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
CREDENTIAL = {"clientSecret": SECRET, "userPrincipalName": USER}


def client(http2=False):
    return httpx.Client(verify=CONTEXT, http2=http2, http1=not http2, timeout=30)


def control(method, path, body=None):
    with client() as c:
        answer = c.request(method, CONTROL + path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


def delegate(c, secret=SECRET):
    credential = {"clientSecret": secret, "userPrincipalName": USER}
    return c.post(BASE + "/auth/token/delegate", json=credential, headers=credential)


def refresh(c, refresh_token):
    headers = CREDENTIAL | {"refresh_token": refresh_token}
    return c.post(BASE + "/auth/token/refresh", headers=headers)


def accepted(c, token):
    return c.get(ME, headers={"authorization": "Bearer " + token}).status_code == 200


@pytest.fixture(autouse=True)
def fresh_emulator():
    control("POST", "/reset")


@pytest.mark.parametrize("http2", [False, True])
def test_a_lost_refresh_answer_revokes_the_family(http2):
    with client(http2) as c:
        token = delegate(c).json()["value"]
        operation = "refresh_user_access_token"
        control("POST", "/scripts", {"operation": operation, "fault": "lost_answer"})
        with pytest.raises(httpx.TransportError):
            refresh(c, token["refresh_token"])
        assert accepted(c, token["access_token"])
        assert refresh(c, token["refresh_token"]).status_code == 400
        assert not accepted(c, token["access_token"])


@pytest.mark.parametrize("http2", [False, True])
def test_a_reset_in_mid_body(http2):
    with client(http2) as c:
        fault = {"operation": "get_delegate_access_token", "fault": "lost_answer_in_body"}
        control("POST", "/scripts", fault)
        with pytest.raises(httpx.TransportError):
            delegate(c)
        answer = delegate(c)
        version = "HTTP/2" if http2 else "HTTP/1.1"
        assert (answer.status_code, answer.http_version) == (200, version)


def test_a_frozen_clock_across_an_expiry():
    with client() as c:
        control("POST", "/clock", {"frozen": True})
        token = delegate(c).json()["value"]["access_token"]
        control("POST", "/clock", {"advance_seconds": 3599})
        assert accepted(c, token)
        control("POST", "/clock", {"advance_seconds": 1})
        assert not accepted(c, token)


def test_a_user_whose_secret_changes():
    with client() as c:
        control("PATCH", "/users/" + USER, {"client_secret": "rotated"})
        assert delegate(c).status_code == 400
        assert delegate(c, "rotated").is_success


def test_the_third_request_of_one_user():
    with client() as c:
        for _ in range(3):
            delegate(c)
    seen = control("GET", f"/requests/wait?user={USER}&count=3&within=20")
    assert seen["count"] == 3
