# Run with: cg-auth emulator --tls -- python3 -m pytest test_acceptance.py
import base64
import json
import os
import ssl
from concurrent.futures import ThreadPoolExecutor, wait

import httpx
import pytest

BASE = os.environ["CG_AUTH_BASE_URL"]
CONTROL = os.environ["CG_AUTH_CONTROL_URL"]
ME = os.environ["CG_AUTH_PROTECTED_URL"]
USER = os.environ["CG_AUTH_ADMINISTRATOR_NAME"]
SECRET = os.environ["CG_AUTH_ADMINISTRATOR_SECRET"]
OTHER_USER = os.environ["CG_AUTH_PLAIN_USER_NAME"]
OTHER_SECRET = os.environ["CG_AUTH_PLAIN_USER_SECRET"]
CONTEXT = ssl.create_default_context(cafile=os.environ.get("SSL_CERT_FILE"))
# Over TLS, the ssl module of Python may show a reset as the end of the stream.
RESET = httpx.ReadError
if BASE.startswith("https:"):
    RESET = (httpx.ReadError, httpx.RemoteProtocolError)
DELEGATE = "get_delegate_access_token"
REFRESH = "refresh_user_access_token"


def client(http2=False):
    return httpx.Client(verify=CONTEXT, http2=http2, http1=not http2, timeout=30)


def control(method, path, body=None, status=None):
    with client() as c:
        answer = c.request(method, CONTROL + path, json=body)
        assert answer.status_code == status if status else answer.is_success, answer.text
        return answer.json() if answer.content else None


def credential(user=USER, secret=SECRET):
    return {"clientSecret": secret, "userPrincipalName": user}


def delegate(c, user=USER, secret=SECRET):
    key = credential(user, secret)
    return c.post(BASE + "/auth/token/delegate", json=key, headers=key)


def refresh(c, refresh_token):
    headers = credential() | {"refresh_token": refresh_token}
    return c.post(BASE + "/auth/token/refresh", headers=headers)


def status(c, token):
    return c.get(ME, headers={"authorization": "Bearer " + token}).status_code


def claims(token):
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def code(answer):
    return answer.status_code, answer.json()["code"]


@pytest.fixture(autouse=True)
def fresh_emulator():
    control("POST", "/reset")


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
def service(request):
    with client(request.param == "HTTP/2") as c:
        assert status(c, "none") == 401
        assert c.get(ME).http_version == request.param
        control("POST", "/reset/requests")
        yield c


# The service takes the refresh token, and its answer is lost.
@pytest.mark.parametrize("detects_reuse", [True, False])
def test_a_lost_refresh_answer(service, detects_reuse):
    settings = {"reuse_detection": detects_reuse, "token_cache": False}
    control("PATCH", "/settings", settings)
    first, unrelated = (delegate(service).json()["value"] for _ in range(2))
    assert first["access_token"] != unrelated["access_token"]

    control("POST", "/scripts", {"operation": REFRESH, "fault": "lost_answer"})
    with pytest.raises(httpx.RemoteProtocolError):
        refresh(service, first["refresh_token"])
    lost = control("GET", f"/requests?operation={REFRESH}")["requests"][0]
    issued = control("GET", f"/requests?operation={DELEGATE}")["requests"][0]
    assert lost["refresh_token_digest"] == issued["issued_refresh_token_digest"]
    assert lost["issued_refresh_token_digest"] not in (None, lost["refresh_token_digest"])
    assert (lost["status"], lost["scripted"]) == (None, True)
    assert status(service, first["access_token"]) == 200

    # The client has only the old refresh token. Its second use revokes its family alone.
    again = refresh(service, first["refresh_token"])
    assert code(again) == (400, "InvalidRefreshToken")
    assert status(service, first["access_token"]) == (401 if detects_reuse else 200)
    assert status(service, unrelated["access_token"]) == 200
    assert refresh(service, unrelated["refresh_token"]).status_code == 200


# "before": the service never saw the request, so the refresh token still works.
def test_a_refresh_that_never_arrived(service):
    control("PATCH", "/settings", {"reuse_detection": True})
    token = delegate(service).json()["value"]
    fault = {"operation": REFRESH, "fault": "close_before_answer"}
    control("POST", "/scripts", fault)
    with pytest.raises(httpx.RemoteProtocolError):
        refresh(service, token["refresh_token"])
    assert refresh(service, token["refresh_token"]).status_code == 200


# The client has read the status and ten bytes of the body. Then the connection is reset.
def test_a_reset_in_mid_body(service):
    fault = {"operation": DELEGATE, "fault": "lost_answer_in_body"}
    control("POST", "/scripts", fault)
    request = {"json": credential(), "headers": credential()}
    received = b""
    with service.stream("POST", BASE + "/auth/token/delegate", **request) as answer:
        assert answer.status_code == 200
        announced = int(answer.headers["content-length"])
        with pytest.raises(RESET):
            for chunk in answer.iter_raw():
                received += chunk
    whole = delegate(service)
    assert (whole.status_code, len(whole.content)) == (200, announced)
    assert received == whole.content[:10]
    # Both requests reached the service, which has answered the second one from its cache.
    lost, answered = control("GET", "/requests")["requests"]
    digest = "issued_access_token_digest"
    assert lost[digest] == answered[digest] is not None
    assert lost["connection"] != answered["connection"]


def test_a_frozen_clock_across_an_expiry(service):
    start = "2031-01-01T00:00:00.000Z"
    at_start = control("POST", "/clock", {"set": start, "frozen": True})
    assert (at_start["now"], at_start["frozen"]) == (start, True)
    value = delegate(service).json()["value"]
    token, issued_at = value["access_token"], claims(value["access_token"])["iat"]
    assert (issued_at, value["duration"]) == (at_start["now_epoch"], 3600)
    assert claims(token)["exp"] == issued_at + 3600
    for _ in range(20):
        assert status(service, token) == 200
    assert control("GET", "/clock")["now"] == start

    control("POST", "/clock", {"advance_seconds": 3599})
    assert status(service, token) == 200
    # The cached token has a second left.
    assert delegate(service).json()["value"]["duration"] == 1
    control("POST", "/clock", {"advance_seconds": 1})
    assert status(service, token) == 401
    renewed = refresh(service, value["refresh_token"]).json()["value"]["access_token"]
    assert claims(renewed)["iat"] == issued_at + 3600
    assert status(service, renewed) == 200


def test_a_user_whose_secret_changes(service):
    before = delegate(service).json()["value"]["access_token"]
    control("PATCH", "/users/" + USER, {"client_secret": "rotated"})
    assert code(delegate(service)) == (400, "InvalidCredential")
    after = delegate(service, secret="rotated").json()["value"]["access_token"]
    assert (status(service, before), status(service, after)) == (200, 200)
    old, refused, new = control("GET", f"/requests?operation={DELEGATE}")["requests"]
    assert old["client_secret_digest"] == refused["client_secret_digest"]
    assert new["client_secret_digest"] not in (None, old["client_secret_digest"])
    # The other user keeps the secret, which was the same.
    assert SECRET == OTHER_SECRET
    assert delegate(service, OTHER_USER, OTHER_SECRET).status_code == 200
    assert code(delegate(service, OTHER_USER, "rotated")) == (400, "InvalidCredential")


# The wait begins before the first request, and requests of another user do not end it.
def test_the_third_request_of_one_user(service):
    path = f"/requests/wait?user={USER.upper()}&count=3"
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(control, "GET", path + "&within=20")
        for _ in range(2):
            delegate(service)
            for _ in range(3):
                delegate(service, OTHER_USER, OTHER_SECRET)
        assert not wait([waiting], timeout=0.3).done
        delegate(service)
        seen = waiting.result(timeout=30)
    assert seen["count"] == 3
    assert [request["user"] for request in seen["requests"]] == [USER] * 3
    assert [request["number"] for request in seen["requests"]] == [1, 5, 9]
    late = control("GET", f"/requests/wait?user={USER}&count=4&within=0", status=504)
    assert "3 of 4" in late["error"]["message"]
