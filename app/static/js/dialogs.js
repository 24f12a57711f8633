// Dialogs: opened by [data-opens], shown again after a refusal by [data-open]; and buttons that ask first.

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

// A button named "question" asks before its form goes out; its value is the agreeing button's words and,
// below, the question. Sent along, the server would ask once more: so it is left out of what was agreed to.
function ask(event) {
  const form = event.target;
  const source = event.submitter;
  if (source?.name !== "question" || form.dataset.agreed) return;
  event.preventDefault();
  event.stopImmediatePropagation();

  const [agree, ...question] = source.value.split("\n");
  const box = document.createElement("dialog");
  const text = document.createElement("p");
  text.id = "question-text";
  text.textContent = question.join("\n");
  box.setAttribute("aria-labelledby", text.id);
  const end = document.createElement("div");
  end.className = "dialog-end";
  const no = button(document.body.dataset.no, "btn");
  const yes = button(agree, "btn main");
  end.append(no, yes);
  box.append(text, end);
  document.body.append(box);
  no.addEventListener("click", () => box.close());
  yes.addEventListener("click", () => {
    box.close();
    form.dataset.agreed = "yes";
    form.addEventListener("formdata", (sent) => sent.formData.delete("question"), { once: true });
    form.requestSubmit(source);
    delete form.dataset.agreed;
  });
  box.addEventListener("close", () => { box.remove(); source.focus(); });
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
