import { CDN_RELATION, SITE, contentOf, escape, idOf } from "./record.js";

function entry(record) {
  const { data } = record;
  const date = data.publishedDateTime.toISOString();
  const image = data.images?.[0];
  return `<entry>
<id>${escape(idOf(record))}</id>
<title>${escape(data.title)}</title>
<link rel="alternate" type="text/html" href="${escape(data.webUrl)}"/>
${
  data.ampWebUrl
    ? `<link rel="amphtml" type="text/html" href="${escape(data.ampWebUrl)}"/>
<link rel="${CDN_RELATION}" type="text/html" href="${escape(data.cdnAmpWebUrl)}"/>`
    : ""
}
<published>${date}</published>
<updated>${date}</updated>
<author><name>${escape(data.provider.name)}</name></author>
${data.topics.map((topic) => `<category term="${escape(topic)}"/>`).join("\n")}
<summary>${escape(data.excerpt)}</summary>
<content type="html">${escape(contentOf(data))}</content>
${image ? `<media:content url="${escape(image.url)}" medium="image" width="${image.width}" height="${image.height}"/>` : ""}
</entry>`;
}

export const atom = ({ title, path, records }, name) => `<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/" xml:lang="en">
<id>${SITE}${path}${name}</id>
<link rel="self" type="application/atom+xml" href="${SITE}${path}${name}"/>
<title>${escape(title)}</title>
<link rel="alternate" type="text/html" href="${SITE}"/>
<updated>${records[0].data.publishedDateTime.toISOString()}</updated>
${records.map(entry).join("\n")}
</feed>
`;
