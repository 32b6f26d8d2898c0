// What the web client does, with its exact requests: axios with credentials, a native EventSource, a PUT without cookies.
const BASE = "{api}";
const at = (id) => document.getElementById(id);

async function call(method, path, body, headers = {}) {
  const once = () =>
    fetch(BASE + path, {
      method,
      credentials: "include",
      headers: body ? { "Content-Type": "application/json", ...headers } : headers,
      body: body && JSON.stringify(body),
    });
  let answer = await once();
  if (answer.status === 401 && !path.includes("/auth/")) {
    const renewed = await fetch(`${BASE}/api/v1/auth/refresh`, { method: "POST", credentials: "include" });
    if (renewed.ok) answer = await once();
    else await fetch(`${BASE}/api/v1/auth/logout`, { method: "POST", credentials: "include" });
  }
  return answer;
}

const list = (id, texts) => at(id).replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));

async function characters() {
  list("characters", (await (await call("GET", "/api/v1/users/me/characters")).json()).map((each) => each.name));
}

async function start() {
  const answer = await call("GET", "/api/v1/users/me");
  const me = answer.ok ? await answer.json() : {};
  at("login").hidden = Boolean(me.username);
  at("home").hidden = !me.username;
  if (!me.username) return;
  document.querySelector("h1").textContent = me.nickname;
  await characters();
}

for (const button of document.querySelectorAll("[data-provider]")) {
  button.onclick = async () => {
    const provider = button.dataset.provider;
    const back = encodeURIComponent(`${BASE}/api/v1/auth/${provider}/callback`);
    const answer = await call("GET", `/api/v1/auth/${provider}?redirect_uri=${back}`, null, { "X-Frontend-Origin": location.origin });
    location.href = (await answer.json()).data.authorization_url;
  };
}

at("photo").onclick = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  canvas.getContext("2d").fillRect(60, 40, 120, 160);
  const file = await new Promise((made) => canvas.toBlob(made, "image/png"));
  const named = { filename: `image_${Date.now()}.png`, content_type: "image/png" };
  const place = await (await call("POST", "/api/v1/images/scan", named)).json();
  await fetch(place.upload_url, { method: "PUT", body: file, headers: { "Content-Type": file.type } });
  const accepted = await (await call("POST", "/api/v1/scan", { image_url: place.cdn_url })).json();
  const job = accepted.result_url.split("/").at(-2);
  const source = new EventSource(BASE + accepted.stream_url, { withCredentials: true });
  for (const stage of ["queued", "vision", "rule", "answer", "reward", "done"]) {
    source.addEventListener(stage, async (event) => {
      if (JSON.parse(event.data).status !== "completed") return;
      at("stages").textContent += `${stage} `;
      if (stage !== "done") return;
      source.close();
      const result = await (await call("GET", `/api/v1/scan/${job}/result`)).json();
      at("answer").textContent = Object.values(result.pipeline_result.final_answer.disposal_steps).join(" ");
      await characters();
    });
  }
};

at("show-map").onclick = async () => {
  const places = await (await call("GET", "/api/v1/locations/centers?lat=37.5665&lon=126.978&zoom=13")).json();
  list("map", places.map((place) => `${place.name} ${place.distance_text}`));
};
at("show-news").onclick = async () => {
  list("news", (await (await call("GET", "/api/v1/info/news?limit=10")).json()).articles.map((article) => article.title));
};
at("save").onclick = async () => {
  await call("PATCH", "/api/v1/users/me", { nickname: at("nickname").value.trim() });
  await start();
};
at("logout").onclick = async () => {
  if ((await (await call("POST", "/api/v1/auth/logout")).json()).success) location.replace("/#/login");
  await start();
};
addEventListener("hashchange", start);
start();
