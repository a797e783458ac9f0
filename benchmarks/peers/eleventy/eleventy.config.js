// Eleventy: the records are its templates, the topics its collections, and one paginated template
// per format makes the feeds. JavaScript templates are the fastest that Eleventy has.
// The feed of all records is one more page of the same pagination.
import { atom } from "./feeds/atom.js";
import { jsonFeed } from "./feeds/json.js";
import { rss } from "./feeds/rss.js";

const ENTRIES = 50;
const FORMATS = { "rss.xml": rss, "atom.xml": atom, "feed.json": jsonFeed };

// Eleventy's own slugify filter takes 1.5 ms a name, which is not part of this comparison.
const slug = (title) => title.toLowerCase().replace(/[^a-z0-9]+/g, "-");

export default function (config) {
  // No pages for the records: they are read into the collections and never rendered.
  config.addGlobalData("permalink", false);
  // The bodies are empty and need no template language.
  config.setTemplateFormats(["md", "11ty.js"]);
  config.setQuietMode(true);

  config.addCollection("feeds", (api) => {
    const records = api
      .getFilteredByGlob("news/*.md")
      .sort((a, b) => b.data.publishedDateTime - a.data.publishedDateTime);
    const topics = new Map();
    for (const record of records) {
      for (const topic of record.data.topics) {
        if (!topics.has(topic)) topics.set(topic, []);
        if (topics.get(topic).length < ENTRIES) topics.get(topic).push(record);
      }
    }
    return [
      { title: "Bench", path: "", records: records.slice(0, ENTRIES) },
      ...[...topics].map(([title, of]) => ({ title, path: `topics/${slug(title)}/`, records: of })),
    ];
  });

  for (const [name, render] of Object.entries(FORMATS)) {
    config.addTemplate(`feeds-${name}.11ty.js`, {
      data: {
        pagination: { data: "collections.feeds", size: 1, alias: "feed" },
        permalink: ({ feed }) => `/${feed.path}${name}`,
        eleventyExcludeFromCollections: true,
      },
      render: ({ feed }) => render(feed, name),
    });
  }

  return { markdownTemplateEngine: false, dir: { input: ".", output: "public" } };
}
