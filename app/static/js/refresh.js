// A part of the page that renews itself: <div data-refresh="/address" data-every="5"> gets the HTML of the
// address; [data-age] (data-text "… {n} …", data-stale text) says how old it is. It rests while nobody looks.

export function refresh(page) {
  for (const part of page.querySelectorAll("[data-refresh]")) keep(page, part);
}

function keep(page, part) {
  const every = Number(part.dataset.every || 5) * 1000;
  const age = page.querySelector("[data-age]");
  let last = Date.now();
  let failed = false;

  async function renew() {
    if (page.hidden || part.contains(page.activeElement)) return;
    try {
      const answer = await fetch(part.dataset.refresh, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (answer.redirected || answer.status === 401) { location.reload(); return; }
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (part.innerHTML !== text) part.innerHTML = text;
      last = Date.now();
      failed = false;
    } catch {
      failed = true;
    }
    tell();
  }

  function tell() {
    if (!age) return;
    const seconds = Math.round((Date.now() - last) / 1000);
    age.textContent = failed ? age.dataset.stale : age.dataset.text.replace("{n}", seconds);
  }

  setInterval(renew, every);
  setInterval(tell, 1000);
  page.addEventListener("visibilitychange", renew);
}
