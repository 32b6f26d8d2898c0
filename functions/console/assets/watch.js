// Watch: the flow lights up as events pass; each event, the course of its job, queues and dead letters. For operators.
import { api } from "./api.js";
import { h, say, show } from "./dom.js";
import { figures } from "./figures.js";
import { drawFlow } from "./flow.js";
import { letters } from "./letters.js";
import { plots } from "./plots.js";
import { word, clock } from "./words.js";

const ROWS = 200;
const NUMBERS = new Set(["ms", "waiting", "in_flight", "delivered", "retried", "dead_lettered"]);
const CLOCKS = /^eco2\.(ops\.(sweep|redrive)|news\.collect)\.|^dev\.knative\.sources\.ping/;

export function watch(main, { signedOut }) {
  let events = null;
  let held = [];
  let kept = [];
  let drawing = 0;
  let timer = 0;
  let paused = false;
  const state = h("span", { class: "state", role: "status" }, word("connecting"));
  const only = h("input", { id: "only", type: "search", placeholder: word("filter_example"), oninput: redraw });
  const ticks = h("input", { id: "ticks", type: "checkbox", onchange: redraw });
  const pause = h("button", { type: "button", "aria-pressed": "false", onclick: hold }, word("pause"));
  const rows = h("tbody");
  const detail = h("section", { class: "card detail", tabindex: "-1", "aria-label": word("detail") }, h("p", { class: "hint" }, word("detail_hint")));
  const queues = h("tbody");
  const deliveries = plots();
  const processes = figures();

  function hold() {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    if (!paused) later();
  }
  const wanted = (each) => (ticks.checked || !CLOCKS.test(each.type)) &&
    [each.type, each.trigger, each.subject, each.trace, String(each.status)].some((text) => text.includes(only.value.trim()));

  function row(each) {
    const bad = each.status < 0 || each.status >= 300;
    const again = each.attempt > 1 ? ` ×${each.attempt}` : "";
    return h("tr", { class: bad ? "bad" : each.trigger ? "" : "arrival" },
      h("td", {}, h("button", { type: "button", class: "link", onclick: () => look(each) }, clock(each.at))),
      h("td", {}, each.type.replace(/^eco2\./, "")), h("td", {}, each.trigger || word("broker")),
      h("td", {}, each.trigger ? `${each.status}${again}` : ""), h("td", { class: "number" }, each.trigger ? each.ms.toFixed(each.ms < 10 ? 1 : 0) : ""));
  }
  function redraw() {
    show(rows, kept.filter(wanted).slice(0, ROWS).map(row));
  }
  function later() {
    drawing ||= requestAnimationFrame(() => {
      drawing = 0;
      if (paused || !held.length) return;
      const fresh = held.splice(0).reverse();
      kept = [...fresh, ...kept].slice(0, ROWS * 5);
      const shown = fresh.filter(wanted).slice(0, ROWS).map(row);
      rows.prepend(...shown);
      while (rows.rows.length > ROWS) rows.lastChild.remove();
    });
  }

  async function look(each) {
    const names = ["id", "type", "source", "subject", "trigger", "attempt", "status", "ms", "error", "trace"];
    const course = h("div");
    const pretty = (text) => { try { return JSON.stringify(JSON.parse(text), null, 1); } catch { return text; } };
    show(detail, h("h2", {}, each.type),
      h("dl", {}, names.filter((name) => each[name] !== "").map((name) => [h("dt", {}, word(`field_${name}`)), h("dd", {}, String(each[name]))])),
      each.subject && h("button", { type: "button", onclick: () => { only.value = each.subject; redraw(); } }, word("only_this")),
      course, h("h3", {}, word("data")), h("pre", { tabindex: "0", "aria-label": word("data") }, pretty(each.data)));
    detail.focus();
    if (!each.type.startsWith("eco2.scan.") || !each.subject) return;
    const told = await api(`/scan/${each.subject}/timeline`).catch(() => null);
    if (told) show(course, timeline(told));
  }

  async function refresh() {
    const found = await api("/console/queues").catch(() => []);
    show(queues, found.map((each) => h("tr", { class: each.waiting || each.in_flight ? "busy" : "" }, h("td", {}, each.trigger),
      ["waiting", "in_flight", "delivered", "retried", "dead_lettered"].map((name) => h("td", { class: "number" }, String(each[name]))))));
  }

  async function begin() {
    await api("/console/queues");
    const flow = await drawFlow();
    const quarantine = letters();
    show(main, h("div", { class: "watch" },
      h("div", { class: "headline" }, h("h1", {}, word("watch_title")), state), h("div", { class: "tiles" }, deliveries.elements, processes.elements),
      h("section", { class: "card" }, h("h2", {}, word("flow")), h("div", { class: "scrolled long", tabindex: "0", role: "region", "aria-label": word("flow") }, flow.element)),
      h("section", { class: "card events" },
        h("h2", {}, word("events")),
        h("div", { class: "row tools-row" }, h("div", {}, h("label", { for: "only", class: "visually-hidden" }, word("filter")), only), h("label", { class: "check" }, ticks, word("clocks")), pause),
        table(["at", "type", "trigger", "status", "ms"], rows, word("events"))),
      detail,
      h("section", { class: "card" }, h("h2", {}, word("queues")), table(["trigger", "waiting", "in_flight", "delivered", "retried", "dead_lettered"], queues, word("queues"))),
      quarantine.element));
    events = new EventSource("/api/v1/console/events");
    events.addEventListener("open", () => { state.textContent = word("live"); state.className = "state on"; });
    events.addEventListener("error", (event) => {
      if (event.data) { events.close(); signedOut(); return; }
      state.textContent = word("connecting");
      state.className = "state";
    });
    let first = true;
    events.addEventListener("deliveries", (event) => {
      for (const each of JSON.parse(event.data)) {
        deliveries.passed(each);
        if (!first) flow.passed(each);
        held.push(each);
        if (each.type === "eco2.ops.event.quarantined") quarantine.changed();
      }
      first = false;
      held = held.slice(-2000);
      later();
    });
    let beat = 0;
    const tick = () => {
      deliveries.draw();
      if (beat++ % 3 || document.hidden) return;
      refresh();
      processes.look();
    };
    tick();
    timer = setInterval(tick, 1000);
    say(word("watch_title"));
  }

  begin().catch((problem) => {
    if (problem.status === 401) return signedOut();
    show(main, h("section", { class: "card door" }, h("h1", {}, word("watch_title")), h("p", { class: "lead" }, problem.status === 404 ? word("not_operator") : problem.message)));
  });
  return () => { events?.close(); clearInterval(timer); };
}

export function table(columns, body, caption) {
  return h("div", { class: "scrolled", tabindex: "0", role: "region", "aria-label": caption },
    h("table", {}, h("thead", {}, h("tr", {}, columns.map((name) => h("th", { scope: "col", class: NUMBERS.has(name) ? "number" : null }, word(`field_${name}`))))), body));
}

function timeline({ stages, created_at: from, ended_at: to, status, error, model }) {
  const begin = Date.parse(from);
  const last = Math.max(...stages.map((each) => Date.parse(each.finished_at || each.started_at)), Date.parse(to || from), begin + 1);
  const at = (time) => `${Math.min(100, ((Date.parse(time) - begin) / (last - begin)) * 100)}%`;
  return h("section", { class: "timeline" }, h("h3", {}, word("timeline")),
    h("p", { class: "hint" }, [word(`status_${status}`), model, `${last - begin} ms`, error?.code].filter(Boolean).join(" · ")),
    h("ol", {}, stages.map((each) => {
      const bar = h("span", { class: each.finished_at ? "bar" : "bar open" });
      const end = each.finished_at || new Date(last).toISOString();
      bar.style.setProperty("--from", at(each.started_at));
      bar.style.setProperty("--to", at(end));
      return h("li", {}, h("span", {}, each.stage + (each.attempt > 1 ? ` ×${each.attempt}` : "")), h("span", { class: "track" }, bar), h("small", {}, `${Date.parse(end) - Date.parse(each.started_at)} ms`));
    })));
}
