const plain = text => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
const input = document.getElementById("search");
const found = document.getElementById("found");
const groups = [...document.querySelectorAll(".group")];
let rows;

function search() {
  const words = plain(input.value).split(/\s+/).filter(Boolean);
  rows ??= groups.flatMap(group => [...group.querySelectorAll(".rows > li")].map(
    row => ({row, name: plain(row.querySelector("a").textContent)})));
  let count = 0;
  for (const {row, name} of rows) {
    row.hidden = !words.every(word => name.includes(word));
    if (!row.hidden) count++;
  }
  for (const group of groups) group.hidden = !group.querySelector(".rows > li:not([hidden])");
  found.textContent = words.length ? `${count.toLocaleString("en")} found` : "";
}

document.querySelector(".search").hidden = false;
input.addEventListener("input", search);
// Going back brings back what was typed.
addEventListener("pageshow", () => input.value && search());
