const plain = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const number = count => count.toLocaleString(document.documentElement.lang);
const input = document.getElementById("search");
const found = document.getElementById("found");
const groups = [...document.querySelectorAll(".group")].map(element => ({
  element,
  counts: [...element.querySelectorAll("h2 small"), ...document.querySelectorAll(`.find a[href="#${element.querySelector("h2")?.id}"] + small`)],
}));
for (const group of groups) group.all = group.counts[0]?.textContent;
let rows;

function search() {
  const words = plain(input.value).split(/\s+/).filter(Boolean);
  rows ??= groups.flatMap(group => [...group.element.querySelectorAll(".rows > li")].map(
    row => ({row, group, name: plain(row.querySelector("a").textContent)})));
  for (const group of groups) group.shown = 0;
  let count = 0;
  for (const {row, group, name} of rows) {
    row.hidden = !words.every(word => name.includes(word));
    if (!row.hidden) count++, group.shown++;
  }
  for (const group of groups) {
    group.element.hidden = !group.shown;
    for (const element of group.counts) element.textContent = words.length ? number(group.shown) : group.all;
  }
  found.textContent = words.length ? found.dataset.found.replace("#", number(count)) : "";
}

document.querySelector(".search").hidden = false;
input.addEventListener("input", search);
// Going back brings back what was typed.
addEventListener("pageshow", () => input.value && search());
