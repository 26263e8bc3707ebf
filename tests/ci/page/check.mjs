// Opens the page as a person would: on a wide screen, on a phone, in the dark. Fails on anything that the console or the
// network has to say.
import { readFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

const [executablePath, file] = process.argv.slice(2);
const problems = [];
const expect = (what, holds) => {
  if (!holds) problems.push(what);
};

// Containers have neither the sandbox' privileges nor much shared memory.
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-dev-shm-usage"] });

const open = async (options) => {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(120_000);
  const address = pathToFileURL(file).href;
  page.on("console", (message) => problems.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("request", (request) => {
    const url = request.url();
    if (url.split("#")[0] !== address && !url.startsWith("data:")) problems.push(`request: ${url}`);
  });
  await page.goto(address);
  return page;
};

const visible = (page, selector) => page.locator(`${selector}:visible`).count();

const wide = await open({ viewport: { width: 1280, height: 900 } });
expect("the title tells the counts", /2 stacks/.test(await wide.title()));
expect("both stacks are listed", (await visible(wide, "#stacks tbody tr")) === 2);
expect("the rule is listed", (await visible(wide, ".rule")) === 1);
const all = await visible(wide, ".item");

// A side by side diff: two texts beside each other, the difference marked.
await wide.locator(".rule > summary").click();
const row = wide.locator(".rule .diff tr.changed").first();
const [left, right] = [row.locator("td.old"), row.locator("td.new")];
const [leftBox, rightBox] = [await left.boundingBox(), await right.boundingBox()];
expect("old stands left of new", leftBox && rightBox && leftBox.x + leftBox.width <= rightBox.x + 1);
expect("they stand on one line", leftBox && rightBox && Math.abs(leftBox.y - rightBox.y) < 2);
expect("what differs is marked", (await row.locator("mark").allTextContents()).join() === "5,8");

// Filters by words, by stack, and back.
await wide.locator("#words").fill("replicas prometheus");
expect("words filter", (await visible(wide, "#objects .item")) === 1);
expect("what does not fit goes", (await visible(wide, ".rule")) === 0);
expect("the number is told", /\d+ of \d+ shown/.test(await wide.locator("#shown").textContent()));
await wide.locator("#words").fill("nothing has these words");
expect("nothing is left", (await visible(wide, ".item")) === 0);
await wide.locator("#words").fill("");
await wide.locator("#stack").selectOption("staging");
expect("a stack filters", (await visible(wide, "#stacks tbody tr")) === 1);
expect("its rule stays", (await visible(wide, ".rule")) === 1);
await wide.locator("#stack").selectOption("prod");
expect("the rule of another stack goes", (await visible(wide, ".rule")) === 0);
await wide.locator("#stack").selectOption("");
expect("everything is back", (await visible(wide, ".item")) === all);
await wide.evaluate(() => document.activeElement.blur());
await wide.keyboard.press("/");
expect("a key leads to the search", await wide.locator("#words").evaluate((it) => it === document.activeElement));

// All at once, and by a link.
await wide.locator("#unfold").click();
expect("all unfold", (await wide.locator("details.item:not([open])").count()) === 0);
await wide.locator("#unfold").click();
expect("all fold", (await wide.locator("details.item[open]").count()) === 0);
await wide.locator("#dashboards a").first().click();
expect("a dashboard leads to its lines", (await wide.locator("#objects details[open]").count()) === 1);

const width = (page) => page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
const phone = await open({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
await phone.locator("#unfold").click();
expect("a phone need not scroll sideways", (await width(phone)) <= 0);
const narrow = phone.locator(".rule .diff tr.changed").first();
const [above, under] = [await narrow.locator("td.old").boundingBox(), await narrow.locator("td.new").boundingBox()];
expect("on a phone old stands above new", above && under && above.y + above.height <= under.y + 1);

const paper = (page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
const dark = await open({ colorScheme: "dark" });
const light = await open({ colorScheme: "light" });
expect("the dark is dark", (await paper(dark)) === "rgb(13, 17, 23)");
expect("the light is light", (await paper(light)) === "rgb(255, 255, 255)");

// Without script the page is whole.
const plain = await open({ javaScriptEnabled: false });
expect("the page needs no script", (await plain.locator(".item").count()) === all);

const text = await readFile(file, "utf8");
expect("the file names no address to load from", !/(src|href)="(?!data:|#)/.test(text));

await browser.close();
for (const problem of problems) console.log(problem);
console.log(problems.length === 0 ? "page: all checks passed" : `page: ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
