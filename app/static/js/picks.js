// Ticks that hold over all pages of a list. The form [data-picks] names the list, [data-pick] are the boxes of
// this page; hidden field `picked` tells the server of the others: the ticked, or with `everyone` the unticked.

export function picks(page) {
  for (const done of page.querySelectorAll("[data-picks-done]")) forget(done.dataset.picksDone);
  const form = page.querySelector("form[data-picks]");
  if (form) follow(page, form);
}

function follow(page, form) {
  const { picks: name, picksTotal: total, picksUnit: unit } = form.dataset;
  const boxes = [...page.querySelectorAll("[data-pick]")];
  const everyone = form.elements.everyone;
  const all = page.querySelector("[data-tick-all]");
  const cents = BigInt(unit.replace(".", ""));
  // After a refusal the page holds what was sent; otherwise what this browser remembers of the list.
  const kept = "picksSent" in form.dataset ? null : recall(name);
  let ids = new Set(kept ? kept.ids : sent(form, boxes));
  if (kept) everyone.checked = kept.everyone;

  function show() {
    const count = everyone.checked ? Math.max(0, Number(total) - ids.size) : ids.size;
    for (const box of boxes) {
      box.checked = ids.has(box.value) !== everyone.checked;
      box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
    }
    if (all) {
      all.disabled = false;
      all.checked = boxes.length > 0 && boxes.every((box) => box.checked);
      all.indeterminate = !all.checked && boxes.some((box) => box.checked);
    }
    form.elements.picked.value = [...ids].join(",");
    for (const place of page.querySelectorAll("[data-picked]")) place.textContent = count.toLocaleString("en");
    for (const place of page.querySelectorAll("[data-picked-amount]")) place.textContent = yuan(cents * BigInt(count));
    remember(name, { everyone: everyone.checked, ids: [...ids] });
  }

  function set(box, ticked) {
    if (ticked !== everyone.checked) ids.add(box.value);
    else ids.delete(box.value);
  }

  // Ticked or unticked before this script ran: meant all the same.
  for (const box of boxes) if (box.checked !== box.defaultChecked) set(box, box.checked);
  for (const box of boxes) box.addEventListener("change", () => { set(box, box.checked); show(); });
  all?.addEventListener("change", () => {
    const ticked = all.checked;
    for (const box of boxes) set(box, ticked);
    show();
  });
  everyone.addEventListener("change", () => { ids = new Set(); show(); });
  show();
}

function sent(form, boxes) {
  const listed = form.elements.picked.value.split(",").filter(Boolean);
  if (form.elements.everyone.checked) return listed;
  return [...listed, ...boxes.filter((box) => box.checked).map((box) => box.value)];
}

function recall(name) {
  try {
    return JSON.parse(sessionStorage.getItem(`picks:${name}`));
  } catch {
    return null;
  }
}

function remember(name, state) {
  try {
    sessionStorage.setItem(`picks:${name}`, JSON.stringify(state));
  } catch {
    // Without storage the ticks hold on this page only.
  }
}

function forget(name) {
  try {
    sessionStorage.removeItem(`picks:${name}`);
  } catch {
    // Nothing was kept.
  }
}

function yuan(cents) {
  const text = cents.toString().padStart(3, "0");
  return `${BigInt(text.slice(0, -2)).toLocaleString("en")}.${text.slice(-2)}`;
}
