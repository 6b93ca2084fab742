// The journal form: lines come and go by keyboard, and the totals of both sides are always in sight.

import { format, parse } from "./amounts.js";

const form = document.getElementById("journal-form");
const lines = document.getElementById("lines");
const totals = document.getElementById("totals");
const balance = document.getElementById("balance");
const count = form.querySelector("[name=lines-TOTAL_FORMS]");
const limit = Number(form.querySelector("[name=lines-MAX_NUM_FORMS]").value) || 300;

const field = (row, name) => row.querySelector(`[name$="-${name}"]`);
const rows = () => [...lines.children];

function sums() {
  const found = new Map();
  for (const row of rows()) {
    const debit = parse(field(row, "debit").value) ?? 0n;
    const credit = parse(field(row, "credit").value) ?? 0n;
    if (!debit && !credit) continue;
    const { asset = "", places = "2" } = field(row, "account").dataset;
    const sum = found.get(asset) ?? { asset, places: Number(places), debit: 0n, credit: 0n };
    sum.debit += debit;
    sum.credit += credit;
    found.set(asset, sum);
  }
  return found;
}

function totalRow(sum) {
  const row = document.getElementById("total-line").content.cloneNode(true).firstElementChild;
  const [label, debit, credit] = row.children;
  label.textContent = `${balance.dataset.total} ${sum.asset}`;
  debit.textContent = format(sum.debit, sum.places);
  credit.textContent = format(sum.credit, sum.places);
  return row;
}

function verdict(found) {
  const open = found.filter((sum) => sum.debit !== sum.credit);
  if (!found.length) return balance.dataset.empty;
  if (!open.length) return balance.dataset.balanced;
  return open.map((sum) => {
    const difference = sum.debit - sum.credit;
    const side = difference > 0n ? balance.dataset.debit : balance.dataset.credit;
    return `${balance.dataset.difference}: ${format(difference < 0n ? -difference : difference, sum.places)} ${sum.asset} ${side}`;
  }).join("; ");
}

function update() {
  const found = [...sums().values()];
  totals.replaceChildren(...found.map(totalRow));
  const text = verdict(found);
  if (balance.textContent !== text) balance.textContent = text;
}

function describe(row) {
  const { asset, name } = field(row, "account").dataset;
  row.querySelector(".account-info").textContent = asset ? [asset, name].filter(Boolean).join(" · ") : "";
}

function add() {
  const number = Number(count.value);
  if (number >= limit) return null;
  const holder = document.createElement("tbody");
  holder.innerHTML = document.getElementById("empty-line").innerHTML.replaceAll("__prefix__", String(number));
  const row = holder.firstElementChild;
  count.value = String(number + 1);
  lines.append(row);
  prepare(row);
  return row;
}

function remove(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  const target = next ?? add();
  if (target) field(target, "account").focus();
  update();
}

function advance(row) {
  const target = row.nextElementSibling ?? add();
  if (target) field(target, "account").focus();
}

function fillMissing(row, input) {
  const { asset = "", places = "2" } = field(row, "account").dataset;
  input.value = "";
  const sum = sums().get(asset);
  if (!sum) return;
  const missing = input === field(row, "debit") ? sum.credit - sum.debit : sum.debit - sum.credit;
  if (missing > 0n) input.value = format(missing, Number(places), { grouped: false });
  update();
}

function prepare(row) {
  const button = row.querySelector(".remove-line");
  button.hidden = false;
  button.addEventListener("click", () => remove(row));
}

lines.addEventListener("input", update);
lines.addEventListener("account", ({ target }) => {
  describe(target.closest("tr"));
  update();
});
lines.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  if (!event.target.matches("input") || event.isComposing) return;
  if (event.key === "Enter") advance(row);
  else if (event.key === "Delete" && event.ctrlKey) remove(row);
  else if (event.key === "=" && event.target.matches(".amount-input")) fillMissing(row, event.target);
  else return;
  event.preventDefault();
});
document.getElementById("id_book").addEventListener("change", () => {
  for (const row of rows()) {
    const account = field(row, "account");
    for (const name of ["asset", "places", "name"]) delete account.dataset[name];
    describe(row);
    account.dispatchEvent(new Event("change"));
  }
  update();
});
form.addEventListener("submit", (event) => {
  // A second click must not send the form again; the button's own name still has to be sent with the first.
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => delete form.dataset.sent);

const button = document.getElementById("add-line");
button.hidden = false;
button.addEventListener("click", () => {
  const row = add();
  if (row) field(row, "account").focus();
});
document.getElementById("more-lines").hidden = true;
document.getElementById("keys").hidden = false;
rows().forEach(prepare);
update();
