// Boxes ticked on one page of a list go along to its next: [data-carry="x"] boxes, links inside [data-carries="x"].

export function marks(page) {
  for (const place of page.querySelectorAll("[data-carries]")) {
    place.addEventListener("click", (event) => {
      const link = event.target.closest("a[href]");
      if (!link) return;
      const address = new URL(link.href);
      for (const box of page.querySelectorAll(`[data-carry="${place.dataset.carries}"]`)) {
        const kept = address.searchParams.getAll(box.name).filter((value) => value !== box.value);
        address.searchParams.delete(box.name);
        for (const value of kept) address.searchParams.append(box.name, value);
        if (box.checked) address.searchParams.append(box.name, box.value);
      }
      link.href = address.href;
    });
  }
}
