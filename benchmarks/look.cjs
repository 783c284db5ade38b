// Looks at reports as their readers do: three widths, light, dark and print; names what overflows and what axe-core calls serious.
//
// Started by look.py, which says what it needs. Exit status 1 when something is found.
"use strict";
const fs = require("fs");
const path = require("path");
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const WIDTHS = [360, 768, 1280];

async function look(browser, file, shots) {
  const found = [];
  const page = await browser.newPage();
  await page.setBypassCSP(true); // axe-core is put in from outside; the page itself may load nothing
  const fetched = [];
  page.on("request", (one) => { if (!one.url().startsWith("file:") && !one.url().startsWith("data:")) fetched.push(one.url()); });
  for (const theme of ["light", "dark"]) {
    await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: theme }]);
    for (const width of WIDTHS) {
      await page.setViewport({ width, height: 900 });
      await page.goto("file://" + path.resolve(file));
      await page.evaluate(() => document.querySelectorAll("details").forEach((one) => { one.open = true; }));
      const over = await page.evaluate(() => {
        const wide = document.documentElement.clientWidth;
        const out = [];
        for (const one of document.body.querySelectorAll("*")) {
          if (one.parentElement.closest(".scroll, .skip, .unseen, svg") || one.matches(".skip, .unseen, details caption")) continue;
          const box = one.getBoundingClientRect();
          if (box.right > wide + 1 && box.width > 0) out.push(`${one.tagName.toLowerCase()}.${one.className.baseVal ?? one.className} to ${Math.round(box.right)} px`);
        }
        return out.slice(0, 5);
      });
      over.forEach((one) => found.push(`${theme}, ${width} px wide: ${one} overflows`));
      if (shots) await page.screenshot({ path: path.join(shots, `${path.basename(path.dirname(file))}-${theme}-${width}.png`), fullPage: true });
    }
    await page.evaluate(axe);
    const said = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
    for (const one of said.violations.filter((v) => v.impact === "serious" || v.impact === "critical")) {
      found.push(`${theme}: ${one.impact} ${one.id}: ${one.help} (${one.nodes.length}), such as ${one.nodes[0].html.slice(0, 140)}`);
    }
  }
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "light" }]);
  const pdf = await page.pdf({ format: "A4", path: shots ? path.join(shots, `${path.basename(path.dirname(file))}.pdf`) : undefined });
  fetched.forEach((one) => found.push(`fetches ${one}`));
  const size = fs.statSync(file).size;
  if (size > 2e6) found.push(`is ${size} bytes large; 2,000,000 are allowed`);
  console.log(`${file}: ${(size / 1e3).toFixed(0)} kB, ${(pdf.length / 1e3).toFixed(0)} kB as PDF, ${found.length} found`);
  found.forEach((one) => console.log(`  ${one}`));
  await page.close();
  return found.length;
}

(async () => {
  const words = process.argv.slice(2);
  const at = words.indexOf("--shots");
  const shots = at >= 0 ? words.splice(at, 2)[1] : null;
  if (shots) fs.mkdirSync(shots, { recursive: true });
  const browser = await puppeteer.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", args: ["--no-sandbox"] });
  let count = 0;
  for (const file of words) count += await look(browser, file, shots);
  await browser.close();
  process.exit(count ? 1 : 0);
})();
