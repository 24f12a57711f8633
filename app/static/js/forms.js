// Forms: sent once, first error in sight, typed text kept until it is sent, selects that submit their filter.

export function forms(page) {
  for (const form of page.querySelectorAll("form[data-once]")) once(form);
  for (const form of page.querySelectorAll("form[data-keep]")) keepTyped(form);
  for (const button of page.querySelectorAll("[data-unfolds]")) unfold(button);
  for (const field of page.querySelectorAll("[data-sends]")) {
    field.addEventListener("change", () => field.form.requestSubmit());
    // Chosen before this script ran, or restored by the browser: the page must not show another choice than it has.
    const shown = [...(field.options ?? [])].find((option) => option.defaultSelected);
    if (shown && shown.value !== field.value) field.form.requestSubmit();
  }
  const wrong = page.querySelector("main [aria-invalid=true]");
  wrong?.focus();
}

// On the phone a filter bar stays behind its button until it is wanted.
function unfold(button) {
  button.addEventListener("click", () => {
    const folded = button.form.classList.toggle("folded");
    button.setAttribute("aria-expanded", String(!folded));
    if (!folded) button.form.querySelector("label input, label select")?.focus();
  });
}

function once(form) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (event.defaultPrevented) return;
    form.dataset.sent = "yes";
    form.setAttribute("aria-busy", "true");
  });
  // Coming back by the back button, the form can be sent again.
  addEventListener("pageshow", () => { delete form.dataset.sent; form.removeAttribute("aria-busy"); });
}

// Never passwords, never files: only text that would be lost when the session ends under one's hands.
function keepTyped(form) {
  const place = `typed:${location.pathname}:${form.dataset.keep}`;
  const fields = [...form.elements].filter((field) => field.name && ["text", "textarea", "date", "datetime-local", "number", "email", "tel"].includes(field.type));
  try {
    const kept = JSON.parse(sessionStorage.getItem(place) ?? "{}");
    for (const field of fields) if (!field.value && kept[field.name]) field.value = kept[field.name];
    const keep = () => sessionStorage.setItem(place, JSON.stringify(Object.fromEntries(fields.map((field) => [field.name, field.value]))));
    // Typed before this script ran: kept all the same.
    if (fields.some((field) => field.value !== field.defaultValue)) keep();
    // At the fields: one that names its form may stand elsewhere on the page.
    for (const field of fields) field.addEventListener("input", keep);
    form.addEventListener("submit", () => sessionStorage.removeItem(place));
  } catch {
    // Without storage nothing is kept, and nothing else changes.
  }
}
