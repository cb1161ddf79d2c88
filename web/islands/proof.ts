// "Selbst nachprüfen": fetches the evidence for this page, checks it in the browser and writes the result beside it.
//
//   <section data-proof="/zugriffe/nachweis.json">
//     <button type="button" data-proof-go hidden>…</button>
//     <p role="status" data-proof-result data-text-running="…" data-text-ok="… {n} …" data-text-part="… {n} …"
//        data-text-signature="…" data-text-inclusion="…" data-text-gap="…" data-text-order="…" data-text-document="…"
//        data-text-unsupported="…" data-text-fetch="…"></p>
//   </section>
//   <span data-proof-record="ID" data-text-ok="…" data-text-bad="…">…</span>   one per record, anywhere on the page
//
// Texts come from the page, in the person's language; {n} is the number of records checked. Nothing is sent anywhere.
import { check, type Evidence, type Result } from "./_check";

function say(place: HTMLElement, name: string, n = 0): void {
  const key = "text" + name[0].toUpperCase() + name.slice(1);
  place.textContent = (place.dataset[key] ?? "").replace("{n}", String(n));
  place.dataset.proofState = name;
}

function mark(result: Result): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-proof-record]")) {
    const id = place.dataset.proofRecord ?? "";
    if (id === result.record) say(place, "bad");
    else if (result.checked.includes(id)) say(place, "ok");
  }
}

async function run(section: HTMLElement, place: HTMLElement): Promise<void> {
  say(place, "running");
  let evidence: Evidence;
  try {
    const answer = await fetch(section.dataset.proof ?? "", { headers: { Accept: "application/json" }, credentials: "same-origin" });
    if (!answer.ok) throw new Error(String(answer.status));
    evidence = (await answer.json()) as Evidence;
  } catch {
    say(place, "fetch");
    return;
  }
  const result = await check(evidence);
  mark(result);
  if (result.ok) say(place, result.whole ? "ok" : "part", result.checked.length);
  else say(place, result.fault ?? "document", result.checked.length);
}

for (const section of document.querySelectorAll<HTMLElement>("[data-proof]")) {
  const button = section.querySelector<HTMLButtonElement>("[data-proof-go]");
  const place = section.querySelector<HTMLElement>("[data-proof-result]");
  if (!button || !place) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.disabled = true;
    run(section, place).finally(() => (button.disabled = false));
  });
}
