// The platform's API from its own origin: cookies say who is calling, a refusal is an exception with the problem's words.

export class Problem extends Error {
  constructor(status, body) {
    super(body.detail || body.title || `HTTP ${status}`);
    Object.assign(this, { status, code: body.code || "", retryAfter: body.retry_after });
  }
}

let refreshing = null;
const TRIES = 4;
const pause = (seconds) => new Promise((later) => setTimeout(later, seconds * 1000));

export async function api(path, { method = "GET", body, headers = {}, again = true, tried = 1 } = {}) {
  const sent = body === undefined ? headers : { "content-type": "application/json", ...headers };
  const answer = await fetch(`/api/v1${path}`, { method, headers: sent, body: body === undefined ? undefined : JSON.stringify(body) });
  // A part of the platform is starting: what changes nothing, or is known by its key, is asked again.
  if (answer.status === 503 && tried < TRIES && (method === "GET" || "idempotency-key" in headers)) {
    await pause(Math.min(Number(answer.headers.get("retry-after")) || 1, 5));
    return api(path, { method, body, headers, again, tried: tried + 1 });
  }
  if (answer.status === 401 && again && !path.startsWith("/auth/")) {
    refreshing ||= fetch("/api/v1/auth/refresh", { method: "POST" }).finally(() => { refreshing = null; });
    if ((await refreshing).ok) return api(path, { method, body, headers, again: false });
  }
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Problem(answer.status, told || {});
  return told;
}

// A picture goes to the object store by a presigned address, without cookies.
export async function upload(channel, picture) {
  const place = await api(`/images/${channel}`, {
    method: "POST",
    body: { filename: (picture.name || "photo.jpg").slice(-200), content_type: picture.type || "image/jpeg", content_length: picture.size },
  });
  const put = await fetch(place.upload_url, { method: "PUT", headers: place.required_headers, body: picture, credentials: "omit" });
  if (!put.ok) throw new Problem(put.status, { detail: `upload: HTTP ${put.status}` });
  return place.cdn_url;
}

export async function signIn(name) {
  // The answer leads to another page; its cookies are what is wanted.
  const answer = await fetch(`/api/v1/auth/local/login?name=${encodeURIComponent(name)}`, { redirect: "manual" });
  if (answer.type !== "opaqueredirect" && !answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
}

export async function signInWith(provider) {
  const ask = (query) => api(`/auth/${provider}${query}`);
  const begun = await ask(`?frontend_origin=${encodeURIComponent(location.origin)}`).catch((problem) => {
    if (problem.code !== "INVALID_REDIRECT") throw problem;
    return ask("");
  });
  location.assign(begun.data.authorization_url);
}
