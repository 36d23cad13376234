// Reads feed files with feedsmith and rss-parser and prints what they found, as JSON:
//   node read.mjs FILE...  ->  {FILE: {feedsmith: Reading, "rss-parser": Reading or absent}}
// A Reading is {title, link, entries: [{id, title, link, published, updated, authors, categories, enclosures}]}.

import { readFileSync } from "node:fs";
import { parseFeed } from "feedsmith";
import Parser from "rss-parser";

const instant = (text) => (text ? new Date(text).toISOString() : null);
const alternate = (links) => links?.find((link) => !link.rel || link.rel === "alternate")?.href;

function atomReading(feed) {
  const entry = (item) => ({
    id: item.id,
    title: item.title?.value ?? item.title,
    link: alternate(item.links),
    published: instant(item.published),
    updated: instant(item.updated),
    authors: (item.authors ?? []).map((author) => author.name),
    categories: (item.categories ?? []).map((category) => category.label),
    enclosures: item.links.filter((link) => link.rel === "enclosure").map((link) => link.href),
  });
  return {
    title: feed.title?.value ?? feed.title,
    link: alternate(feed.links),
    entries: (feed.entries ?? []).map(entry),
  };
}

function rssReading(feed) {
  const entry = (item) => ({
    id: item.guid?.value,
    title: item.title,
    link: item.link,
    published: instant(item.pubDate),
    updated: null,
    authors: item.dc?.creators ?? (item.dc?.creator ? [item.dc.creator] : []),
    categories: (item.categories ?? []).map((category) => category.name),
    enclosures: (item.enclosures ?? []).map((enclosure) => enclosure.url),
  });
  return { title: feed.title, link: feed.link, entries: (feed.items ?? []).map(entry) };
}

function jsonReading(feed) {
  const entry = (item) => ({
    id: item.id,
    title: item.title,
    link: item.url,
    published: instant(item.date_published),
    updated: instant(item.date_modified),
    authors: (item.authors ?? []).map((author) => author.name),
    categories: item.tags ?? [],
    enclosures: (item.attachments ?? []).map((attachment) => attachment.url),
  });
  return { title: feed.title, link: feed.home_page_url, entries: (feed.items ?? []).map(entry) };
}

function withFeedsmith(text) {
  const { format, feed } = parseFeed(text);
  return { atom: atomReading, rss: rssReading, json: jsonReading }[format](feed);
}

async function withRssParser(text) {
  const feed = await new Parser().parseString(text);
  const entry = (item) => ({
    id: item.guid ?? item.id,
    title: item.title,
    link: item.link,
    published: instant(item.isoDate ?? item.pubDate),
    updated: null,
    authors: [item.creator ?? item.author].filter(Boolean),
    categories: (item.categories ?? []).map((category) => category._ ?? category.$?.label ?? category),
    enclosures: item.enclosure ? [item.enclosure.url] : [],
  });
  return { title: feed.title, link: feed.link, entries: feed.items.map(entry) };
}

const found = {};
for (const file of process.argv.slice(2)) {
  const text = readFileSync(file, "utf8");
  found[file] = { feedsmith: withFeedsmith(text) };
  if (!file.endsWith(".json")) found[file]["rss-parser"] = await withRssParser(text);
}
process.stdout.write(JSON.stringify(found));
