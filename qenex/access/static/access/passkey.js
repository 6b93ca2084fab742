// Passkeys: asks the site for the options, the browser for a signature, and sends it with the form.

const toBytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
};

const toText = (buffer) => {
  const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte));
  return btoa(letters.join("")).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

const withIds = (list) => (list || []).map((each) => ({ ...each, id: toBytes(each.id) }));

const ceremonies = {
  async create(options) {
    const credential = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        user: { ...options.user, id: toBytes(options.user.id) },
        excludeCredentials: withIds(options.excludeCredentials),
      },
    });
    const { response } = credential;
    return answer(credential, {
      attestationObject: toText(response.attestationObject),
      clientDataJSON: toText(response.clientDataJSON),
      transports: response.getTransports ? response.getTransports() : [],
    });
  },

  async get(options) {
    const credential = await navigator.credentials.get({
      publicKey: {
        ...options,
        challenge: toBytes(options.challenge),
        allowCredentials: withIds(options.allowCredentials),
      },
    });
    const { response } = credential;
    return answer(credential, {
      authenticatorData: toText(response.authenticatorData),
      clientDataJSON: toText(response.clientDataJSON),
      signature: toText(response.signature),
      userHandle: response.userHandle ? toText(response.userHandle) : null,
    });
  },
};

const answer = (credential, response) => ({
  id: credential.id,
  rawId: toText(credential.rawId),
  type: credential.type,
  clientExtensionResults: credential.getClientExtensionResults(),
  response,
});

const options = async (form) => {
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const reply = await fetch(form.dataset.options, { method: "POST", headers: { "X-CSRFToken": token } });
  if (!reply.ok || reply.redirected) throw new Error(`status ${reply.status}`);
  return reply.json();
};

const sign = async (form) => {
  const button = form.querySelector("button[type=submit]");
  const error = form.querySelector("[data-passkey-error]");
  button.disabled = true;
  error.hidden = true;
  try {
    const credential = await ceremonies[form.dataset.passkey](await options(form));
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
  } catch {
    const numbers = /^[\d.]+$|^\[/.test(location.hostname);
    error.textContent = numbers ? error.dataset.address : error.dataset.failed;
    error.hidden = false;
    button.disabled = false;
    button.focus();
  }
};

// The button waits for this script: without it the form would be sent with no answer of a passkey.
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const button = form.querySelector("button[type=submit]");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!button.disabled) sign(form);
  });
  window.addEventListener("pageshow", () => { button.disabled = false; }); // whoever comes back may try again
  button.disabled = false;
  if ("first" in button.dataset && document.activeElement === document.body) button.focus();
}
