// The side menu of the phone, and menus that close when one looks away.

export function drawer(page) {
  const opener = page.querySelector("[data-drawer]");
  const side = opener && page.getElementById(opener.dataset.drawer);
  if (side) sideMenu(page, opener, side);
  for (const menu of page.querySelectorAll("details[data-closes]")) closing(page, menu);
}

function sideMenu(page, opener, side) {
  opener.setAttribute("role", "button");
  opener.setAttribute("aria-expanded", "false");

  function show(open) {
    side.classList.toggle("open", open);
    opener.setAttribute("aria-expanded", String(open));
    if (open) (side.querySelector("[aria-current]") ?? side.querySelector("a")).focus();
    else opener.focus();
  }

  opener.addEventListener("click", (event) => {
    event.preventDefault();
    show(!side.classList.contains("open"));
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key === " ") { event.preventDefault(); opener.click(); }
  });
  side.addEventListener("click", (event) => {
    if (event.target.closest("[data-drawer-close]")) { event.preventDefault(); show(false); }
  });
  page.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && side.classList.contains("open")) show(false);
  });
  page.addEventListener("click", (event) => {
    const outside = !side.contains(event.target) && !opener.contains(event.target);
    if (outside && side.classList.contains("open")) show(false);
  });
}

function closing(page, menu) {
  page.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
}
