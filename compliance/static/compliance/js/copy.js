// Buttons that copy a text of the page: [data-copy] names the element, [data-done] what the button then says.
const SHOWN = 2_000;

async function copy(button) {
    const source = document.getElementById(button.dataset.copy);
    const label = button.textContent;
    try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = button.dataset.done;
    } catch {
        // Not allowed here: the text is marked instead, and the keyboard copies it.
        getSelection().selectAllChildren(source);
        return;
    }
    setTimeout(() => { button.textContent = label; }, SHOWN);
}

for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", () => copy(button));
}
