// The flow of events, drawn from the functions' declarations: an event, who takes it, what it answers with, and so on.
import { h } from "./dom.js";
import { word } from "./words.js";

let asked = null;

export const declared = () => (asked ||= fetch("/api/v1/console/flow").then((answer) => answer.json()).catch(() => ({ functions: [], events: {} })));

// The stages of a domain in their order: each takes what the one before it emits.
export async function stagesOf(domain) {
  const staged = (await declared()).functions.filter((each) => each.domain === domain && each.stage);
  const emitted = new Set(staged.map((each) => each.emits));
  const ordered = [];
  for (let next = staged.find((each) => !emitted.has(each.on)); next && !ordered.includes(next); next = staged.find((each) => each.on === ordered.at(-1).emits)) ordered.push(next);
  return ordered.map((each) => each.stage);
}

export async function drawFlow() {
  const { functions, events } = await declared();
  const takers = Map.groupBy(functions.filter((each) => each.on), (each) => each.on);
  const emitted = new Set(functions.map((each) => each.emits).filter(Boolean));
  const boxes = new Map();
  const pills = new Map(); // type → its pills: one chain may lead into another
  const drawn = new Set();

  function chain(type) {
    const parts = [];
    while (type) {
      const pill = h("span", { class: "pill", title: events[type] || type }, type.replace(/^eco2\./, ""));
      pills.set(type, [...(pills.get(type) || []), pill]);
      parts.push(pill);
      if (drawn.has(type)) break;
      drawn.add(type);
      const who = takers.get(type) || [];
      if (who.length !== 1) {
        if (who.length) parts.push(wire(), h("ul", { class: "takers" }, who.map((each) => h("li", { class: "chain" }, box(each), ...(each.emits ? [wire(), ...chain(each.emits)] : [])))));
        break;
      }
      parts.push(wire(), box(who[0]));
      type = who[0].emits;
      if (type) parts.push(wire());
    }
    return parts;
  }
  function box(each) {
    const figure = h("small", {}, "·");
    const made = h("span", { class: "box", title: each.about }, h("strong", {}, each.name), figure);
    boxes.set(each.name, { box: made, figure, count: 0 });
    return made;
  }
  const wire = () => h("span", { class: "wire", "aria-hidden": "true" });

  const roots = [...takers.keys()].filter((type) => !emitted.has(type));
  const chains = roots.map((type) => ({ type, parts: chain(type) })).sort((one, other) => other.parts.length - one.parts.length);
  const element = h("ul", { class: "flow", "aria-label": word("flow") }, chains.map(({ parts }) => h("li", { class: parts.length > 5 ? "chain long" : "chain" }, parts)));

  function light(place, state) {
    if (!place || document.hidden) return;
    place.dataset.lit = state;
    for (const animation of place.getAnimations()) { animation.cancel(); animation.play(); }
    clearTimeout(place.timer);
    place.timer = setTimeout(() => delete place.dataset.lit, 1200);
  }
  return {
    element,
    passed({ type, trigger, status, ms }) {
      const bad = status < 0 || status >= 300;
      for (const pill of pills.get(type) || []) light(pill, bad ? "bad" : "good");
      // Several Triggers may share a function's events: theirs is the function's name and a number.
      const name = boxes.has(trigger) ? trigger : trigger.replace(/-function-trigger-\d+$/, "");
      const found = boxes.get(name);
      if (!found) return;
      found.count += 1;
      found.figure.textContent = `${found.count} · ${Math.round(ms)} ms`;
      light(found.box, bad ? "bad" : "good");
    },
  };
}
