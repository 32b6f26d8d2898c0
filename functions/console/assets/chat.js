// Chat: a conversation with the agent; what it works on and its words as they come, a photo, and what it asks back.
import { api, upload } from "./api.js";
import { h, say, show } from "./dom.js";
import { prose } from "./prose.js";
import { standIns } from "./stand-ins.js";
import { word } from "./words.js";

const STAGES = ["queued", "intent", "vision", "router", "waste_rag", "character", "location", "weather", "bulk_waste", "recyclable_price", "collection_point", "web_search", "news", "image_generation", "general", "aggregator", "summarize", "answer"];

export function chat(main, { signedOut }) {
  let events = null;
  let job = null;
  let conversation = null;
  let photo = null;
  const log = h("ol", { class: "log", "aria-label": word("conversation") });
  const list = h("ul", { class: "chats" });
  const text = h("textarea", { id: "message", rows: 2, maxlength: 4000, placeholder: word("message_example"), onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); form.requestSubmit(); } } });
  const file = h("input", { type: "file", id: "chat-photo", accept: "image/*", class: "visually-hidden", onchange: () => attach(file.files[0]) });
  const attached = h("p", { class: "hint", hidden: true });
  const stop = h("button", { type: "button", hidden: true, onclick: () => job && api(`/chat/${job}/run`, { method: "DELETE" }).catch(told) }, word("stop"));
  const problem = h("p", { class: "problem", role: "alert" });
  const form = h("form", { class: "write", onsubmit: (event) => { event.preventDefault(); send().catch(told); } },
    h("label", { for: "message", class: "visually-hidden" }, word("message")), text, attached,
    h("div", { class: "row" }, file, h("label", { for: "chat-photo", class: "button" }, word("attach")), stop, h("button", { class: "primary" }, word("send"))));

  function told(failure) {
    if (failure.status === 401) return signedOut();
    stop.hidden = true;
    problem.textContent = failure.message;
  }
  function attach(chosen) {
    photo = chosen || null;
    attached.hidden = !photo;
    attached.textContent = photo ? photo.name : "";
  }
  function bubble(role, ...children) {
    const made = h("li", { class: `bubble ${role}`, lang: "ko" }, h("span", { class: "visually-hidden" }, `${word(role)}: `), ...children);
    log.append(made);
    made.scrollIntoView({ block: "nearest" });
    return made;
  }

  async function send() {
    const message = text.value.trim();
    if ((!message && !photo) || !stop.hidden) return;
    problem.textContent = "";
    stop.hidden = false;
    const body = { message };
    bubble("user", message || word("your_photo"));
    text.value = "";
    const sent = photo;
    attach(null);
    file.value = "";
    if (sent) body.image_url = await upload("chat", sent);
    conversation ||= (await api("/chat", { method: "POST", body: {} })).id;
    const begun = await api(`/chat/${conversation}/messages`, { method: "POST", body, headers: { "idempotency-key": crypto.randomUUID() } });
    job = begun.job_id;
    follow(begun.stream_url);
  }

  function follow(address) {
    const works = h("p", { class: "works" });
    const answer = h("div", { class: "prose" });
    const place = bubble("assistant", works, answer);
    let said = "";
    const shown = () => { show(answer, prose(said)); place.scrollIntoView({ block: "nearest" }); };
    const end = () => { events.close(); stop.hidden = true; works.remove(); conversations(); text.focus(); };
    const busy = new Set();
    events = new EventSource(address);
    const on = (name, act) => events.addEventListener(name, (event) => event.data && act(JSON.parse(event.data)));
    for (const stage of STAGES) on(stage, ({ status }) => {
      if (status === "started") busy.add(stage); else busy.delete(stage);
      works.textContent = [...busy].map((each) => word(`does_${each}`)).join(" · ");
    });
    on("token", ({ content }) => { said += content; shown(); });
    on("token_recovery", ({ accumulated, content }) => { said = accumulated ?? content ?? said; shown(); });
    on("needs_input", (asked) => place.append(question(asked)));
    on("done", ({ result }) => { said = result?.answer || said; shown(); place.append(standIns(result?.metadata?.models) || ""); say(word("answer_there")); end(); });
    on("error", ({ message, error }) => { end(); told(new Error(message || error)); });
  }

  function question({ message, input_type: type }) {
    const give = (body) => async () => { asked.remove(); await api(`/chat/${job}/input`, { method: "POST", body }).catch(told); };
    const here = () => navigator.geolocation.getCurrentPosition(
      ({ coords }) => give({ type: "location", data: { latitude: coords.latitude, longitude: coords.longitude } })(),
      give({ type, data: {} })); // nobody says where: the turn goes on without
    const asked = h("div", { class: "asked" }, h("p", {}, message), h("div", { class: "row" },
      h("button", { type: "button", class: "primary", onclick: type === "location" ? here : give({ type: "confirmation", data: { confirmed: true } }) }, word(type === "location" ? "my_location" : "yes")),
      h("button", { type: "button", onclick: give({ type, data: {} }) }, word(type === "location" ? "without_location" : "no"))));
    return asked;
  }

  async function conversations() {
    const { chats } = await api("/chat?limit=8").catch(() => ({ chats: [] }));
    show(list, chats.map((each) => h("li", {}, h("button", { type: "button", class: "link", "aria-current": each.id === conversation ? "true" : null, onclick: () => reopen(each.id).catch(told) }, each.title || each.preview || word("untitled")))));
  }
  async function reopen(id) {
    events?.close();
    stop.hidden = true;
    conversation = id;
    show(log);
    const { messages } = await api(`/chat/${id}?limit=50`);
    for (const { role, content, image_url: image, metadata } of messages) {
      bubble(role, image && h("img", { src: image, alt: word("your_photo") }), role === "user" ? content : h("div", { class: "prose" }, prose(content)), standIns(metadata?.models));
    }
    conversations();
  }
  function fresh() {
    events?.close();
    conversation = null;
    stop.hidden = true;
    show(log);
    greet();
    conversations();
  }
  function greet() {
    bubble("assistant", word("greeting"), h("div", { class: "row ideas" }, ["idea_1", "idea_2", "idea_3"].map((name) => h("button", { type: "button", onclick: () => { text.value = word(name); form.requestSubmit(); } }, word(name)))));
  }

  show(main, h("div", { class: "talk" },
    h("aside", { class: "card" }, h("h2", {}, word("conversations")), h("button", { type: "button", onclick: fresh }, word("new_chat")), list),
    h("section", { class: "card" }, h("h1", {}, word("chat_title")), log, problem, form)));
  greet();
  conversations();
  return () => events?.close();
}
