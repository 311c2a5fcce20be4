// The one script of the portal: it asks the portal for a question, an authenticator for the answer, and sends the
// answer with a form of the page. Without it every page works; passkeys alone need it.
const encode = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)))
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const decode = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0));

// A question is good for ten minutes; one that waits in a field's list is put again before that.
const AGAIN = 9 * 60 * 1000;
const form = document.querySelector('form[data-passkey]');
const says = document.querySelector('[data-passkey-says]');
let waiting = null;

async function ask() {
  const answer = await fetch(`/.sekisho/api/v1/passkey/${form.dataset.passkey}`, {
    method: 'POST', body: new URLSearchParams({ token: form.elements.token.value }),
  });
  if (!answer.ok) throw new Error(`the portal answered ${answer.status}`);
  const { ticket, publicKey } = await answer.json();
  publicKey.challenge = decode(publicKey.challenge);
  if (publicKey.user) publicKey.user.id = decode(publicKey.user.id);
  for (const list of [publicKey.allowCredentials, publicKey.excludeCredentials]) {
    for (const known of list ?? []) known.id = decode(known.id);
  }
  return { ticket, publicKey };
}

function send(fields) {
  for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
  form.submit();
}

async function register() {
  const { ticket, publicKey } = await ask();
  const { response } = await navigator.credentials.create({ publicKey });
  send({
    ticket, client: encode(response.clientDataJSON), attestation: encode(response.attestationObject),
    transports: (response.getTransports?.() ?? []).join(','),
  });
}

async function assert(more) {
  const { ticket, publicKey } = await ask();
  const { rawId, response } = await navigator.credentials.get({ publicKey, ...more });
  send({
    ticket, id: encode(rawId), handle: response.userHandle ? encode(response.userHandle) : '',
    client: encode(response.clientDataJSON), data: encode(response.authenticatorData),
    signature: encode(response.signature),
  });
}

async function press(event) {
  event.preventDefault();
  says.hidden = true;
  waiting?.abort();
  try {
    await (form.dataset.passkey === 'new' ? register() : assert());
  } catch {
    says.hidden = false;
    says.focus();
  }
}

// The account's field lists passkeys beside names, until the person does something else.
async function wait() {
  waiting?.abort();
  waiting = new AbortController();
  try {
    await assert({ mediation: 'conditional', signal: waiting.signal });
  } catch {
    // Nothing was chosen from the list: the button and the password are still there.
  }
}

if (form && window.PublicKeyCredential) {
  form.hidden = false;
  form.addEventListener('submit', press);
  if (form.dataset.passkey === 'sign-in' && await PublicKeyCredential.isConditionalMediationAvailable?.()) {
    wait();
    setInterval(wait, AGAIN);
  }
}
