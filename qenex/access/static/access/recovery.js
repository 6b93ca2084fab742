// Recovery codes: onto paper, or into a file. Without this script they can still be read and copied.

const tools = document.querySelector("[data-recovery]");
const codes = Array.from(document.querySelectorAll("#codes code"), (each) => each.textContent);

tools.hidden = false;
tools.querySelector("[data-print]").addEventListener("click", () => window.print());
tools.querySelector("[data-download]").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${codes.join("\n")}\n`], { type: "text/plain" }));
  link.download = tools.dataset.name;
  link.click();
  URL.revokeObjectURL(link.href);
});
