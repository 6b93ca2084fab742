// The number of requests that wait for whoever looks at this page, kept up to date without a reload: by a websocket
// where there is one, and otherwise by asking from time to time and whenever somebody comes back to the page.
const EVERY = 15_000;
const AGAIN = 5_000;
const link = document.querySelector("[data-approvals]");

function show(waiting) {
    const badge = link.querySelector(".approvals-count");
    const number = badge.querySelector(".approvals-number");
    if (number.textContent === String(waiting)) {
        return;
    }
    number.textContent = String(waiting);
    badge.hidden = waiting === 0;
    document.dispatchEvent(new CustomEvent("approvals", { detail: { waiting } }));
}

async function ask() {
    if (document.hidden) {
        return;
    }
    try {
        const answer = await fetch(link.dataset.approvals, { headers: { Accept: "application/json" }, redirect: "error" });
        if (answer.ok) {
            show((await answer.json()).waiting);
        }
    } catch {
        // The server is away, or the session has ended: the number stays as it is.
    }
}

function listen() {
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}${link.dataset.live}`);
    socket.addEventListener("message", (event) => show(JSON.parse(event.data).waiting));
    socket.addEventListener("close", (event) => {
        if (event.code < 4000) {
            setTimeout(listen, AGAIN);
        }
    });
}

if (link && link.dataset.live) {
    listen();
} else if (link) {
    setInterval(ask, EVERY);
    window.addEventListener("focus", ask);
    document.addEventListener("visibilitychange", ask);
}
