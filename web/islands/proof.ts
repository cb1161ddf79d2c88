// "Selbst nachprüfen": fetches the evidence for this page, checks it in the browser and writes the result beside it.
//
//   <section data-proof="/zugriffe/nachweis.json" data-proof-person="ID">
//     <button type="button" data-proof-go hidden>…</button>
//     <p role="status" data-proof-result data-text-running="…" data-text-fetch="…" data-text-ok="… {n} …" data-text-part="… {n} …"
//        data-text-FAULT="…"></p>                                                      one for every Fault of _check.ts
//     <p data-proof-waiting data-text="… {n} …" hidden></p>                                   records without a place yet
//     <p data-proof-before data-text-SINCE="…" data-text-unkept="…" data-text-forgotten="…" hidden></p>   for every Since
//     <button type="button" data-proof-save hidden>…</button>                         the remembered checkpoint, as a file
//     <button type="button" data-proof-forget hidden>…</button>
//   </section>
//   <span data-proof-record="ID" data-text-ok="…" data-text-bad="…">…</span>   one per record, anywhere on the page
//
// Texts come from the page, in the person's language; {n} is the number of records checked. What is fetched: the
// evidence, and tiles of the log, which are the same for everybody and are asked for without the session.
// The browser remembers the last checkpoint of the log, as it was signed, and of the person the newest record, under a
// hash of the id. After a fault it keeps what it had.
import { check, type Evidence, type Kept, type Past, type Result, type Seen } from "./_check";

function say(place: HTMLElement, name: string, n = 0): void {
  const key = "text" + name[0].toUpperCase() + name.slice(1);
  place.textContent = (place.dataset[key] ?? "").replace("{n}", String(n));
  place.dataset.proofState = name;
}

const looks: Record<string, string> = {
  running: "", first: "", again: "", forgotten: "", ok: "aw-note aw-note--ok", part: "aw-note aw-note--ok",
};
for (const name of ["fetch", "document", "unsupported", "uncompared", "key", "log", "restarted", "loss", "unkept"]) looks[name] = "aw-note aw-note--warn";

/** show says it in a box of its own; whatever is not known here is bad. */
function show(place: HTMLElement, name: string, n = 0): void {
  say(place, name, n);
  place.className = looks[name] ?? "aw-note aw-note--bad";
}

function mark(result: Result): void {
  for (const place of document.querySelectorAll<HTMLElement>("[data-proof-record]")) {
    const id = place.dataset.proofRecord ?? "";
    if (id === result.record) say(place, "bad");
    else if (result.checked.includes(id)) say(place, "ok");
  }
}

const persons = "amtsweg-proof-";
const logs = "amtsweg-log-";

async function hashed(text: string): Promise<string> {
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return Array.from(sum.slice(0, 16), (b) => b.toString(16).padStart(2, "0")).join("");
}

async function tile(epoch: number, path: string): Promise<Uint8Array> {
  const answer = await fetch(`/epochs/${epoch}/${path}`, { credentials: "omit" });
  if (!answer.ok) throw new Error(String(answer.status));
  return new Uint8Array(await answer.arrayBuffer());
}

/** Memory is what this browser keeps of checks; a browser that keeps nothing has an empty one. */
class Memory {
  private constructor(private readonly person: string) {}

  static async of(person: string): Promise<Memory> {
    return new Memory(persons + (await hashed(person)));
  }

  get empty(): boolean {
    return this.read(this.person) === undefined;
  }

  past(): Past {
    const kept = this.names(logs).map((name) => this.read<Kept>(name));
    return { seen: this.read<Seen>(this.person), kept: kept.filter((k) => k !== undefined), tile };
  }

  /** keep remembers a check that found no fault. Of the log's earlier epochs nothing is needed any more. */
  async keep(seen: Seen, kept: Kept, before: Kept[]): Promise<boolean> {
    try {
      for (const old of before) {
        if (old.key === kept.key && old.name !== kept.name) localStorage.removeItem(await this.log(old));
      }
      localStorage.setItem(await this.log(kept), JSON.stringify(kept));
      localStorage.setItem(this.person, JSON.stringify(seen));
      return true;
    } catch {
      return false;
    }
  }

  /** forget leaves nothing of the person, and with the last person nothing at all. */
  forget(): void {
    try {
      localStorage.removeItem(this.person);
      if (this.names(persons).length === 0) for (const name of this.names(logs)) localStorage.removeItem(name);
    } catch {
      // nothing is kept here
    }
  }

  private async log(kept: Kept): Promise<string> {
    return logs + (await hashed(kept.name + "\n" + kept.key));
  }

  private names(prefix: string): string[] {
    try {
      return Object.keys(localStorage).filter((name) => name.startsWith(prefix));
    } catch {
      return [];
    }
  }

  private read<T>(name: string): T | undefined {
    try {
      return (JSON.parse(localStorage.getItem(name) ?? "null") as T | null) ?? undefined;
    } catch {
      return undefined;
    }
  }
}

class Check {
  private readonly result: HTMLElement;
  private readonly waiting: HTMLElement | null;
  private readonly before: HTMLElement | null;
  private readonly save: HTMLButtonElement | null;
  private readonly forget: HTMLButtonElement | null;
  private against?: Kept;

  constructor(
    private readonly section: HTMLElement,
    private readonly go: HTMLButtonElement,
    result: HTMLElement,
  ) {
    this.result = result;
    this.waiting = section.querySelector("[data-proof-waiting]");
    this.before = section.querySelector("[data-proof-before]");
    this.save = section.querySelector("[data-proof-save]");
    this.forget = section.querySelector("[data-proof-forget]");
    go.hidden = false;
    go.addEventListener("click", () => {
      go.disabled = true;
      this.run().finally(() => (go.disabled = false));
    });
    this.save?.addEventListener("click", () => this.saveKept());
    this.forget?.addEventListener("click", () => void this.forgetAll());
    void this.offerToForget();
  }

  private get person(): string {
    return this.section.dataset.proofPerson ?? "";
  }

  private async offerToForget(): Promise<void> {
    if (this.forget && this.person !== "") this.forget.hidden = (await Memory.of(this.person)).empty;
  }

  private offerToSave(against?: Kept): void {
    this.against = against;
    if (this.save) this.save.hidden = against === undefined;
  }

  private saveKept(): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.against?.checkpoint ?? ""], { type: "text/plain" }));
    link.download = "checkpoint.txt";
    link.click();
  }

  private async forgetAll(): Promise<void> {
    (await Memory.of(this.person)).forget();
    this.remark("forgotten");
    this.offerToSave();
    this.go.focus(); // the button that had the focus goes away
    if (this.forget) this.forget.hidden = true;
  }

  private remark(name: string): void {
    if (!this.before) return;
    this.before.hidden = name === "";
    if (name !== "") show(this.before, name);
  }

  private async run(): Promise<void> {
    show(this.result, "running");
    this.remark("");
    this.offerToSave();
    // The memory comes first: another window may check meanwhile and see a longer log than the evidence fetched here.
    const memory = this.person === "" ? undefined : await Memory.of(this.person);
    const past = memory?.past();
    let evidence: Evidence;
    try {
      const answer = await fetch(this.section.dataset.proof ?? "", { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      evidence = (await answer.json()) as Evidence;
    } catch {
      show(this.result, "fetch");
      return;
    }
    const result = await check(evidence, this.person, past);
    mark(result);
    if (this.waiting) {
      this.waiting.hidden = !result.ok || result.waiting === 0;
      this.waiting.textContent = (this.waiting.dataset.text ?? "").replace("{n}", String(result.waiting));
    }
    if (!result.ok) {
      show(this.result, result.fault ?? "document", result.checked.length);
      this.offerToSave(result.against);
      return;
    }
    show(this.result, result.whole ? "ok" : "part", result.checked.length);
    if (memory && past && result.seen && result.kept && result.since) {
      this.remark((await memory.keep(result.seen, result.kept, past.kept)) ? result.since : "unkept");
    }
    await this.offerToForget();
  }
}

for (const section of document.querySelectorAll<HTMLElement>("[data-proof]")) {
  const button = section.querySelector<HTMLButtonElement>("[data-proof-go]");
  const place = section.querySelector<HTMLElement>("[data-proof-result]");
  if (button && place) new Check(section, button, place);
}
