#!/bin/sh
# @mozilla/readability 0.6.0 (the reader view of Firefox), with linkedom 0.18.12.
#
# A heading about correlated columns disappears in the reader view. Site generators make the id of a heading from its
# words, and readability takes an id with "related" in it for a list of related articles: "cor-related-columns"
# matches, the heading is weighed below zero, and only headings are dropped for it. The section stays, without a title.
#
# A good guess: an id cannot matter to what is read, or the word must stand alone ("related-articles").
#
# Seen:
#   independent-columns kept
#   correlated-columns lost
#   uncorrelated-noise lost
#   relation-to-ridge kept
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund @mozilla/readability@0.6.0 linkedom@0.18.12 > /dev/null
cat > seen.cjs <<'JAVASCRIPT'
const { Readability } = require("@mozilla/readability");
const { parseHTML } = require("linkedom");
const assert = require("assert");

const prose = "<p>" + "The fit needs columns, and columns need rows, as many as there are. ".repeat(8) + "</p>";
const ids = ["independent-columns", "correlated-columns", "uncorrelated-noise", "relation-to-ridge"];
const sections = ids.map((id) => `<h2 id="${id}">Section ${id.split("-").join(" ")}</h2>${prose}${prose}`).join("");
const { document } = parseHTML(`<html><head><title>Least squares</title></head><body><article>${sections}</article></body></html>`);
const read = new Readability(document).parse().content;
const seen = ids.map((id) => [id, read.includes(`Section ${id.split("-").join(" ")}`) ? "kept" : "lost"]);
for (const [id, how] of seen) console.log(id, how);
assert.deepStrictEqual(seen.map(([, how]) => how), ["kept", "lost", "lost", "kept"]);
JAVASCRIPT
node seen.cjs
