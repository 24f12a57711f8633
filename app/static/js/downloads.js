// A file that comes by itself: the page that has just made it carries one a[data-downloads]. Where the attribute
// names the file, it comes once, not again when the page is reloaded or gone back to.

export function downloads(page) {
  const link = page.querySelector("a[data-downloads]");
  if (!link || came(link.dataset.downloads)) return;
  link.click();
}

function came(name) {
  if (!name) return false;
  try {
    const place = `downloaded:${name}`;
    const before = sessionStorage.getItem(place);
    sessionStorage.setItem(place, "yes");
    return before !== null;
  } catch {
    return false;
  }
}
