// How far a verification is, asked for every second; when it has ended, the page is loaded again with what was found.
const EVERY = 1_000;
const PATIENCE = 5_000;
const place = document.querySelector("[data-check]");
const told = place.querySelector("[role=status]");
const bar = place.querySelector("progress");

function show(said) {
    if (told.textContent !== said.text) {
        told.textContent = said.text;
    }
    if (said.total > 0) {
        bar.max = said.total;
        bar.value = said.done;
    } else {
        bar.removeAttribute("value");
    }
}

async function ask() {
    try {
        const answer = await fetch(place.dataset.check, { headers: { Accept: "application/json" }, redirect: "error" });
        const said = await answer.json();
        if (!said.open) {
            location.reload();
            return;
        }
        show(said);
        setTimeout(ask, EVERY);
    } catch {
        // The server is away, or the session has ended: try again later.
        setTimeout(ask, PATIENCE);
    }
}

setTimeout(ask, EVERY);
