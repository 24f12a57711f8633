// Dialogs: opened by [data-opens], shown again after a refusal by [data-open]; and forms that ask first.

export function dialogs(page) {
  for (const opener of page.querySelectorAll("[data-opens]")) {
    opener.addEventListener("click", (event) => {
      event.preventDefault();
      page.getElementById(opener.dataset.opens)?.showModal();
    });
    opener.addEventListener("keydown", (event) => {
      if (event.key === " ") { event.preventDefault(); opener.click(); }
    });
  }
  for (const box of page.querySelectorAll("dialog[data-open]")) box.showModal();
  page.addEventListener("click", (event) => {
    const dismiss = event.target.closest("[data-dismiss]");
    const box = dismiss?.closest("dialog");
    if (box) { event.preventDefault(); box.close(); }
  });
  page.addEventListener("submit", ask, true);
}

// A form, or the button that sends it, may carry data-confirm: nothing is sent before the answer.
function ask(event) {
  const form = event.target;
  const source = event.submitter?.dataset.confirm ? event.submitter : form;
  const question = source.dataset.confirm;
  if (!question || form.dataset.confirmed) return;
  event.preventDefault();
  event.stopImmediatePropagation();

  const box = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "confirm-text";
  text.textContent = question;
  box.setAttribute("aria-labelledby", text.id);
  const end = document.createElement("div");
  end.className = "dialog-end";
  const main = document.body.dataset;
  const no = button(source.dataset.confirmNo || main.no || "✕", "btn");
  const yes = button(source.dataset.confirmYes || event.submitter?.textContent.trim() || "OK", "btn main");
  end.append(no, yes);
  box.append(text, end);
  document.body.append(box);
  no.addEventListener("click", () => box.close());
  yes.addEventListener("click", () => {
    box.close();
    form.dataset.confirmed = "yes";
    form.requestSubmit(event.submitter ?? undefined);
    delete form.dataset.confirmed;
  });
  box.addEventListener("close", () => { box.remove(); event.submitter?.focus(); });
  box.showModal();
  no.focus();
}

function button(text, kind) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = kind;
  made.textContent = text;
  return made;
}
