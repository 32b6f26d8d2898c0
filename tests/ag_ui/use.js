// A client of AG-UI follows turns of the chat: its own checks hold for every event, and its messages are the answers.
import assert from "node:assert/strict";
import { HttpAgent } from "@ag-ui/client";

const base = process.argv[2];
const login = await fetch(`${base}/api/v1/auth/local/login?name=AG-UI`, { redirect: "manual" });
const cookie = login.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
const ask = async (path, body) => {
  const headers = { cookie, "content-type": "application/json" };
  const answer = await fetch(`${base}/api/v1/chat${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${answer.status}`);
  return answer.json();
};
const follow = async (job, subscriber = {}) => {
  const agent = new HttpAgent({
    url: `${base}/api/v1/chat/${job}/events?profile=ag-ui`,
    headers: { cookie },
    // The message is sent already: the stream is only read.
    fetch: (url, { headers, signal }) => fetch(url, { headers: { ...headers, accept: "text/event-stream" }, signal }),
  });
  const steps = [];
  const ran = await agent.runAgent({}, {
    onStepStartedEvent: ({ event }) => void steps.push(event.stepName),
    onRunFinishedEvent: ({ event }) => void (agent.finished = event),
    ...subscriber,
  });
  return { agent, steps, ran };
};

const chat = await ask("", {});
const { job_id: job } = await ask(`/${chat.id}/messages`, { message: "페트병 라벨은 어떻게 버려요? 이코는 누구야?", model: "local" });
for (const when of ["while it runs", "after its end"]) {
  const { agent, steps, ran } = await follow(job);
  assert.deepEqual([agent.finished.threadId, agent.finished.runId], [chat.id, job], when);
  assert.ok(["intent", "waste_rag", "character", "answer"].every((name) => steps.includes(name)), `${when}: ${steps}`);
  assert.deepEqual(agent.messages.map(({ role }) => role), ["assistant"], when);
  assert.equal(agent.messages[0].content, ran.result.answer, when);
  assert.equal(ran.result.persistence.conversation_id, chat.id);
}

// A turn that waits says so and goes on in the same run.
const { job_id: asked } = await ask(`/${chat.id}/messages`, { message: "근처에 제로웨이스트 가게 있어?", model: "local" });
const needed = [];
const { agent } = await follow(asked, {
  onCustomEvent: async ({ event }) => {
    needed.push([event.name, event.value.input_type]);
    await ask(`/${asked}/input`, { type: "location", data: { latitude: 37.5563, longitude: 126.9723 } });
  },
});
assert.deepEqual(needed, [["needs_input", "location"]]);
assert.match(agent.messages[0].content, /리필 상점/);

// A cancelled turn ends as a run that failed.
const { job_id: stopped } = await ask(`/${chat.id}/messages`, { message: "가까운 재활용센터 알려줘", model: "local" });
const failed = [];
const cancelled = follow(stopped, {
  onCustomEvent: () => fetch(`${base}/api/v1/chat/${stopped}/run`, { method: "DELETE", headers: { cookie } }),
  onRunErrorEvent: ({ event }) => void failed.push(event.code),
});
await cancelled.catch(() => undefined);
assert.deepEqual(failed, ["cancelled"]);
console.log("used");
