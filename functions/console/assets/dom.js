// Elements without a framework: h("p", {class: "lead"}, "text", child).

export function h(tag, given = {}, ...children) {
  const made = tag === "svg" || given.svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "svg" || value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made && !given.svg && tag !== "svg" && typeof value !== "string") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const s = (tag, given, ...children) => h(tag, { ...given, svg: true }, ...children);

// What a screen reader hears of changes that are elsewhere on the page.
export function say(text) {
  document.getElementById("said").textContent = text;
}

export function show(place, ...children) {
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
}
