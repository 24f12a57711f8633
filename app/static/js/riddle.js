// Another picture, or a sum in words, without losing what is typed already. Without a script the same buttons send
// the form, and the page comes back with the name.

export function riddle(page) {
  for (const form of page.querySelectorAll("form[data-riddles]")) {
    form.addEventListener("click", (event) => {
      const button = event.target.closest("[data-another]");
      if (!button) return;
      event.preventDefault();
      renew(form, button.value);
    });
  }
}

async function renew(form, kind) {
  const place = form.querySelector("[data-riddle]");
  try {
    const answer = await fetch(`${form.dataset.riddles}?kind=${kind}`, { credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    place.innerHTML = await answer.text();
    place.querySelector("input:not([type=hidden])")?.focus();
  } catch {
    location.reload();
  }
}
