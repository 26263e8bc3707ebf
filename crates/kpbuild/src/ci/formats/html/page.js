"use strict";
// Filters and unfolds; the page is whole without it.
(() => {
  const words = document.getElementById("words");
  const stack = document.getElementById("stack");
  const shown = document.getElementById("shown");
  const unfold = document.getElementById("unfold");
  const items = [...document.querySelectorAll(".item")];
  const texts = new Map();

  const text = (item) => {
    if (!texts.has(item)) texts.set(item, item.textContent.toLowerCase());
    return texts.get(item);
  };

  const fits = (item, wanted, name) => {
    const stacks = item.dataset.stacks;
    const ofStack = !name || !stacks || stacks.includes("\n" + name + "\n");
    return ofStack && wanted.every((word) => text(item).includes(word));
  };

  const filter = () => {
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    const name = stack.value;
    let count = 0;
    for (const item of items) {
      item.hidden = !fits(item, wanted, name);
      if (!item.hidden) count += 1;
    }
    for (const section of document.querySelectorAll("section")) {
      section.hidden = !section.querySelector(".item:not([hidden])");
    }
    shown.textContent = wanted.length || name ? count + " of " + items.length + " shown" : "";
  };

  const folds = () => [...document.querySelectorAll("details.item:not([hidden])")];

  words.addEventListener("input", filter);
  stack.addEventListener("change", filter);
  document.getElementById("filter").addEventListener("submit", (event) => event.preventDefault());
  unfold.addEventListener("click", () => {
    const open = folds().some((fold) => !fold.open);
    for (const fold of folds()) fold.open = open;
    unfold.textContent = open ? "Fold all" : "Unfold all";
  });
  document.addEventListener("keydown", (event) => {
    const writes = event.target instanceof HTMLElement && event.target.matches("input, select");
    if (event.key === "/" && !writes) {
      event.preventDefault();
      words.focus();
    }
  });
  const open = () => {
    const fold = document.getElementById(location.hash.slice(1));
    if (fold instanceof HTMLDetailsElement) fold.open = true;
  };
  window.addEventListener("hashchange", open);
  open();
})();
