// A little Markdown as elements: paragraphs, lists, bold words, pictures and links to https; everything else is text.
import { h } from "./dom.js";

const INLINE = /!\[([^\]]*)\]\((https?:\/\/[^\s)]+)\)|\[([^\]]+)\]\((https?:\/\/[^\s)]+)\)|\*\*([^*]+)\*\*/g;

function inline(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(INLINE)) {
    parts.push(text.slice(from, found.index));
    const [, alt, picture, label, link, bold] = found;
    if (picture) parts.push(h("img", { src: picture, alt }));
    else if (link) parts.push(h("a", { href: link, rel: "noreferrer", target: "_blank" }, label));
    else parts.push(h("strong", {}, bold));
    from = found.index + found[0].length;
  }
  return [...parts, text.slice(from)];
}

export function prose(text) {
  const blocks = [];
  let list = null;
  for (const line of text.split("\n")) {
    const item = line.match(/^\s*(?:[-*]|(\d+)[.)])\s+(.*)/);
    if (item) {
      if (!list) blocks.push(list = h(item[1] ? "ol" : "ul"));
      list.append(h("li", {}, ...inline(item[2])));
      continue;
    }
    list = null;
    if (line.trim()) blocks.push(h("p", {}, ...inline(line.replace(/^#+\s*/, ""))));
  }
  return blocks;
}
