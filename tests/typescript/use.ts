// A typed client of the API: what compiles here is what the document promises, and what runs is what the platform does.
import assert from "node:assert/strict";
import createClient from "openapi-fetch";
import type { components, paths } from "./api.js";

const base = process.argv[2] ?? "";
const login = await fetch(`${base}/api/v1/auth/local/login?name=TypeScript`, { redirect: "manual" });
const cookie = login.headers.getSetCookie().map((line) => line.split(";")[0]).join("; ");
const api = createClient<paths>({ baseUrl: base, headers: { cookie } });

const me = await api.GET("/api/v1/users/me");
assert.equal(me.data?.provider, "local");
const id: string = me.data.id;

const changed = await api.PATCH("/api/v1/users/me", { body: { nickname: "숲지기" } });
assert.equal(changed.data?.nickname, "숲지기");
assert.equal(changed.data.id, id);

const wrong = await api.PATCH("/api/v1/users/me", { body: { phone_number: "0101234567" } });
const problem: components["schemas"]["Problem"] | undefined = wrong.error;
assert.equal(problem?.code, "INVALID_PHONE_NUMBER");
assert.equal(wrong.response.status, 422);

const places = await api.GET("/api/v1/locations/centers", { params: { query: { lat: 37.5665, lon: 126.978, zoom: 13 } } });
const names: string[] = (places.data ?? []).map((place) => `${place.name} ${place.distance_text}`);
assert.ok(names.length > 0);

const news = await api.GET("/api/v1/info/news", { params: { query: { category: "energy", limit: 5 } } });
assert.ok((news.data?.articles ?? []).every((article) => article.category === "energy"));

const place = await api.POST("/api/v1/images/{channel}", {
  params: { path: { channel: "scan" } },
  body: { filename: "사진.jpg", content_type: "image/jpeg" },
});
assert.equal(place.data?.expires_in, 900);

const unknown = await api.GET("/api/v1/scan/{job_id}/result", { params: { path: { job_id: crypto.randomUUID() } } });
assert.equal(unknown.error?.code, "JOB_NOT_FOUND");

// What the document does not promise does not compile.
// @ts-expect-error there is no such path
await api.GET("/api/v1/nothing").catch(() => undefined);
// @ts-expect-error a channel is one of three
void (() => api.POST("/api/v1/images/{channel}", { params: { path: { channel: "other" } }, body: { filename: "a", content_type: "b" } }));
// @ts-expect-error a position has two numbers
void (() => api.GET("/api/v1/locations/centers", { params: { query: { lat: 1 } } }));

assert.deepEqual((await api.POST("/api/v1/auth/logout")).data?.success, true);
console.log("used");
