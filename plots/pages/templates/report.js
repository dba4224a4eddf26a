(() => {
  // The contents mark the section that is being read.
  const links = new Map([...document.querySelectorAll("nav a")].map(link => [link.hash.slice(1), link]));
  const seen = new Set();
  const watch = new IntersectionObserver(entries => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target); else seen.delete(target);
    }
    const first = [...document.querySelectorAll("main > section")].find(section => seen.has(section));
    for (const [id, link] of links) {
      if (first && first.getAttribute("aria-labelledby") === id) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  });
  for (const section of document.querySelectorAll("main > section")) watch.observe(section);
})();
