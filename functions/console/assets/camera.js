// A photo from the camera, in a dialog; where there is none, the reason is told.
import { h } from "./dom.js";
import { word } from "./words.js";

export async function camera(taken, refused) {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } } });
  } catch {
    return refused(new Error(word("no_camera")));
  }
  const film = h("video", { autoplay: true, muted: true, playsinline: true, "aria-label": word("camera") });
  film.srcObject = stream;
  const dialog = h("dialog", { class: "camera", "aria-label": word("camera") }, film,
    h("div", { class: "row" },
      h("button", { type: "button", class: "primary", onclick: shoot }, word("shoot")),
      h("button", { type: "button", onclick: () => dialog.close() }, word("close"))));
  dialog.addEventListener("close", () => { stream.getTracks().forEach((track) => track.stop()); dialog.remove(); });
  document.body.append(dialog);
  dialog.showModal();

  function shoot() {
    const drawn = h("canvas", { width: film.videoWidth, height: film.videoHeight });
    drawn.getContext("2d").drawImage(film, 0, 0);
    drawn.toBlob((photo) => { dialog.close(); taken(new File([photo], "camera.jpg", { type: "image/jpeg" })); }, "image/jpeg", 0.9);
  }
}
