// Small plots of what passed in the last minute: deliveries a second, their time, failures.
import { h, s } from "./dom.js";
import { word } from "./words.js";

const SECONDS = 60;

export function plots() {
  const slots = new Map();
  const tiles = ["rate", "time", "failures"].map((name) => {
    const line = s("path", { fill: "none", stroke: "currentColor", "stroke-width": 2, "stroke-linejoin": "round" });
    const value = h("strong", {}, "–");
    return { name, line, value, element: h("div", { class: "tile" }, h("span", {}, word(`plot_${name}`)), value, s("svg", { viewBox: "0 0 120 32", preserveAspectRatio: "none", "aria-hidden": "true" }, line)) };
  });
  const values = {
    rate: (found) => found.length,
    time: (found) => found.length ? found.map((each) => each.ms).sort((a, b) => a - b)[found.length >> 1] : 0,
    failures: (found) => found.filter((each) => each.status < 0 || each.status >= 300).length,
  };
  const shown = { rate: (n) => `${n.toFixed(n < 10 ? 1 : 0)} /s`, time: (n) => `${Math.round(n)} ms`, failures: (n) => `${n}` };

  function draw() {
    const now = Math.floor(Date.now() / 1000);
    for (const second of slots.keys()) if (second < now - SECONDS) slots.delete(second);
    const seconds = Array.from({ length: SECONDS }, (_, index) => slots.get(now - SECONDS + index) || []);
    for (const { name, line, value } of tiles) {
      const series = seconds.map(values[name]);
      const most = Math.max(...series, 1);
      line.setAttribute("d", series.map((each, index) => `${index ? "L" : "M"}${(index * 120) / (SECONDS - 1)} ${30 - (28 * each) / most}`).join(""));
      const all = seconds.flat();
      value.textContent = shown[name](name === "rate" ? seconds.slice(-10).flat().length / 10 : values[name](all));
    }
  }
  return {
    element: h("div", { class: "tiles" }, tiles.map((tile) => tile.element)),
    draw,
    passed(each) {
      if (!each.trigger) return;
      const second = Math.floor(each.at);
      const found = slots.get(second) || slots.set(second, []).get(second);
      if (found.length < 5000) found.push(each);
    },
  };
}
