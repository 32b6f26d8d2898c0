// Dead letters: where each failed and why; to be sent again as they are, or discarded.
import { api } from "./api.js";
import { h, say, show } from "./dom.js";
import { word, when } from "./words.js";

export function letters() {
  const list = h("ul", { class: "letters" });
  const told = h("p", { class: "problem", role: "alert" });
  let waiting = 0;

  async function read() {
    const found = await api("/ops/dead-letters?limit=20").catch(() => []);
    show(list, found.length ? found.map(entry) : h("li", { class: "hint" }, word("no_letters")));
  }
  function entry(each) {
    const act = (method, path, done) => async () => {
      told.textContent = "";
      await api(`/ops/dead-letters/${each.id}${path}`, { method }).then(() => say(word(done)), (problem) => { told.textContent = problem.message; });
      read();
    };
    return h("li", {},
      h("div", {}, h("strong", {}, each.type.replace(/^eco2\./, "")), " → ", each.trigger, " ", h("span", { class: `tag ${each.state}` }, word(`letter_${each.state}`))),
      h("p", { class: "hint" }, [each.code, each.reason].filter(Boolean).join(" · ") || "–"),
      h("p", { class: "hint" }, `#${each.id} · ${when(each.last_seen_at)} · ${each.subject || each.event_id}`),
      h("div", { class: "row" },
        h("button", { type: "button", onclick: act("POST", "/replay", "replayed"), "aria-label": `${word("replay")} #${each.id}` }, word("replay")),
        each.state !== "discarded" && h("button", { type: "button", class: "quiet", onclick: act("DELETE", "", "discarded"), "aria-label": `${word("discard")} #${each.id}` }, word("discard"))));
  }
  read();
  return {
    element: h("section", { class: "card" }, h("h2", {}, word("letters")), told, list),
    changed() { clearTimeout(waiting); waiting = setTimeout(read, 500); },
  };
}
