// Turns every input for an account's code into a combobox that looks accounts up as one types (WAI-ARIA APG pattern).
// Without this script the input still takes a code.

const DELAY = 150;
let counter = 0;

class Combobox {
  constructor(input) {
    this.input = input;
    this.active = -1;
    this.found = [];
    this.list = document.createElement("ul");
    this.list.className = "combobox-list";
    this.list.id = `accounts-${++counter}`;
    this.list.setAttribute("role", "listbox");
    this.list.setAttribute("aria-label", "Accounts");
    this.list.hidden = true;
    input.parentElement.classList.add("combobox");
    input.after(this.list);
    for (const [name, value] of Object.entries({
      role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id,
    })) input.setAttribute(name, value);
    input.addEventListener("input", () => this.later());
    input.addEventListener("keydown", (event) => this.key(event));
    input.addEventListener("blur", () => this.close());
    input.addEventListener("change", () => this.exact());
    this.list.addEventListener("pointerdown", (event) => this.point(event));
  }

  later() {
    clearTimeout(this.timer);
    this.forget();
    this.timer = setTimeout(() => this.search(), DELAY);
  }

  async ask(parameters) {
    const form = this.input.form;
    const book = document.getElementById(this.input.dataset.bookField)?.value ?? "";
    const query = new URLSearchParams({ book, q: this.input.value.trim(), ...parameters });
    this.request?.abort();
    this.request = new AbortController();
    try {
      const answer = await fetch(`${form.dataset.accountLookup}?${query}`, { signal: this.request.signal });
      return answer.ok ? (await answer.json()).results : [];
    } catch {
      return null;
    }
  }

  async search() {
    const found = await this.ask({});
    if (found && document.activeElement === this.input) this.show(found);
  }

  async exact() {
    clearTimeout(this.timer);
    if (this.input.dataset.asset || !this.input.value.trim()) return;
    const found = await this.ask({ exact: "1" });
    if (found?.length === 1) this.tell(found[0]);
  }

  show(found) {
    const chosen = this.found[this.active]?.code;
    this.found = found;
    this.active = -1;
    this.list.replaceChildren(...found.map((account, place) => {
      const option = document.createElement("li");
      const detail = document.createElement("span");
      option.id = `${this.list.id}-${place}`;
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      detail.className = "quiet";
      detail.textContent = [account.asset, account.name, account.path].filter(Boolean).join(" · ");
      option.append(account.code, detail);
      return option;
    }));
    this.expand(found.length > 0);
    this.move(found.findIndex(({ code }) => code === chosen) + 1); // whoever chose before a late answer has still chosen
  }

  expand(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
    if (!open) this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    clearTimeout(this.timer);
    this.expand(false);
  }

  leave() {
    this.request?.abort(); // a late answer would open it again
    this.close();
  }

  move(step) {
    const options = [...this.list.children];
    if (!options.length || !step) return;
    this.active = (this.active + step + options.length) % options.length;
    options.forEach((option, place) => option.setAttribute("aria-selected", String(place === this.active)));
    options[this.active].scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", options[this.active].id);
  }

  choose(place) {
    this.request?.abort();
    this.input.value = this.found[place].code;
    this.tell(this.found[place]);
    this.close();
  }

  tell(account) {
    Object.assign(this.input.dataset, { asset: account.asset, places: account.places, name: account.name || account.path });
    this.input.dispatchEvent(new CustomEvent("account", { bubbles: true }));
  }

  forget() {
    for (const name of ["asset", "places", "name"]) delete this.input.dataset[name];
    this.input.dispatchEvent(new CustomEvent("account", { bubbles: true }));
  }

  key(event) {
    const open = !this.list.hidden;
    if (event.key === "ArrowDown" && !open) this.search();
    else if (event.key === "ArrowDown") this.move(1);
    else if (event.key === "ArrowUp" && open) this.move(this.active < 0 ? 0 : -1);
    else if (event.key === "Enter" && open && this.active >= 0) this.choose(this.active);
    else if (event.key === "Escape" && open) this.leave();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  point(event) {
    event.preventDefault();
    const option = event.target.closest("[role=option]");
    if (option) this.choose([...this.list.children].indexOf(option));
  }
}

function attach(input) {
  if (!input.hasAttribute("role")) new Combobox(input);
}

document.querySelectorAll("input.account-input").forEach(attach);
document.addEventListener("focusin", ({ target }) => {
  if (target.matches("input.account-input")) attach(target);
});
