// Try it: a photo by file, camera, drop or paste; its stages as they happen; the answer and the character.
import { api, upload } from "./api.js";
import { camera } from "./camera.js";
import { face } from "./character.js";
import { h, say, show } from "./dom.js";
import { stagesOf } from "./flow.js";
import { standIns } from "./stand-ins.js";
import { word, when } from "./words.js";

const TAKES = "image/jpeg,image/png,image/webp,image/gif,image/heic,image/heif";

export function tryIt(main, { signedOut }) {
  let events = null;
  let job = null;
  const shown = h("div", { class: "shown" });
  const ribbon = h("ol", { class: "ribbon", hidden: true, "aria-label": word("stages") });
  const outcome = h("div", { class: "outcome" });
  const question = h("input", { id: "question", maxlength: 500, placeholder: word("question_example") });
  const file = h("input", { type: "file", id: "file", accept: TAKES, class: "visually-hidden", onchange: () => file.files[0] && scan(file.files[0]) });
  const drop = h("label", { for: "file", class: "drop", ondragover: over, ondragleave: over, ondrop: dropped },
    h("span", { class: "big", "aria-hidden": "true" }, "♻"), h("strong", {}, word("choose")), h("span", {}, word("choose_more")));
  const stop = h("button", { type: "button", class: "quiet", hidden: true, onclick: cancel }, word("cancel"));
  const past = h("ul", { class: "past" });
  const friends = h("ul", { class: "friends" });

  function over(event) {
    event.preventDefault();
    drop.classList.toggle("over", event.type === "dragover");
  }
  function dropped(event) {
    over(event);
    if (event.dataTransfer.files[0]) scan(event.dataTransfer.files[0]);
  }
  function pasted(event) {
    const picture = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
    if (picture) scan(picture);
  }

  async function sample() {
    const answer = await fetch(new URL("./sample.jpg", import.meta.url));
    scan(new File([await answer.blob()], "sample.jpg", { type: "image/jpeg" }));
  }

  function told(problem) {
    if (problem.status === 401) return signedOut();
    stop.hidden = true;
    show(outcome, h("p", { class: "problem", role: "alert" }, problem.message));
  }

  async function scan(picture) {
    events?.close();
    job = null;
    show(outcome);
    const address = URL.createObjectURL(picture);
    show(shown, h("img", { src: address, alt: word("your_photo"), onload: () => URL.revokeObjectURL(address), onerror: (event) => event.target.remove() }));
    const steps = stages(ribbon, await stagesOf("scan"));
    file.value = "";
    try {
      const body = { image_url: await upload("scan", picture) };
      if (question.value.trim()) body.user_input = question.value.trim();
      job = await api("/scan", { method: "POST", body, headers: { "idempotency-key": crypto.randomUUID() } });
    } catch (problem) {
      ribbon.hidden = true;
      return told(problem);
    }
    stop.hidden = false;
    follow(steps);
  }

  function follow(steps) {
    events = new EventSource(job.stream_url);
    const mine = events;
    const step = (event) => { const data = JSON.parse(event.data); steps.reached(data); if (data.status === "started") say(data.message); };
    for (const name of steps.names) mine.addEventListener(name, step);
    mine.addEventListener("done", (event) => {
      mine.close();
      steps.done();
      answered(JSON.parse(event.data).result);
    });
    mine.addEventListener("error", (event) => {
      if (!event.data) return; // the connection broke; the browser takes it up again
      mine.close();
      const data = JSON.parse(event.data);
      steps.failed(data.stage);
      told(new Error(data.message || data.error));
      history();
    });
  }

  async function cancel() {
    if (job) await api(job.result_url.replace("/api/v1", "").replace(/\/result$/, ""), { method: "DELETE" }).catch(told);
  }

  function answered(result) {
    stop.hidden = true;
    show(outcome, ...answer(result));
    say(word("answer_there"));
    history();
    collection(result.reward?.name);
  }

  async function history() {
    const { scans } = await api("/scan?limit=6").catch(() => ({ scans: [] }));
    show(past, scans.map((each) => h("li", {},
      h("img", { src: each.image_url.replace(/\.jpg$/, "_320.jpg"), alt: "", loading: "lazy", width: 56, height: 56, onerror: (event) => event.target.classList.add("none") }),
      h("button", { type: "button", class: "link", onclick: () => reopen(each) }, classes(each.categories) || word(`status_${each.status}`)),
      h("time", { datetime: each.created_at }, when(each.created_at)))));
    past.previousSibling.hidden = !scans.length;
  }

  async function reopen(each) {
    const result = await api(`/scan/${each.job_id}/result`).catch(told);
    if (!result) return;
    ribbon.hidden = true;
    show(shown, h("img", { src: each.image_url, alt: word("your_photo") }));
    answered(result);
    outcome.scrollIntoView({ block: "nearest" });
  }

  // The one just won is shown at once: the event that puts it into the collection may still be on its way.
  async function collection(won) {
    const [known, owned] = await Promise.all([api("/character/catalog"), api("/users/me/characters")]).catch(() => [[], []]);
    const mine = new Set([...owned.map((each) => each.name), won]);
    show(friends, known.map((each) => h("li", { class: mine.has(each.name) ? "mine" : "not-yet" },
      face(each.name, mine.has(each.name)), h("span", {}, each.name), h("span", { class: "visually-hidden" }, word(mine.has(each.name) ? "owned" : "not_owned")))));
  }

  show(main, h("div", { class: "try" },
    h("section", { class: "card ask" },
      h("h1", {}, word("try_title")), file, drop,
      h("div", { class: "row" },
        h("button", { type: "button", class: "primary", onclick: () => camera(scan, told) }, word("camera")),
        h("button", { type: "button", onclick: () => sample().catch(told) }, word("sample"))),
      h("label", { for: "question" }, word("question")), question),
    h("section", { class: "card result", "aria-label": word("answer") }, shown, ribbon, stop, outcome,
      h("p", { class: "hint" }, word("answer_hint"))),
    h("section", { class: "card" }, h("h2", {}, word("history")), past),
    h("section", { class: "card" }, h("h2", {}, word("friends")), friends)));
  addEventListener("paste", pasted);
  history();
  collection();
  return () => { events?.close(); removeEventListener("paste", pasted); };
}

// The ribbon of stages; the next one runs from the moment that the one before it is done.
function stages(ribbon, declared) {
  const names = ["queued", ...declared];
  const places = new Map(names.map((name) => [name, h("li", {}, h("span", { class: "dot", "aria-hidden": "true" }), h("span", {}, word(`stage_${name}`).replace("stage_", "")), h("small", {}))]));
  const began = performance.now();
  let last = began;
  ribbon.hidden = false;
  show(ribbon, [...places.values()]);
  const mark = (name, state) => places.get(name)?.setAttribute("class", state);
  mark("queued", "now");
  return {
    names,
    reached({ stage, status }) {
      mark("queued", "done");
      if (status === "started") mark(stage, "now");
      if (status !== "completed") return;
      mark(stage, "done");
      places.get(stage).querySelector("small").textContent = `${Math.round(performance.now() - last)} ms`;
      last = performance.now();
    },
    done: () => names.forEach((name) => mark(name, "done")),
    failed: (stage) => mark(stage, "bad"),
  };
}

const classes = (found) => found && ["major", "middle", "minor"].map((level) => found[`${level}_category`]).filter(Boolean).join(" › ");

function answer({ status, pipeline_result: found, reward, error }) {
  if (status !== "completed") return [h("p", { class: "problem" }, error?.message || word(`status_${status}`))];
  const { classification_result: seen, final_answer: said, disposal_rules: rule } = found;
  const steps = Object.values(said?.disposal_steps || {});
  const sources = rule?.source || [];
  return [
    h("h2", { class: "class" }, classes(seen?.classification) || word("not_sure")),
    said?.user_answer && h("p", { class: "said", lang: "ko" }, said.user_answer),
    steps.length > 0 && h("ol", { class: "steps", lang: "ko" }, steps.map((step) => h("li", {}, step))),
    said?.insufficiencies?.length > 0 && h("div", { class: "missing" }, h("h3", {}, word("missing")), h("ul", { lang: "ko" }, said.insufficiencies.map((each) => h("li", {}, each)))),
    standIns(found.models),
    reward && h("div", { class: "reward" }, face(reward.name, true),
      h("div", {}, h("strong", {}, word(reward.already_owned ? "reward_owned" : "reward_new")), h("p", { lang: "ko" }, `${reward.name} “${reward.dialog}”`))),
    h("p", { class: "source" },
      [rule?.name && `${word("source")}: ${rule.name}`, ...sources.map((each) => `${each.title} (${each.publisher})`), seen?.meta && `${word("model")}: ${seen.meta.model}`].filter(Boolean).join(" · ")),
  ].filter(Boolean);
}
