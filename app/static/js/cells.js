// A column typed downwards: Enter in a [data-cell] goes to the next one instead of sending; in the last it sends.

export function cells(page) {
  const column = [...page.querySelectorAll("[data-cell]")];
  for (const [at, cell] of column.entries()) {
    cell.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      const step = event.key === "Enter" || event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
      const next = column[at + step];
      if (!step || !next) return;
      event.preventDefault();
      next.focus();
      next.select();
    });
  }
}
