// A form that takes one file: it may be dropped anywhere on the page or chosen with the button of [data-drop],
// which says what was taken: its name, its size, and at once if it is too large or came in company.

export function drop(page) {
  const place = page.querySelector("[data-drop]");
  const input = place?.querySelector("input[type=file]");
  if (!input) return;
  const said = place.querySelector("[data-chosen]");
  for (const hint of place.querySelectorAll("[data-drop-here]")) hint.hidden = false;

  function tell(problem = "") {
    const file = input.files[0];
    const large = file && file.size > Number(place.dataset.most) ? place.dataset.tooLarge : "";
    said.textContent = [file ? `${file.name} · ${size(file.size)}` : "", large, problem].filter(Boolean).join(" — ");
    said.classList.toggle("error", Boolean(large || problem));
    place.classList.toggle("filled", Boolean(file));
  }

  function over(event, on) {
    if (![...event.dataTransfer.types].includes("Files")) return false;
    event.preventDefault();
    place.classList.toggle("over", on);
    return true;
  }

  page.addEventListener("dragover", (event) => over(event, true));
  page.addEventListener("dragleave", (event) => { if (!event.relatedTarget) over(event, false); });
  page.addEventListener("drop", (event) => {
    if (!over(event, false)) return;
    const { files } = event.dataTransfer;
    if (files.length === 1) input.files = files;
    tell(files.length === 1 ? "" : place.dataset.one);
  });
  input.addEventListener("change", () => tell());
  // Back on the page, the browser may have kept the choice; and one may be faster than this script.
  addEventListener("pageshow", () => tell());
  tell();
}

function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}
