import { SITE, contentOf, idOf } from "./record.js";

function item(record) {
  const { data } = record;
  return {
    id: idOf(record),
    url: data.webUrl,
    title: data.title,
    content_html: contentOf(data),
    summary: data.excerpt,
    image: data.images?.[0]?.url,
    date_published: data.publishedDateTime.toISOString(),
    authors: [{ name: data.provider.name }],
    tags: data.topics,
    _amp: data.ampWebUrl ? { url: data.ampWebUrl, cdn_url: data.cdnAmpWebUrl } : undefined,
  };
}

export const jsonFeed = ({ title, path, records }, name) =>
  JSON.stringify({
    version: "https://jsonfeed.org/version/1.1",
    title,
    home_page_url: SITE,
    feed_url: `${SITE}${path}${name}`,
    language: "en",
    items: records.map(item),
  });
