"use strict";
(() => {
  const form = document.getElementById("filter");
  const cases = [...document.querySelectorAll("details.case")].map((element) => ({ element }));
  const sections = [...document.querySelectorAll("section.family")];
  const words = (item) => {
    item.words ??= item.element.querySelector("summary").textContent.toLowerCase() + " "
      + item.element.querySelector("dd").textContent.toLowerCase();
    return item.words;
  };
  const apply = () => {
    const verdicts = new Set([...form.querySelectorAll("[name=verdict]:checked")].map((box) => box.value));
    const text = form.elements.text.value.trim().toLowerCase();
    let shown = 0;
    for (const item of cases) {
      const fits = verdicts.has(item.element.dataset.verdict) && (!text || words(item).includes(text));
      item.element.hidden = !fits;
      shown += fits;
    }
    for (const section of sections) section.hidden = !section.querySelector("details.case:not([hidden])");
    form.elements.shown.value = `${shown} / ${cases.length} ${form.elements.shown.dataset.word}`;
    document.documentElement.dataset.shown = shown;
  };
  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!target?.matches("details.case")) return;
    target.hidden = false;
    target.closest("section.family").hidden = false;
    target.open = true;
    target.scrollIntoView();
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", reveal);
  form.hidden = false;
  apply();
  reveal();
  document.documentElement.dataset.filter = "ready";
})();
