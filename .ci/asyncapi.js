// Fails if AsyncAPI's own parser has errors or warnings about a document.
const fs = require("fs");
const { Parser } = require("@asyncapi/parser");

const file = process.argv[2];
new Parser().parse(fs.readFileSync(file, "utf8")).then(({ document, diagnostics }) => {
	const found = diagnostics.filter((d) => d.severity <= 1);
	for (const d of found) {
		console.error(`${file}:${d.range.start.line + 1}: ${d.message} (${d.code})`);
	}
	process.exit(document && found.length === 0 ? 0 : 1);
});
