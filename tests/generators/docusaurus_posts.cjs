// Prints the posts of a Docusaurus site in all its languages as JSON, as its blog plugins load them for a build.
'use strict';
const path = require('node:path');
const {createRequire} = require('node:module');

const [siteDir, nodeModules] = process.argv.slice(2);
const load = createRequire(path.join(nodeModules, 'here.js'));
const {loadSite} = load('@docusaurus/core/lib/server/site.js');
const {applyTrailingSlash} = load('@docusaurus/utils-common');

async function postsOf(locale) {
  const {props} = await loadSite({siteDir, outDir: path.join(siteDir, 'build'), locale});
  const {baseUrl, siteConfig, i18n} = props;
  const rows = [];
  for (const plugin of props.plugins.filter(({name}) => name === 'docusaurus-plugin-content-blog')) {
    for (const {metadata} of plugin.content.blogPosts) {
      rows.push({
        path: metadata.source.replace(/^@site\//, ''),
        url: applyTrailingSlash(metadata.permalink, {trailingSlash: siteConfig.trailingSlash, baseUrl}),
        date: metadata.date,
        language: i18n.locales.length > 1 ? i18n.currentLocale : null,
        listed: !metadata.unlisted,
      });
    }
  }
  return {rows, locales: i18n.locales};
}

async function main() {
  const first = await postsOf(undefined);
  const rows = first.rows;
  for (const locale of first.locales.slice(1)) {
    rows.push(...(await postsOf(locale)).rows);
  }
  process.stdout.write(`\nTRUTH${JSON.stringify(rows)}\n`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
