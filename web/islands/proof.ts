// "Selbst nachprüfen": fetches the evidence for this page, checks it in the browser and writes the result beside it.
//
//   <section data-proof="/zugriffe/nachweis.json" data-proof-person="ID">
//     <button type="button" data-proof-go hidden>…</button>
//     <p role="status" data-proof-result data-text-running="…" data-text-ok="… {n} …" data-text-part="… {n} …"
//        data-text-signature="…" data-text-inclusion="…" data-text-gap="…" data-text-order="…" data-text-document="…"
//        data-text-vanished="…" data-text-key="…" data-text-unsupported="…" data-text-fetch="…"></p>
//     <p data-proof-waiting data-text="… {n} …" hidden></p>                                   records without a place yet
//     <p data-proof-before data-text-first="…" data-text-again="…" data-text-forgotten="…" hidden></p>
//     <button type="button" data-proof-forget hidden>…</button>
//   </section>
//   <span data-proof-record="ID" data-text-ok="…" data-text-bad="…">…</span>   one per record, anywhere on the page
//
// Texts come from the page, in the person's language; {n} is the number of records checked. Nothing is sent anywhere.
// With data-proof-person the browser remembers the state it saw, under a hash of the id, and compares the next time.
import { check, type Evidence, type Result, type Seen } from "./_check";

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

/** Memory is what this browser keeps of one person's checks; a browser that keeps nothing has an empty one. */
class Memory {
  private constructor(private readonly name: string) {}

  static async of(person: string): Promise<Memory> {
    const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(person)));
    return new Memory("amtsweg-proof-" + Array.from(sum.slice(0, 16), (b) => b.toString(16).padStart(2, "0")).join(""));
  }

  read(): Seen | undefined {
    try {
      return (JSON.parse(localStorage.getItem(this.name) ?? "null") as Seen | null) ?? undefined;
    } catch {
      return undefined;
    }
  }

  keep(seen: Seen): boolean {
    try {
      localStorage.setItem(this.name, JSON.stringify(seen));
      return true;
    } catch {
      return false;
    }
  }

  forget(): void {
    try {
      localStorage.removeItem(this.name);
    } catch {
      // nothing is kept here
    }
  }
}

class Check {
  private readonly result: HTMLElement;
  private readonly waiting: HTMLElement | null;
  private readonly before: HTMLElement | null;
  private readonly forget: HTMLButtonElement | null;

  constructor(
    private readonly section: HTMLElement,
    private readonly go: HTMLButtonElement,
    result: HTMLElement,
  ) {
    this.result = result;
    this.waiting = section.querySelector("[data-proof-waiting]");
    this.before = section.querySelector("[data-proof-before]");
    this.forget = section.querySelector("[data-proof-forget]");
    go.hidden = false;
    go.addEventListener("click", () => {
      go.disabled = true;
      this.run().finally(() => (go.disabled = false));
    });
    this.forget?.addEventListener("click", () => void this.forgetAll());
    void this.offerToForget();
  }

  private get person(): string {
    return this.section.dataset.proofPerson ?? "";
  }

  private async offerToForget(): Promise<void> {
    if (this.forget && this.person !== "") this.forget.hidden = (await Memory.of(this.person)).read() === undefined;
  }

  private async forgetAll(): Promise<void> {
    (await Memory.of(this.person)).forget();
    this.remark("forgotten");
    this.go.focus(); // the button that had the focus goes away
    if (this.forget) this.forget.hidden = true;
  }

  private remark(name: string): void {
    if (!this.before) return;
    this.before.hidden = name === "";
    if (name !== "") say(this.before, name);
  }

  private async run(): Promise<void> {
    say(this.result, "running");
    this.remark("");
    let evidence: Evidence;
    try {
      const answer = await fetch(this.section.dataset.proof ?? "", { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      evidence = (await answer.json()) as Evidence;
    } catch {
      say(this.result, "fetch");
      return;
    }
    const memory = this.person === "" ? undefined : await Memory.of(this.person);
    const before = memory?.read();
    const result = await check(evidence, this.person, before);
    mark(result);
    if (this.waiting) {
      this.waiting.hidden = !result.ok || result.waiting === 0;
      this.waiting.textContent = (this.waiting.dataset.text ?? "").replace("{n}", String(result.waiting));
    }
    if (!result.ok) {
      say(this.result, result.fault ?? "document", result.checked.length);
      return;
    }
    say(this.result, result.whole ? "ok" : "part", result.checked.length);
    if (result.seen && memory?.keep(result.seen)) this.remark(before ? "again" : "first");
    await this.offerToForget();
  }
}

for (const section of document.querySelectorAll<HTMLElement>("[data-proof]")) {
  const button = section.querySelector<HTMLButtonElement>("[data-proof-go]");
  const place = section.querySelector<HTMLElement>("[data-proof-result]");
  if (button && place) new Check(section, button, place);
}
