// Old stories outlive their pictures.
const drop = picture => { picture.closest(".picture").hidden = true; };
for (const picture of document.querySelectorAll(".picture img")) {
  if (picture.complete && !picture.naturalWidth) drop(picture);
  picture.addEventListener("error", () => drop(picture));
}

const said = document.getElementById("said");
for (const button of document.querySelectorAll("[data-copy]")) {
  const label = button.textContent;
  let timer;
  button.hidden = false;
  button.addEventListener("click", async () => {
    let copied = true;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // Without https a page may only copy what is selected.
      getSelection().selectAllChildren(button.previousElementSibling);
      copied = document.execCommand("copy");
    }
    said.textContent = copied ? `${said.dataset.copied}: ${button.dataset.copy}` : said.dataset.selected;
    if (!copied) return;
    button.textContent = said.dataset.copied;
    button.classList.add("copied");
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = label;
      button.classList.remove("copied");
    }, 2000);
  });
}
