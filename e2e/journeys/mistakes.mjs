// Whoever makes a mistake is told at once, where it is and what to do, and loses nothing.
import assert from 'node:assert/strict'
import { begins, confirms, confirmsAsLandlord, day, home, namesMark, people, releases, typesAddress } from '../ways.mjs'

// refused says what every form owes to somebody who made a mistake.
async function refused(v, at, text) {
  await v.sees('Hier fehlt noch etwas')
  assert.match(await v.page.title(), /^Fehler: /)
  await v.page.waitForFunction(() => document.activeElement?.matches('.aw-errors')) // the summary has the focus
  const link = v.page.locator('.aw-errors').getByRole('link', { name: text }).first()
  await link.click()
  const focused = v.page.locator(`#${at}`)
  assert.ok(await focused.evaluate(e => e === document.activeElement || e.contains(document.activeElement)), `the link leads to #${at}`)
  const described = await v.page.locator(`#${at}-fehler`).innerText()
  assert.ok(described.includes(text), `the field says it too: ${described}`)
}

export default {
  async 'a form says what is missing, and keeps what was typed'({ visitor }) {
    const v = await visitor()
    await begins(v, people.malte)
    await v.press('Weiter')
    await refused(v, 'proof', 'Bitte füllen Sie „Wer bestätigt Ihren Einzug?“ aus.')
    await v.passes('fehler-bestaetigung')
    await v.tick('Die Wohnung gehört mir.')
    await v.press('Weiter')
    await refused(v, 'own_home', 'Bitte füllen Sie')
    assert.ok(await v.page.getByRole('radio', { name: 'Die Wohnung gehört mir.' }).isChecked(), 'the choice is kept')
    await v.tick('Ich bestätige, dass mir die Wohnung gehört und dass ich dort einziehe.')
    await v.press('Weiter')

    // Going on without an answer is no release, and no refusal either.
    await v.isAt(/\/release$/)
    await v.press('Freigeben und weiter')
    await v.sees('Kreuzen Sie an, was Sie freigeben.')
    await v.passes('fehler-freigabe')
    await releases(v)

    await v.isAt(/\/apply$/)
    await typesAddress(v, 'Neue Anschrift', { ...people.malte.home, house: '' })
    await v.type('Einzugsdatum', '31.2.2030')
    await v.press('Weiter')
    await v.sees('Dieses Datum gibt es nicht.')
    await v.sees('Bitte schreiben Sie die Anschrift so')
    assert.equal(await v.page.locator('#new_home_street').inputValue(), 'Nordallee', 'what was typed is kept')
    assert.equal(await v.page.locator('#move_in').inputValue(), '31.2.2030')
    await v.passes('fehler-angaben')

    // An impossible day is stopped; a person may insist, and then a person decides.
    await v.type('Hausnummer', '11')
    await v.type('Einzugsdatum', '1.1.1980')
    await v.tick('Alleinige Wohnung')
    await v.press('Weiter')
    await refused(v, 'move_in', 'Das Einzugsdatum liegt vor Ihrer Geburt.')
    await v.sees('Sie sind sich sicher?')
    await v.passes('fehler-unmoeglich')
    await v.tick('Trotzdem einreichen')
    await v.press('Weiter')

    // A last look: what is wrong can be changed, and the rest stays.
    await v.isAt(/\/confirm$/)
    await v.sees('1. Januar 1980')
    await v.press('Umzug jetzt melden')
    await refused(v, 'correct', 'Bitte füllen Sie')
    await v.press('Ändern: Ihre Angaben')
    await v.isAt(/\/apply$/)
    assert.equal(await v.page.locator('#new_home_house').inputValue(), '11')
    assert.ok(await v.page.getByRole('radio', { name: 'Alleinige Wohnung' }).isChecked())
    await v.type('Einzugsdatum', day(people.malte.movedIn))
    await v.press('Weiter')
    await v.isAt(/\/confirm$/)
    await v.doesNotSee('1. Januar 1980')
    await confirms(v)
    await v.comesBackUntil('Alles erledigt')
    await v.sees('Ein Programm hat entschieden.')
  },

  async 'who insists on an impossible day is not stopped'({ visitor }) {
    const v = await visitor({ width: 390, theme: 'dark' })
    await begins(v, people.theresa)
    await v.tick('Die Wohnung gehört mir.')
    await v.tick('Ich bestätige, dass mir die Wohnung gehört und dass ich dort einziehe.')
    await v.press('Weiter')
    await v.isAt(/\/release$/)
    await releases(v)
    await v.isAt(/\/apply$/)
    await typesAddress(v, 'Neue Anschrift', people.theresa.home)
    await v.type('Einzugsdatum', day(3 * 365))
    await v.tick('Alleinige Wohnung')
    await v.press('Weiter')
    await v.sees('Das Einzugsdatum liegt mehr als ein Jahr in der Zukunft.')
    await v.passes('fehler-zukunft')
    await v.tick('Trotzdem einreichen')
    await v.press('Weiter')
    await v.isAt(/^\/vorgang\//)
    await v.sees('Wartet auf Einzug')
    await v.passes('vorgang-wartet')
  },

  async 'who asks for a person gets one'({ visitor }) {
    const v = await visitor()
    const mark = await confirmsAsLandlord(v, people.camille)
    await begins(v, people.camille)
    await namesMark(v, mark)
    await releases(v)
    await v.isAt(/\/apply$/)
    await v.tick('Alleinige Wohnung')
    await v.press('Weiter')
    await v.isAt(/\/confirm$/)
    await v.page.getByText('Soll ein Mensch entscheiden?').click()
    await v.type('Besonderheiten', 'Ich wohne vorerst bei meiner Schwester.')
    await v.press('Umzug jetzt melden')
    await v.sees('Hier fehlt noch etwas')
    assert.equal(await v.page.locator('#anmerkung').inputValue(), 'Ich wohne vorerst bei meiner Schwester.', 'what was typed is kept')
    await confirms(v)
    await v.comesBackUntil('Wird geprüft')
    await v.sees('Ein Mensch sieht sich Ihren Vorgang an.')
    await v.passes('vorgang-beim-menschen')
  },

  async 'a code comes by post, and a wrong one opens nothing'({ visitor }) {
    const v = await visitor()
    await begins(v, people.ulrike)
    await v.tick('Schicken Sie mir bitte einen Code an die neue Anschrift.')
    await v.press('Weiter')
    await v.isAt(/\/release$/)
    await releases(v)
    await v.isAt(/\/apply$/)
    await typesAddress(v, 'Neue Anschrift', people.ulrike.home)
    await v.type('Einzugsdatum', day(people.ulrike.movedIn))
    await v.tick('Alleinige Wohnung')
    await v.press('Weiter')
    await v.isAt(/\/letter$/)
    await v.passes('umzug-code')
    await v.type('Code aus dem Brief', 'AAAA-AAAA')
    await v.press('Code einlösen')
    await v.sees('Hier fehlt noch etwas')
    await v.passes('fehler-code')
    const outbox = await visitor()
    await outbox.open('/demo/ausgang')
    await outbox.sees('Ihr Code für die Anmeldung')
    const [code] = (await outbox.page.locator('main').innerText()).match(/[A-Z2-9]{4}-[A-Z2-9]{4}/)
    await v.type('Code aus dem Brief', code)
    await v.press('Code einlösen')
    await v.isAt(/\/confirm$/)
  },

  async 'a landlord is told what does not fit'({ visitor }) {
    const v = await visitor()
    await v.open('/wohnungsgeber')
    await v.press('Einzug bestätigen')
    await refused(v, 'name', 'Bitte nennen Sie den Wohnungsgeber.')
    await v.passes('fehler-wohnungsgeber')
    await v.type('Name des Wohnungsgebers', 'Wohnbau Lindenfurt')
    await typesAddress(v, 'Anschrift der Wohnung', home('Nordallee', '4711'))
    await v.press('Einzug bestätigen')
    await v.sees('steht nicht in unserem Adressverzeichnis')
    assert.equal(await v.page.locator('#name').inputValue(), 'Wohnbau Lindenfurt')
  },

  async 'a second press changes nothing'({ visitor }) {
    const v = await visitor()
    await begins(v, people.jana)
    await namesMark(v, await confirmsAsLandlord(await visitor(), people.jana))
    const release = v.page.url()
    await releases(v)
    await v.isAt(/\/apply$/)
    await v.page.goto(release) // back in the history
    await v.isAt(/\/apply$/)
    await v.open('/vorgaenge')
    assert.equal(await v.page.getByRole('link', { name: 'Wohnsitz anmelden' }).count(), 1)
  },
}
