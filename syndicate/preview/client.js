// Reloads the page after a build, and shows what is wrong. Texts are never parsed as HTML.
(() => {
  const OPEN = "syndicate-preview-open";
  const version = document.currentScript.dataset.version;
  const panel = document.createElement("syndicate-preview");
  const root = panel.attachShadow({ mode: "closed" });
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { all: initial; position: fixed; inset-block-end: 1rem; inset-inline-end: 1rem; z-index: 2147483647;
      max-inline-size: min(46rem, calc(100vw - 2rem)); color-scheme: light dark }
    :host([hidden]) { display: none }
    details { font: 14px/1.45 ui-monospace, monospace; direction: ltr; text-align: start; border-radius: 8px;
      border: 1px solid; border-color: light-dark(#c9c4bb, #57534c); box-shadow: 0 2px 12px #0003;
      background: light-dark(#fffdf8, #23211e); color: light-dark(#292621, #eee9e0) }
    details.fault { border-color: light-dark(#b3261e, #f2776d) }
    summary { padding: .5rem .8rem; cursor: pointer; font-weight: 600 }
    summary:focus-visible { outline: 2px solid; outline-offset: 2px; border-radius: 8px }
    .fault summary { color: light-dark(#b3261e, #f79a92) }
    ol { margin: 0; padding: 0 .8rem .7rem; max-block-size: 45vh; overflow: auto; list-style: none }
    li { padding-block: .2rem; overflow-wrap: anywhere }
    @media print { :host { display: none } }`);
  root.adoptedStyleSheets = [style];

  const show = (title, lines, isFault) => {
    panel.hidden = !title;
    const list = document.createElement("ol");
    for (const line of lines) {
      list.appendChild(document.createElement("li")).textContent = line;
    }
    const summary = document.createElement("summary");
    summary.textContent = title;
    const details = document.createElement("details");
    details.className = isFault ? "fault" : "";
    details.open = isFault || sessionStorage.getItem(OPEN) === "yes";
    summary.addEventListener("click", () => sessionStorage.setItem(OPEN, details.open ? "no" : "yes"));
    details.append(summary, list);
    root.replaceChildren(details);
  };

  panel.setAttribute("role", "status");
  panel.hidden = true;
  document.body.append(panel);
  const source = new EventSource("/.syndicate-preview/events");
  source.onmessage = (message) => {
    const state = JSON.parse(message.data);
    if (state.version === version) {
      show(state.title, state.lines, state.is_fault);
    } else {
      location.reload();
    }
  };
  source.onerror = () => show("The preview has ended", [], true);
  addEventListener("pagehide", () => source.close());
})();
