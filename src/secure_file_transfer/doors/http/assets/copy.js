// A copy button for every command. Without JavaScript the commands are simply text.
"use strict";
const said = document.getElementById("said");
for (const command of document.querySelectorAll(".commands code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = "Copy";
  button.setAttribute("aria-label", `Copy: ${command.textContent}`);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(command.textContent);
      button.textContent = "Copied";
      said.textContent = "Copied";
    } catch {
      // No clipboard here (an untrusted certificate takes it away): select the text, so that Ctrl+C does it.
      getSelection().selectAllChildren(command);
      button.textContent = "Selected";
      said.textContent = "Selected; copy it with Control C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  command.after(button);
}
