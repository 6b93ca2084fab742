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
    this.drop();
    this.forget();
    this.timer = setTimeout(() => this.search(), DELAY);
  }

  // What is offered, asked or marked is for what was typed before.
  drop() {
    clearTimeout(this.timer);
    this.request?.abort();
    this.stale = true;
    this.mark(-1);
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
    clearTimeout(this.timer);
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
    this.found = found;
    this.stale = false;
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
    this.mark(-1);
    this.expand(found.length > 0);
  }

  expand(open) {
    this.list.hidden = !open;
    this.input.setAttribute("aria-expanded", String(open));
  }

  close() {
    clearTimeout(this.timer);
    this.mark(-1);
    this.expand(false);
  }

  move(step) {
    const count = this.list.children.length;
    if (count) this.mark((this.active + step + count) % count);
  }

  mark(place) {
    this.active = place;
    [...this.list.children].forEach((option, each) => option.setAttribute("aria-selected", String(each === place)));
    const option = this.list.children[place];
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
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
    const open = !this.list.hidden && !this.stale;
    if (event.key === "ArrowDown" && !open) this.search();
    else if (event.key === "ArrowDown") this.move(1);
    else if (event.key === "ArrowUp" && open) this.move(this.active < 0 ? 0 : -1);
    else if (event.key === "Enter" && open && this.active >= 0) this.choose(this.active);
    else if (event.key === "Escape") return this.escape(event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Nothing that is still on its way opens the list again; where none is open the key is for others too.
  escape(event) {
    if (!this.list.hidden) {
      event.preventDefault();
      event.stopPropagation();
    }
    this.request?.abort();
    this.close();
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
