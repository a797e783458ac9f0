// Shared by the three formats: escaping, and the HTML of an entry.
export const SITE = "https://feeds.example.org/";
export const CDN_RELATION = `${SITE}rel/amp-cdn`;

const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
export const escape = (text) => text.replace(/[&<>"]/g, (character) => ENTITIES[character]);

export const idOf = (record) =>
  `tag:feeds.example.org,2026:${record.inputPath.slice(record.inputPath.lastIndexOf("/") + 1)}`;

export function contentOf({ title, excerpt, images = [], related = [] }) {
  const pictures = images
    .slice(0, 1)
    .map(
      ({ url, width, height }) =>
        `<p><img src="${escape(url)}" alt="${escape(title)}" width="${width}" height="${height}"></p>`,
    );
  const stories = related.map(
    ({ webUrl, title, provider }) =>
      `<li><a href="${escape(webUrl)}">${escape(title)}</a> (${escape(provider.name)})</li>`,
  );
  const list = stories.length ? `<ul>${stories.join("")}</ul>` : "";
  return `${pictures.join("")}<p>${escape(excerpt)}</p>${list}`;
}
