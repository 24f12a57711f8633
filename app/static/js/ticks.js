// Tick all, and the sum of what is ticked: [data-tick] boxes, [data-tick-all] above them, and any
// [data-ticked] (how many), [data-ticked-amount] (yuan, from data-amount), [data-needs-tick] (enabled by one).

export function ticks(page) {
  const boxes = [...page.querySelectorAll("[data-tick]")];
  if (!boxes.length) return;
  const all = page.querySelector("[data-tick-all]");

  function sum() {
    const ticked = boxes.filter((box) => box.checked);
    // Cents, so that no sum is a float.
    const cents = ticked.reduce((total, box) => total + BigInt((box.dataset.amount ?? "0").replace(".", "")), 0n);
    for (const place of page.querySelectorAll("[data-ticked]")) place.textContent = ticked.length.toLocaleString("en");
    for (const place of page.querySelectorAll("[data-ticked-amount]")) place.textContent = yuan(cents);
    for (const needy of page.querySelectorAll("[data-needs-tick]")) needy.setAttribute("aria-disabled", String(!ticked.length));
    for (const box of boxes) box.closest("tr")?.setAttribute("aria-selected", String(box.checked));
    if (all) {
      all.checked = ticked.length === boxes.length;
      all.indeterminate = ticked.length > 0 && !all.checked;
    }
  }

  // Without this script ticking all would tick nobody: until it runs, the box can't be ticked.
  if (all) all.disabled = false;
  all?.addEventListener("change", () => {
    for (const box of boxes) box.checked = all.checked;
    sum();
  });
  for (const box of boxes) box.addEventListener("change", sum);
  addEventListener("pageshow", sum);
  sum();
}

function yuan(cents) {
  const text = cents.toString().padStart(3, "0");
  return `${BigInt(text.slice(0, -2)).toLocaleString("en")}.${text.slice(-2)}`;
}
