import { CDN_RELATION, SITE, contentOf, escape, idOf } from "./record.js";

const NAMESPACES =
  'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:content="http://purl.org/rss/1.0/modules/content/" ' +
  'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"';

function item(record) {
  const { data } = record;
  const image = data.images?.[0];
  return `<item>
<title>${escape(data.title)}</title>
<link>${escape(data.webUrl)}</link>
<guid isPermaLink="false">${escape(idOf(record))}</guid>
<pubDate>${data.publishedDateTime.toUTCString()}</pubDate>
<description>${escape(data.excerpt)}</description>
<content:encoded>${escape(contentOf(data))}</content:encoded>
<dc:creator>${escape(data.provider.name)}</dc:creator>
${data.topics.map((topic) => `<category>${escape(topic)}</category>`).join("\n")}
${image ? `<media:content url="${escape(image.url)}" medium="image" width="${image.width}" height="${image.height}"/>` : ""}
${
  data.ampWebUrl
    ? `<atom:link rel="amphtml" type="text/html" href="${escape(data.ampWebUrl)}"/>
<atom:link rel="${CDN_RELATION}" type="text/html" href="${escape(data.cdnAmpWebUrl)}"/>`
    : ""
}
</item>`;
}

export const rss = ({ title, path, records }, name) => `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0" ${NAMESPACES}>
<channel>
<title>${escape(title)}</title>
<link>${SITE}</link>
<description>${escape(title)}</description>
<language>en</language>
<lastBuildDate>${records[0].data.publishedDateTime.toUTCString()}</lastBuildDate>
<atom:link href="${SITE}${path}${name}" rel="self" type="application/rss+xml"/>
${records.map(item).join("\n")}
</channel>
</rss>
`;
