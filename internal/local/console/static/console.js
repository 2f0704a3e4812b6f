// The console's pages work without this file, but for the shop; it keeps them up to date.
"use strict";

// Ages of orders and events, in place of their dates.
function showAges() {
  for (const time of document.querySelectorAll("time[datetime]")) {
    const seconds = Math.max(0, (Date.now() - Date.parse(time.dateTime)) / 1000);
    const [value, unit] = seconds < 60 ? [seconds, "s"] : seconds < 3600 ? [seconds / 60, "min"]
      : seconds < 86400 ? [seconds / 3600, "h"] : [seconds / 86400, "d"];
    const text = Math.floor(value) + " " + unit;
    if (time.textContent !== text) time.textContent = text;
  }
}

// Parts of the page that are marked with data-live are replaced by what the server now has for them.
// Open details stay open, and the focus stays on its link. While the pointer is down nothing is
// replaced, because a click needs the same element from press to release.
let loading = false, again = false, pressed = false;
addEventListener("pointerdown", () => { pressed = true; });
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => setTimeout(() => { // after the click that follows
    pressed = false;
    if (again) { again = false; refresh(); }
  }));
}
async function refresh() {
  if (loading || pressed) { again = true; return; }
  loading = true;
  try {
    const response = await fetch(location.href);
    if (!response.ok) return;
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    if (pressed) { again = true; return; }
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = next.querySelector(`[data-live="${part.dataset.live}"]`);
      if (!other) continue;
      for (const open of part.querySelectorAll("details[open]")) {
        const same = [...other.querySelectorAll("details")].find(d => d.dataset.key === open.dataset.key);
        if (same) same.open = true;
      }
      if (part.innerHTML === other.innerHTML) continue;
      const focused = part.contains(document.activeElement) ? document.activeElement : null;
      const href = focused && focused.getAttribute("href");
      part.replaceChildren(...other.childNodes);
      if (href) [...part.querySelectorAll("a")].find(a => a.getAttribute("href") === href)?.focus();
    }
    showAges();
  } finally {
    loading = false;
    if (again && !pressed) { again = false; setTimeout(refresh, 200); }
  }
}

function listen() {
  const live = document.getElementById("live");
  const changes = new EventSource("/console/changes");
  changes.onopen = () => live.classList.add("on");
  changes.onerror = () => live.classList.remove("on");
  changes.onmessage = () => { if (document.querySelector("[data-live]")) refresh(); };
}

const post = (path, body) => fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

// Shows a request and its response as they went over the wire.
function showExchange(into, result) {
  const view = document.getElementById("exchange").content.cloneNode(true);
  const code = view.querySelector(".code");
  code.textContent = result.response.line;
  code.classList.add("c" + result.response.line[0] + "xx");
  view.querySelector(".took").textContent = result.took;
  const follow = view.querySelector(".follow");
  if (result.orderId) { follow.href = "/console/orders/" + result.orderId; follow.hidden = false; }
  for (const part of ["request", "response"]) {
    const { line, headers, body } = result[part];
    view.querySelector("." + part).textContent = [line, ...headers, "", body].join("\n");
  }
  into.replaceChildren(view);
}

// The API's page sends each call as JSON.
for (const form of document.querySelectorAll("form.call")) {
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const parameters = {};
    for (const input of form.querySelectorAll("[data-parameter]")) parameters[input.dataset.parameter] = input.value;
    const response = await post("/console/api", { operation: form.dataset.operation, user: form.user?.value ?? "", parameters, body: form.body?.value ?? "" });
    const wire = form.querySelector(".wire");
    if (response.ok) showExchange(wire, await response.json()); else wire.textContent = await response.text();
  });
}

// The shop sends its basket as JSON and shows the request and the response.
function openShop(form) {
  const wire = document.getElementById("wire"), repeat = document.getElementById("repeat");
  let last = null;
  const basket = () => {
    const items = {};
    for (const input of form.querySelectorAll("input[type=number]")) items[input.name] = Number(input.value) || 0;
    return { user: form.user.value, country: form.country.value, items };
  };
  const money = minor => (minor / 100).toFixed(2);
  const quote = async () => {
    const response = await post("/console/shop/quote", basket());
    if (!response.ok) return;
    const { deliveryPrice, total } = await response.json();
    document.getElementById("delivery").value = money(deliveryPrice);
    document.getElementById("total").value = money(total);
  };
  const send = async body => {
    const response = await post("/console/shop/order", body);
    if (!response.ok) { wire.textContent = await response.text(); return; }
    const result = await response.json();
    last = { ...body, break: "", repeat: result.request.body };
    repeat.disabled = false;
    showExchange(wire, result);
  };
  form.addEventListener("input", quote);
  form.addEventListener("submit", event => {
    event.preventDefault();
    send({ ...basket(), break: event.submitter?.value ?? "" });
  });
  repeat.addEventListener("click", () => send(last));
  quote();
}

for (const button of document.querySelectorAll(".copy")) {
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(button.nextElementSibling.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
}
const shop = document.getElementById("shop");
if (shop) openShop(shop);
showAges();
setInterval(showAges, 1000);
listen();
