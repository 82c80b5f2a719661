// Makes the first administrator. The code comes in the fragment of the address, which browsers never send.
"use strict";
const form = document.getElementById("form");
const done = document.getElementById("done");
const submit = document.getElementById("submit");
const reveal = document.getElementById("reveal");
const fields = { code: form.elements.code, name: form.elements.name, password: form.elements.password };
const whose = { not_found: "code", invalid_name: "name", exists: "name", weak_password: "password" };
const needed = {
  code: "Enter the code that the server printed when it started.",
  name: "Choose the name you will sign in with.",
  password: "Choose a password.",
};

fields.code.value = decodeURIComponent(location.hash.slice(1));
(fields.code.value ? fields.name : fields.code).focus();

function fault(name, text) {
  const place = document.getElementById(name ? `${name}-fault` : "fault");
  place.textContent = text;
  place.hidden = !text;
  if (name) {
    if (text) fields[name].setAttribute("aria-invalid", "true");
    else fields[name].removeAttribute("aria-invalid");
  }
}

function clear() {
  fault("", "");
  for (const name of Object.keys(fields)) fault(name, "");
}

reveal.addEventListener("click", () => {
  const hidden = fields.password.type === "password";
  fields.password.type = hidden ? "text" : "password";
  reveal.textContent = hidden ? "Hide" : "Show";
  reveal.setAttribute("aria-pressed", String(hidden));
});

for (const [name, field] of Object.entries(fields)) field.addEventListener("input", () => fault(name, ""));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  clear();
  const empty = Object.keys(fields).filter((name) => !fields[name].value.trim());
  for (const name of empty) fault(name, needed[name]);
  if (empty.length) {
    fields[empty[0]].focus();
    return;
  }
  submit.disabled = true;
  submit.textContent = "Creating…";
  try {
    const body = { code: fields.code.value.trim(), name: fields.name.value.trim(), password: fields.password.value };
    const answer = await fetch("/api/v1/setup", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const document_ = await answer.json();
    if (!answer.ok) {
      const name = whose[document_.code] ?? "";
      fault(name, [document_.detail, document_.hint].filter(Boolean).join(". ").replaceAll("..", "."));
      if (name) fields[name].focus();
      return;
    }
    finish(document_.token);
  } catch {
    fault("", "The server does not answer. Check that it still runs, and try again.");
  } finally {
    submit.disabled = false;
    submit.textContent = "Create administrator";
  }
});

function finish(token) {
  history.replaceState(null, "", location.pathname);
  form.reset();
  form.remove();
  document.querySelector(".lead").textContent = "Done. Welcome.";
  done.hidden = false;
  done.focus();
  // The page keeps no session: signing in is for the programs that will use it.
  fetch("/api/v1/sessions/current", { method: "DELETE", headers: { Authorization: `Bearer ${token}` } }).catch(() => {});
}
