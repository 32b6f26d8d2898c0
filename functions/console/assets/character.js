// Faces of the characters, drawn from their names: a colour and a shape each.
import { s } from "./dom.js";

const LOOKS = {
  이코: ["#7ccf4f", "leaf"], 페이피: ["#e9c48a", "sheet"], 팩토리: ["#9fd3f0", "sheet"], 페티: ["#8ee0e6", "bottle"], 비니: ["#f2b8d4", "drop"],
  글래시: ["#5fc39a", "bottle"], 코튼: ["#c9b8f2", "drop"], 플리: ["#f6a35c", "drop"], 메탈리: ["#b5c0cc", "can"], 배리: ["#f3d64a", "can"],
  라이티: ["#ffe38a", "drop"], 일렉: ["#8aa4f0", "can"], 폼이: ["#eef2f5", "sheet"],
};
const SHAPES = {
  leaf: "M32 6C52 10 58 28 50 44 44 56 22 58 14 46 6 32 14 10 32 6Z",
  sheet: "M14 10h30l8 8v32a6 6 0 0 1-6 6H16a6 6 0 0 1-6-6V14a4 4 0 0 1 4-4Z",
  bottle: "M26 4h12v10c0 4 10 7 10 16v22a6 6 0 0 1-6 6H22a6 6 0 0 1-6-6V30c0-9 10-12 10-16Z",
  drop: "M32 5c8 10 22 18 22 33a22 20 0 0 1-44 0C10 23 24 15 32 5Z",
  can: "M16 12c0-8 32-8 32 0v42c0 7-32 7-32 0Z",
};

export function face(name, awake) {
  const [colour, shape] = LOOKS[name] || ["#7ccf4f", "drop"];
  const eye = (x) => awake ? s("circle", { cx: x, cy: 36, r: 3.2, fill: "#17301f" }) : s("path", { d: `M${x - 3} 37h6`, stroke: "#17301f", "stroke-width": 2 });
  return s("svg", { viewBox: "0 0 64 64", class: "face", "aria-hidden": "true" },
    s("path", { d: SHAPES[shape], fill: colour, stroke: "#17301f", "stroke-width": 2.2, "stroke-linejoin": "round" }),
    eye(25), eye(39), s("path", { d: awake ? "M26 43q6 6 12 0" : "M29 44h6", fill: "none", stroke: "#17301f", "stroke-width": 2.2, "stroke-linecap": "round" }));
}
