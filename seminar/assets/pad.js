// A pad to draw a digit on with mouse, finger or pen. The picture goes to Python when a stroke ends.
const SIDE = 280, SENT = 56;

function render({ model, el }) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", model.get("label"));
  canvas.style.cssText =
    `width: ${SIDE / 2}px; height: ${SIDE / 2}px; background: black; cursor: crosshair; ` +
    "touch-action: none; border: 2px solid #0072B2; border-radius: 4px";
  const context = canvas.getContext("2d", { willReadFrequently: true });
  let drawing = false;

  function wipe() {
    context.fillStyle = "black";
    context.fillRect(0, 0, SIDE, SIDE);
  }

  function place(event) {
    const box = canvas.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * SIDE,
      ((event.clientY - box.top) / box.height) * SIDE,
    ];
  }

  function send() {
    const small = document.createElement("canvas");
    small.width = small.height = SENT;
    const reduced = small.getContext("2d");
    reduced.drawImage(canvas, 0, 0, SENT, SENT);
    const rgba = reduced.getImageData(0, 0, SENT, SENT).data;
    model.set("pixels", Array.from({ length: SENT * SENT }, (_, i) => rgba[4 * i]));
    model.save_changes();
  }

  canvas.addEventListener("pointerdown", (event) => {
    drawing = true;
    canvas.setPointerCapture(event.pointerId);
    context.strokeStyle = "white";
    context.lineWidth = SIDE / 11;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    context.moveTo(...place(event));
    context.lineTo(...place(event)); // a tap leaves a dot
    context.stroke();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!drawing) return;
    context.lineTo(...place(event));
    context.stroke();
  });
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => {
      if (drawing) send();
      drawing = false;
    });
  }
  model.on("change:pixels", () => {
    if (model.get("pixels").length === 0) wipe(); // Python asked for an empty pad
  });
  wipe();
  el.appendChild(canvas);
}

export default { render };
