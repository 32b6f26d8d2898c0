// Small plots of what passed in the last minute: deliveries a second, their time, failures.
import { h, s } from "./dom.js";
import { word } from "./words.js";

const SECONDS = 60;
const [WIDE, HIGH] = [120, 32];

// A name, a value and a line; `draw` takes the line's values and the text of the value.
export function tile(name) {
  const line = s("path", { fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round" });
  const value = h("strong", {}, "–");
  return {
    element: h("div", { class: "tile" }, h("span", {}, word(`plot_${name}`)), value, s("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", "aria-hidden": "true" }, line)),
    draw(series, text) {
      const most = Math.max(...series, 1e-9);
      line.setAttribute("d", series.map((each, index) => `${index ? "L" : "M"}${(index * WIDE) / Math.max(series.length - 1, 1)} ${HIGH - 2 - ((HIGH - 4) * each) / most}`).join(""));
      value.textContent = text;
    },
  };
}

export const rate = (n) => `${n.toFixed(n < 10 ? 1 : 0)} /s`;

export function plots() {
  const slots = new Map();
  const tiles = { rate: tile("rate"), time: tile("time"), failures: tile("failures") };
  const values = {
    rate: (found) => found.length,
    time: (found) => found.length ? found.map((each) => each.ms).sort((a, b) => a - b)[found.length >> 1] : 0,
    failures: (found) => found.filter((each) => each.status < 0 || each.status >= 300).length,
  };

  function draw() {
    const now = Math.floor(Date.now() / 1000);
    for (const second of slots.keys()) if (second < now - SECONDS) slots.delete(second);
    const seconds = Array.from({ length: SECONDS }, (_, index) => slots.get(now - SECONDS + index) || []);
    const all = seconds.flat();
    const texts = { rate: rate(seconds.slice(-10).flat().length / 10), time: `${Math.round(values.time(all))} ms`, failures: `${values.failures(all)}` };
    for (const name of Object.keys(tiles)) tiles[name].draw(seconds.map(values[name]), texts[name]);
  }
  return {
    elements: Object.values(tiles).map((each) => each.element),
    draw,
    passed(each) {
      if (!each.trigger) return;
      const second = Math.floor(each.at);
      const found = slots.get(second) || slots.set(second, []).get(second);
      if (found.length < 5000) found.push(each);
    },
  };
}
