// Passkeys by WebAuthn: asks the server for a challenge, lets the device answer it and sends the answer back.
//
//   <p data-passkey-missing>…</p>                        shown where passkeys or scripts do not work
//   <div data-passkey="get" or "create" data-start="PATH" data-finish="PATH" hidden>
//     <p role="alert" data-passkey-error data-text="…" hidden></p>
//     <input name="name">                                create: what the person calls the passkey
//     <button type="button" data-passkey-go>…</button>
//   </div>
//
// PATH start answers {publicKey: …} as WebAuthn's JSON; finish takes {credential, name} and answers {next: path}.

type Json = Record<string, unknown>;

function fromB64url(text: string): ArrayBuffer {
  const raw = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  const out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out.buffer;
}

function toB64url(buffer: ArrayBuffer): string {
  let raw = "";
  for (const b of new Uint8Array(buffer)) raw += String.fromCharCode(b);
  return btoa(raw).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function listed(list: unknown): PublicKeyCredentialDescriptor[] | undefined {
  return (list as { id: string; type: "public-key"; transports?: AuthenticatorTransport[] }[] | undefined)?.map((c) => ({
    ...c,
    id: fromB64url(c.id),
  }));
}

async function post(path: string, body?: Json): Promise<Json> {
  const answer = await fetch(path, {
    method: "POST",
    credentials: "same-origin",
    headers: { "Content-Type": "application/json", Accept: "application/json" },
    body: JSON.stringify(body ?? {}),
  });
  const json = (await answer.json()) as Json;
  if (!answer.ok) throw new Refused(typeof json.detail === "string" ? json.detail : "");
  return json;
}

/** Refused is the server's own answer, in the person's language. */
class Refused extends Error {}

async function create(options: Json): Promise<Json> {
  const user = options.user as { id: string; name: string; displayName: string };
  const made = (await navigator.credentials.create({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialCreationOptions),
      challenge: fromB64url(options.challenge as string),
      user: { ...user, id: fromB64url(user.id) },
      excludeCredentials: listed(options.excludeCredentials),
    },
  })) as PublicKeyCredential;
  const response = made.response as AuthenticatorAttestationResponse;
  return {
    id: made.id,
    rawId: toB64url(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment ?? undefined,
    clientExtensionResults: made.getClientExtensionResults(),
    response: {
      clientDataJSON: toB64url(response.clientDataJSON),
      attestationObject: toB64url(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  };
}

async function get(options: Json): Promise<Json> {
  const found = (await navigator.credentials.get({
    publicKey: {
      ...(options as unknown as PublicKeyCredentialRequestOptions),
      challenge: fromB64url(options.challenge as string),
      allowCredentials: listed(options.allowCredentials),
    },
  })) as PublicKeyCredential;
  const response = found.response as AuthenticatorAssertionResponse;
  return {
    id: found.id,
    rawId: toB64url(found.rawId),
    type: found.type,
    authenticatorAttachment: found.authenticatorAttachment ?? undefined,
    clientExtensionResults: found.getClientExtensionResults(),
    response: {
      clientDataJSON: toB64url(response.clientDataJSON),
      authenticatorData: toB64url(response.authenticatorData),
      signature: toB64url(response.signature),
      userHandle: response.userHandle ? toB64url(response.userHandle) : undefined,
    },
  };
}

async function run(box: HTMLElement): Promise<void> {
  const asked = await post(box.dataset.start ?? "");
  const options = asked.publicKey as Json;
  const credential = box.dataset.passkey === "create" ? await create(options) : await get(options);
  const name = box.querySelector<HTMLInputElement>("[name=name]")?.value;
  const { next } = await post(box.dataset.finish ?? "", name === undefined ? { credential } : { credential, name });
  if (typeof next === "string" && next.startsWith("/") && !next.startsWith("//")) location.assign(next);
}

function fail(place: HTMLElement | null, e: unknown): void {
  if (!place) return;
  place.textContent = e instanceof Refused && e.message !== "" ? e.message : (place.dataset.text ?? "");
  place.hidden = false;
}

function begin(box: HTMLElement): void {
  const button = box.querySelector<HTMLButtonElement>("[data-passkey-go]");
  const place = box.querySelector<HTMLElement>("[data-passkey-error]");
  if (!button) return;
  box.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    if (place) place.hidden = true;
    run(box)
      .catch((e) => fail(place, e))
      .finally(() => (button.disabled = false));
  });
}

if ("PublicKeyCredential" in window && window.isSecureContext) {
  for (const note of document.querySelectorAll<HTMLElement>("[data-passkey-missing]")) note.hidden = true;
  for (const box of document.querySelectorAll<HTMLElement>("[data-passkey]")) begin(box);
}
