// A list decided by keyboard: form[data-worklist] with the rows of #work-rows. Keys work while a row has the focus:
// arrows, J and K move; [data-key] is the button of a row, [data-bar-key] the one for all that are ticked.
// Each decision is sent by itself; its answer brings the rows as they are then, the counts and what to say.

export function worklist(page) {
  const form = page.querySelector("form[data-worklist]");
  const list = page.getElementById("work-rows");
  if (form && list) start(page, form, list);
}

function start(page, form, list) {
  const status = page.getElementById("work-said");
  const all = page.querySelector("[data-tick-all]");
  const more = () => page.getElementById("work-more");
  const toDo = list.querySelector("[data-open]");
  let line = Promise.resolve();
  let waiting = 0;

  const rows = () => [...list.rows];
  const boxes = () => [...list.querySelectorAll("[data-choose]")];
  const ticked = () => boxes().filter((box) => box.checked);

  function stand(row, focus = true) {
    for (const each of rows()) each.tabIndex = each === row ? 0 : -1;
    if (focus) { row.focus({ preventScroll: true }); row.scrollIntoView({ block: "nearest" }); }
  }

  // The next row that waits for a decision, from here to the end and then from the start.
  function onward(from) {
    const at = from ? rows().indexOf(from) : -1;
    const order = [...rows().slice(at + 1), ...rows().slice(0, at + 1)];
    return order.find((row) => "open" in row.dataset && !row.hasAttribute("aria-busy"));
  }

  function say(text, tone) {
    status.className = `say ${tone}`;
    status.textContent = text;
  }

  function count() {
    const chosen = ticked().length;
    for (const place of page.querySelectorAll("[data-chosen]")) place.textContent = chosen.toLocaleString("en");
    for (const button of page.querySelectorAll("[data-bar-key]")) button.setAttribute("aria-disabled", String(!chosen));
    for (const box of boxes()) box.closest("tr").setAttribute("aria-selected", String(box.checked));
    all.disabled = false;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
    more().hidden = !toDo || Boolean(list.querySelector("[data-open]"));
  }

  function names(chosen) {
    const first = chosen.slice(0, 5).map((box) => box.ariaLabel);
    const together = new Intl.ListFormat(page.documentElement.lang, { type: "conjunction" }).format(first);
    return chosen.length > first.length ? `${together} … (${chosen.length})` : together;
  }

  function tickAll(wanted) {
    for (const box of boxes()) box.checked = wanted;
    count();
  }

  list.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const row = event.target.closest("tr");
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 }[key];
    const onRow = event.target === row;
    if (step) { const next = rows()[rows().indexOf(row) + step]; if (next) stand(next); }
    else if (key === "Home" || key === "End") stand(rows().at(key === "Home" ? 0 : -1));
    else if (key === " " && onRow) { const box = row.querySelector("[data-choose]"); if (box) { box.checked = !box.checked; count(); } }
    else if (key === "a") tickAll(!ticked().length || ticked().length < boxes().length);
    else if (/^[123bxu]$/.test(key)) {
      const many = ticked().length && page.querySelector(`[data-bar-key="${key}"]`);
      const one = row.hasAttribute("aria-busy") ? null : row.querySelector(`[data-key="${key}"]`);
      if (many || one) (many || one).click();
      else say(form.dataset.noKey, "");
    } else return;
    event.preventDefault();
  });
  list.addEventListener("focusin", (event) => stand(event.target.closest("tr"), false));
  list.addEventListener("change", count);
  all.addEventListener("change", () => tickAll(all.checked));

  // A dialog asks for one row or for all that are ticked; its button then names the row.
  page.addEventListener("click", (event) => {
    const asker = event.target.closest("[data-asks]");
    const box = asker && page.getElementById(asker.dataset.asks);
    if (!box) return;
    event.preventDefault();
    if (!asker.dataset.only && !ticked().length) return;
    const send = box.querySelector("[type=submit]");
    send.name = asker.dataset.only ? "only" : "";
    send.value = asker.dataset.only ?? "";
    box.querySelector("[data-subject]").textContent = asker.dataset.name ?? names(ticked());
    box.querySelector("[data-refusal]").hidden = true;
    box.showModal();
  });
  // Cancelled or done, the focus is on the list again.
  for (const box of page.querySelectorAll("dialog")) {
    box.addEventListener("close", () => (list.querySelector('tr[tabindex="0"]') ?? rows()[0]).focus());
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const button = event.submitter;
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    const data = new FormData(form, button);
    const values = data.has("only") ? data.getAll("only") : data.getAll("member_ids");
    const subject = values.map((value) => page.getElementById(`m${value.split(":")[0]}`)).filter(Boolean);
    const box = button.closest("dialog");
    for (const row of subject) row.setAttribute("aria-busy", "true");
    if (!box) { const next = onward(subject.at(-1)); if (next) stand(next); }
    waiting += 1;
    line = line.then(() => send(button.formAction, data, subject, box)).finally(() => { waiting -= 1; });
  });
  addEventListener("beforeunload", (event) => { if (waiting) event.preventDefault(); });

  async function send(action, data, subject, box) {
    let part = null;
    try {
      const answer = await fetch(action, { method: "POST", body: data, headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (answer.redirected || answer.status === 401) { waiting = 0; location.reload(); return; }
      part = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-answer]");
    } catch {
      // Nothing arrived: said below.
    }
    for (const row of subject) row.removeAttribute("aria-busy");
    const refusal = part ? part.querySelector("[data-refusal]")?.textContent : form.dataset.failed;
    if (part) take(part, !refusal);
    if (refusal && box) {
      const place = box.querySelector("[data-refusal]");
      place.textContent = refusal;
      place.hidden = false;
      // What the button names was shown afresh with the rows: asked again, it is meant as it stands now.
      const again = list.querySelector(`#m${subject[0]?.id.slice(1)} [data-choose]`);
      const button = box.querySelector("[type=submit]");
      if (button.name && again) button.value = again.value;
      return;
    }
    say(refusal ?? part.querySelector("[data-said]").textContent, refusal ? "stop" : "ok");
    if (refusal) return;
    if (box) {
      for (const field of box.querySelectorAll("select, textarea, input")) field.value = "";
      const next = onward(rows().find((row) => row.id === subject.at(-1)?.id));
      if (next) stand(next, false);
      box.close();
    }
    if (!more().hidden) more().querySelector("a").focus();
  }

  function take(part, done) {
    for (const fresh of [...part.querySelectorAll("tr")]) {
      const old = page.getElementById(fresh.id);
      if (!old) continue;
      const had = old.contains(page.activeElement);
      fresh.tabIndex = old.tabIndex;
      const [was, is] = [old, fresh].map((row) => row.querySelector("[data-choose]"));
      if (!done && was && is) is.checked = was.checked;
      old.replaceWith(fresh);
      if (had) fresh.focus({ preventScroll: true });
    }
    for (const id of ["work-tabs", "work-more"]) page.getElementById(id).replaceWith(part.querySelector(`#${id}`));
    count();
  }

  count();
  const first = onward(null) ?? rows()[0];
  stand(first, page.activeElement === page.body && !page.querySelector("dialog[open]"));
}
