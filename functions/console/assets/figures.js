// What processes tell of themselves in Prometheus' text, as small plots: function calls, their time, failures, open streams.
import { api } from "./api.js";
import { rate, tile } from "./plots.js";

const LOOKS = 60; // as many points has a line
const MOST = 500; // processes that are remembered

export function figures() {
  const names = ["calls", "p95", "failed", "streams", "processes"];
  const tiles = Object.fromEntries(names.map((name) => [name, tile(name)]));
  const series = Object.fromEntries(names.map((name) => [name, []]));
  const seen = new Map(); // process → its last figures
  let lookedAt = 0;

  // Counters begin at nothing when a process starts: one that is new since the last look has done all it tells since then.
  function passed(found) {
    const sum = { calls: 0, failed: 0, within: new Map() };
    for (const each of found) {
      const known = seen.get(each.process);
      const before = known?.started_at === each.started_at ? known : { calls: 0, failed: 0, within: {} };
      seen.delete(each.process);
      seen.set(each.process, each);
      if (!lookedAt) continue;
      sum.calls += each.calls - before.calls;
      sum.failed += each.failed - before.failed;
      for (const [le, count] of Object.entries(each.within)) sum.within.set(le, (sum.within.get(le) || 0) + count - (before.within[le] || 0));
    }
    while (seen.size > MOST) seen.delete(seen.keys().next().value);
    return sum;
  }
  function keep(name, value) {
    series[name].push(value);
    if (series[name].length > LOOKS) series[name].shift();
  }

  async function look() {
    const found = await api("/console/figures").catch(() => []);
    if (!found.length) return;
    const now = performance.now();
    const seconds = (now - lookedAt) / 1000;
    const { calls, failed, within } = passed(found);
    if (lookedAt) {
      keep("calls", calls / seconds);
      keep("failed", failed);
      if (calls) keep("p95", quantile(within, 0.95) * 1000);
    }
    keep("streams", found.reduce((sum, each) => sum + each.streams, 0));
    keep("processes", found.length);
    lookedAt = now;
    const last = (name) => series[name].at(-1) ?? 0;
    const megabytes = found.reduce((sum, each) => sum + each.memory_bytes, 0) / 1e6;
    const texts = {
      calls: rate(last("calls")), p95: series.p95.length ? `${Math.round(last("p95"))} ms` : "–", failed: `${series.failed.reduce((sum, each) => sum + each, 0)}`,
      streams: `${last("streams")}`, processes: `${found.length} · ${Math.round(megabytes)} MB`,
    };
    for (const name of names) tiles[name].draw(series[name], texts[name]);
  }
  return { elements: names.map((name) => tiles[name].element), look };
}

// The value that a share of what was counted lies at or below, by cumulative buckets; linear within a bucket, as Prometheus does it.
export function quantile(within, share) {
  const bounds = [...within].map(([le, count]) => [le === "+Inf" ? Infinity : Number(le), count]).sort(([one], [other]) => one - other);
  const wanted = share * bounds.at(-1)[1];
  let [from, below] = [0, 0];
  for (const [to, count] of bounds) {
    if (count >= wanted) return to === Infinity || count === below ? from : from + ((to - from) * (wanted - below)) / (count - below);
    [from, below] = [to, count];
  }
  return from;
}
