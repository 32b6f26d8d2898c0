// The page around its views: which is open, in which language, and who is signed in.
import { api, signIn, signInWith } from "./api.js";
import { chat } from "./chat.js";
import { h, say, show } from "./dom.js";
import { tryIt } from "./try.js";
import { watch } from "./watch.js";
import { language, setLanguage, word } from "./words.js";

const views = { try: tryIt, chat, watch };
const main = document.getElementById("main");
const who = document.getElementById("who");
let user = null;
let leave = () => {};

const opened = () => {
  const name = location.hash.replace(/^#\//, "").split(/[/?]/)[0];
  return name in views ? name : "try";
};

function frame() {
  document.documentElement.lang = language();
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = word(place.dataset.word);
  for (const place of document.querySelectorAll("[data-label]")) place.setAttribute("aria-label", word(place.dataset.label));
  const other = language() === "ko" ? "en" : "ko";
  const button = document.getElementById("language");
  show(button, h("span", { lang: other }, other === "ko" ? "한국어" : "English"));
  show(document.getElementById("tabs"), Object.keys(views).map((name) =>
    h("a", { href: `#/${name}`, "aria-current": name === opened() ? "page" : null }, word(`tab_${name}`))));
  show(who, user && [h("span", { class: "name" }, user.nickname || user.username), h("button", { type: "button", class: "quiet", onclick: signOut }, word("sign_out"))]);
}

function open() {
  leave();
  frame();
  show(main);
  leave = (user ? views[opened()](main, { user, signedOut }) : doors()) || (() => {});
}

async function signOut() {
  await api("/auth/logout", { method: "POST" }).catch(() => {});
  signedOut();
}

function signedOut() {
  user = null;
  open();
}

async function enter() {
  user = await api("/users/me").catch((problem) => {
    if (problem.status !== 401) throw problem;
    return null;
  });
  open();
}

// A new account gets its name by an event, which may arrive after the first look at it.
function named() {
  setTimeout(() => api("/users/me").then((now) => { if (user) { user = now; frame(); } }, () => {}), 1500);
}

function doors() {
  const problem = h("p", { class: "problem", role: "alert" }, location.hash.includes("error=") ? word("sign_in_failed") : "");
  const told = (error) => { problem.textContent = error.message; };
  const ways = h("div", { class: "ways" });
  show(main, h("section", { class: "card door" },
    h("p", { class: "leaf", "aria-hidden": "true" }, "♻"),
    h("h1", {}, word("hero")), h("p", { class: "lead" }, word("hero_more")), ways, problem));
  api("/auth/providers").then(({ local, providers }) => {
    const name = h("input", { id: "name", name: "name", maxlength: 50, value: word("guest"), autocomplete: "nickname" });
    show(ways,
      local && h("form", { onsubmit: (event) => { event.preventDefault(); signIn(name.value.trim() || word("guest")).then(enter).then(named).catch(told); } },
        h("label", { for: "name" }, word("your_name")), h("div", { class: "row" }, name, h("button", { class: "primary" }, word("enter")))),
      local && providers.length > 0 && h("p", { class: "or" }, word("or")),
      h("div", { class: "row" }, providers.map((provider) =>
        h("button", { type: "button", class: `provider ${provider}`, onclick: () => signInWith(provider).catch(told) }, word(`with_${provider}`)))));
  }, told);
}

document.getElementById("language").addEventListener("click", () => {
  setLanguage(language() === "ko" ? "en" : "ko");
  open();
  say(word("language_is"));
});
document.getElementById("theme").addEventListener("click", () => {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = document.documentElement.dataset.theme || (dark ? "dark" : "light");
  localStorage.setItem("theme", (document.documentElement.dataset.theme = now === "dark" ? "light" : "dark"));
});
document.querySelector(".skip").addEventListener("click", (event) => { event.preventDefault(); main.focus(); });
if (localStorage.getItem("theme")) document.documentElement.dataset.theme = localStorage.getItem("theme");
addEventListener("hashchange", () => { open(); main.focus(); });
frame();
enter().catch((problem) => show(main, h("p", { class: "problem", role: "alert" }, problem.message)));
