// What the people of several stories do in the same way. The people and their addresses are those of the made-up world
// (internal/demo/world_personas.go); days count from today in Berlin.
import assert from 'node:assert/strict'

// day is today moved by n days, as people write it: 1.3.2030.
export function day(n) {
  const [y, m, d] = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Europe/Berlin' }).format(new Date()).split('-').map(Number)
  const at = new Date(Date.UTC(y, m - 1, d + n))
  return `${at.getUTCDate()}.${at.getUTCMonth() + 1}.${at.getUTCFullYear()}`
}

// home is an address in the new town.
export const home = (street, house) => ({ street, house, postcode: '05417', town: 'Lindenfurt' })

// The people of the world who move, with the day on which they moved.
export const people = {
  malte: { name: 'Malte Brandes', home: home('Nordallee', '11'), movedIn: -3 },
  jana: { name: 'Jana Maria Wittkamp', home: home('Lindenallee', '12'), movedIn: -3 },
  theresa: { name: 'Theresa Lindner', home: home('Bachstraße', '5'), movedIn: -5 },
  camille: { name: 'Camille Durand', home: home('Uferstraße', '12'), movedIn: -4 },
  gisela: { name: 'Gisela Marquardt', home: home('Gartenstraße', '8'), movedIn: -6 },
  ulrike: { name: 'Ulrike Petersen', home: home('Furtstraße', '17'), movedIn: -40 },
  deniz: { name: 'Deniz Yıldız', home: home('Kaistraße', '2'), movedIn: 10 },
}

// typesAddress fills the four fields of an address.
export async function typesAddress(v, label, at) {
  await v.type('Straße', at.street, { in: label })
  await v.type('Hausnummer', at.house, { in: label })
  await v.type('Postleitzahl', at.postcode, { in: label })
  await v.type('Ort', at.town, { in: label })
}

// confirmsAsLandlord opens the landlord's page, confirms a move and returns the reference mark.
export async function confirmsAsLandlord(v, person) {
  assert.equal(await v.open('/wohnungsgeber'), 200)
  await v.looksAt('wohnungsgeber')
  await v.type('Name des Wohnungsgebers', 'Wohnbau Lindenfurt')
  await typesAddress(v, 'Anschrift des Wohnungsgebers', home('Marktplatz', '1'))
  await v.type('Tag des Einzugs', day(person.movedIn))
  await typesAddress(v, 'Anschrift der Wohnung', person.home)
  await v.type('Wer zieht ein?', person.name)
  await v.tick('Ich bin der Wohnungsgeber, oder er hat mich beauftragt.')
  await v.press('Einzug bestätigen')
  await v.isAt('/wohnungsgeber/fertig')
  await v.looksAt('wohnungsgeber-fertig')
  return v.page.locator('#merkmal').innerText()
}

// showsCard begins a login at the page the visitor was sent to, and shows a card of the simulator.
export async function showsCard(v, person) {
  await v.isAt('/anmelden')
  await v.looksAt('anmelden')
  await v.press('Mit Online-Ausweis anmelden')
  await v.isAt('/demo/eid')
  await v.looksAt('ausweis')
  await v.press(`Ausweis zeigen: ${person.name}`)
}

// begins goes from the page of the service to the first question of a new case.
export async function begins(v, person) {
  assert.equal(await v.open('/umzug'), 200)
  await v.looksAt('umzug')
  await v.press('Umzug nach Lindenfurt melden')
  await showsCard(v, person)
  await v.isAt('/umzug/beginnen')
  await v.sees(person.name)
  await v.looksAt('umzug-beginnen')
  await v.press('Jetzt beginnen')
  await v.isAt(/^\/umzug\/[a-z0-9]{26}\/proof$/)
}

// namesMark answers the first question with the landlord's mark.
export async function namesMark(v, mark) {
  await v.looksAt('umzug-bestaetigung')
  await v.tick('Mein Wohnungsgeber hat mir ein Zuordnungsmerkmal gegeben.')
  await v.type('Zuordnungsmerkmal', mark)
  await v.press('Weiter')
  await v.isAt(/\/release$/)
}

// releases reads what the registers say and ticks every sheet; nothing was ticked before.
export async function releases(v, shot = 'umzug-daten') {
  await v.looksAt(shot)
  const ticks = v.page.locator('main form input[type=checkbox]')
  const labels = []
  for (const box of await ticks.all()) {
    assert.equal(await box.isChecked(), false, 'nothing may be ticked before the person does it')
    labels.push(await box.evaluate(b => b.labels[0].innerText))
  }
  assert.ok(labels.length > 0, 'there is nothing to release')
  for (const label of labels) await v.tick(label)
  await v.press('Freigeben und weiter')
}

// confirms hands the move in.
export async function confirms(v) {
  await v.isAt(/\/confirm$/)
  await v.looksAt('umzug-bestaetigen')
  await v.tick('Die Angaben stimmen. Ich bin eingezogen.')
  await v.press('Umzug jetzt melden')
  await v.isAt(/^\/vorgang\//)
}

// movesByMark is the shortest way: the landlord confirmed, everything is released, nothing is typed but the mark.
export async function movesByMark(v, person, mark) {
  await begins(v, person)
  await namesMark(v, mark)
  await releases(v)
  await v.isAt(/\/apply$/)
  await v.looksAt('umzug-angaben')
  await v.tick('Alleinige Wohnung')
  await v.press('Weiter')
  await confirms(v)
}

// closes waits until the case is over.
export async function closes(v) {
  await v.looksAt('vorgang-laeuft')
  await v.comesBackUntil('Alles erledigt')
}

// releasedGroups are the names of all groups of the first sheet, those without a value too.
export async function releasedGroups(v) {
  return v.page.locator('.aw-consent').first().locator('.aw-values dt, .aw-tag').allInnerTexts()
}

// downloads follows a link to a file and returns what came.
export async function downloads(v, link) {
  const path = await v.page.getByRole('link', { name: link, exact: true }).getAttribute('href')
  const answer = await v.context.request.get(path)
  assert.equal(answer.status(), 200, path)
  return { type: answer.headers()['content-type'], body: await answer.body() }
}

// told reads the list „who has my new address now“: authority and status of each line.
export async function told(v) {
  return v.page.locator('section[aria-labelledby=wer-weiss-es] li').evaluateAll(all => all.map(l => ({
    who: l.querySelector('h3').innerText.trim(), status: l.querySelector('.aw-chip').innerText.trim(),
  })))
}

// works signs somebody of an office in.
export async function works(v, office) {
  await v.open('/arbeitsplatz')
  await v.isAt('/demo/dienst')
  await v.looksAt('dienst')
  const group = v.page.getByRole('region', { name: office, exact: true })
  await group.getByRole('listitem').filter({ hasText: 'Sachbearbeitung' }).getByRole('button').first().click()
  await v.isAt('/arbeitsplatz')
}
