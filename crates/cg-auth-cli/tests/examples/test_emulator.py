# Run with: cg-auth emulator -- pytest
import json
import os
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest

BASE = os.environ["CG_AUTH_BASE_URL"]
CONTROL = os.environ["CG_AUTH_CONTROL_URL"]
USER = os.environ["CG_AUTH_USER_PRINCIPAL_NAME"]
SECRET = os.environ["CG_AUTH_CLIENT_SECRET"]


def send(method, url, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    headers["content-type"] = "application/json"
    request = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.loads(answer.read() or "null")


# These two functions stand for the program that you test.
def get_token(secret=SECRET):
    credential = {"clientSecret": secret, "userPrincipalName": USER}
    answer = send("POST", BASE + "/auth/token/delegate", credential, **credential)
    return answer["value"]["access_token"]


def call_api(token):
    url = os.environ["CG_AUTH_PROTECTED_URL"]
    return send("GET", url, authorization="Bearer " + token)


def refused(status):
    return pytest.raises(urllib.error.HTTPError, match=f"HTTP Error {status}")


@pytest.fixture(autouse=True)
def fresh_emulator():
    send("POST", CONTROL + "/reset")


def test_a_token_expires_when_the_clock_says_so():
    send("POST", CONTROL + "/clock", {"frozen": True})
    token = get_token()
    send("POST", CONTROL + "/clock", {"advance_seconds": 3599})
    call_api(token)
    send("POST", CONTROL + "/clock", {"advance_seconds": 1})
    with refused(401):
        call_api(token)


def test_a_user_gets_another_secret():
    send("PATCH", CONTROL + "/users/" + USER, {"client_secret": "rotated"})
    with refused(400):
        get_token()
    get_token("rotated")


def test_the_service_is_busy_once():
    busy = {"status": 503, "retry_after_seconds": 5}
    script = {"operation": "get_delegate_access_token", "refuse": busy}
    send("POST", CONTROL + "/scripts", script)
    with refused(503):
        get_token()
    get_token()


def test_the_third_request_of_a_user_arrives():
    third = CONTROL + f"/requests/wait?user={USER}&count=3&within=20"
    with ThreadPoolExecutor() as pool:
        arrived = pool.submit(send, "GET", third)
        for _ in range(3):
            get_token()
        assert arrived.result()["count"] == 3
