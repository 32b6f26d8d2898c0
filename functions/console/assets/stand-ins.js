// Models that answered in place of the one that was asked for: a line that says so, nothing where none had to.
import { h } from "./dom.js";
import { word } from "./words.js";

export function standIns(models) {
  const others = models ? [...new Set([models.vision, models.answer])].filter((each) => each && each !== models.asked) : [];
  return others.length > 0 && h("p", { class: "stood-in" }, `${word("other_model")} (${models.asked} → ${others.join(", ")})`);
}
