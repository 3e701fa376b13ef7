// Run with: cg-auth emulator -- node --test
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

const env = process.env;
const control = env.CG_AUTH_CONTROL_URL;
const userPrincipalName = env.CG_AUTH_USER_PRINCIPAL_NAME;
const credential = { clientSecret: env.CG_AUTH_CLIENT_SECRET, userPrincipalName };

const send = (method, url, body, headers = {}) =>
  fetch(url, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: body && JSON.stringify(body),
  });

// These two functions stand for the program that you test.
const getToken = async () => {
  const url = env.CG_AUTH_BASE_URL + "/auth/token/delegate";
  const answer = await send("POST", url, credential, credential);
  if (!answer.ok) throw new Error("status " + answer.status);
  return (await answer.json()).value.access_token;
};
const callApi = async (token) => {
  const headers = { authorization: "Bearer " + token };
  return (await send("GET", env.CG_AUTH_PROTECTED_URL, undefined, headers)).status;
};

beforeEach(() => send("POST", control + "/reset"));

test("a token expires when the clock says so", async () => {
  await send("POST", control + "/clock", { frozen: true });
  const token = await getToken();
  await send("POST", control + "/clock", { advance_seconds: 3599 });
  assert.equal(await callApi(token), 200);
  await send("POST", control + "/clock", { advance_seconds: 1 });
  assert.equal(await callApi(token), 401);
});

test("the service is busy once", async () => {
  const refuse = { status: 503, retry_after_seconds: 5 };
  const script = { operation: "get_delegate_access_token", refuse };
  await send("POST", control + "/scripts", script);
  await assert.rejects(getToken(), /503/);
  await getToken();
});
