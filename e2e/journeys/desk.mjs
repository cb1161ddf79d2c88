// The machine stops at what it cannot settle, says why, and a clerk settles it.
import assert from 'node:assert/strict'
import { begins, confirms, confirmsAsLandlord, day, namesMark, people, releases, works } from '../ways.mjs'

// stops brings a case to the desk: the day is not the one that the landlord named.
async function stops(visitor, person, options) {
  const v = await visitor(options)
  const mark = await confirmsAsLandlord(v, person)
  await begins(v, person)
  await namesMark(v, mark)
  await releases(v)
  await v.isAt(/\/apply$/)
  await v.press('Ändern: Einzugsdatum')
  await v.type('Einzugsdatum', day(person.movedIn - 2))
  await v.tick('Alleinige Wohnung')
  await v.press('Weiter')
  await confirms(v)
  await v.comesBackUntil('Wird geprüft')
  return v
}

export default {
  async 'a clerk asks back, is answered, and settles a stopped case'({ visitor }) {
    const citizen = await stops(visitor, people.malte)
    await citizen.sees('Ein Mensch sieht sich Ihren Vorgang an.')
    await citizen.doesNotSee('Wer hat jetzt meine neue Anschrift?')
    const clerk = await visitor({ careful: true })
    await works(clerk, 'Stadt Lindenfurt')
    await clerk.looksAt('arbeitsplatz')
    await clerk.sees('Malte Brandes')
    await clerk.page.getByRole('link', { name: /Malte Brandes/ }).click()
    await clerk.sees('weichen von der Bestätigung des Wohnungsgebers ab')
    await clerk.looksAt('vorgang')

    // She asks first.
    await clerk.type('Ihre Frage an Malte Brandes', 'An welchem Tag sind Sie eingezogen?')
    await clerk.press('Frage senden')
    await clerk.sees('Ihre Frage ist unterwegs.')
    await citizen.page.reload()
    await citizen.sees('An welchem Tag sind Sie eingezogen?')
    await citizen.passes('frage')
    await citizen.press('Antwort senden')
    await citizen.sees('Bitte schreiben Sie eine Antwort.')
    await citizen.type('Ihre Antwort', 'Der Vermieter hat recht: am späteren Tag.')
    await citizen.press('Antwort senden')
    await citizen.sees('Wird geprüft')

    // A decision needs an outcome and a reason.
    await clerk.open('/arbeitsplatz')
    await clerk.page.getByRole('link', { name: /Malte Brandes/ }).click()
    await clerk.sees('Der Vermieter hat recht: am späteren Tag.')
    await clerk.page.getByRole('radio', { name: /^Angemeldet/ }).check()
    await clerk.page.locator('button[value=entscheiden]').click()
    await clerk.sees('Bitte schreiben Sie einen Grund.')
    await clerk.looksAt('vorgang-ohne-grund')
    assert.ok(await clerk.page.getByRole('radio', { name: /^Angemeldet/ }).isChecked(), 'the choice is kept')
    await clerk.type('Grund für die Akte', 'Mit dem Vermieter telefoniert. Der Tag ist geklärt.')
    await clerk.page.locator('button[value=entscheiden]').click()
    await clerk.sees('Entschieden. Alles Weitere läuft von selbst.')
    await clerk.looksAt('arbeitsplatz-danach')
    await citizen.comesBackUntil('Alles erledigt')
    await citizen.sees('Ein Mensch hat entschieden.')

    // Who decided stands in no letter of confirmation and on no page of the citizen.
    const name = await clerk.page.locator('.aw-acting__who strong').innerText()
    await citizen.doesNotSee(name)
  },

  async 'nobody is refused unheard, and who is heard answers without scripts'({ visitor }) {
    const citizen = await stops(visitor, people.theresa, { scripts: false })
    const clerk = await visitor({ careful: true })
    await works(clerk, 'Stadt Lindenfurt')
    const link = await clerk.page.getByRole('link', { name: /Theresa Lindner/ }).getAttribute('href')
    await clerk.open(link)
    await clerk.page.getByRole('radio', { name: /^Nicht angemeldet/ }).check()
    await clerk.type('Grund für die Akte', 'Ihr Wohnungsgeber sagt, Sie sind noch nicht eingezogen.')
    await clerk.page.locator('button[value=entscheiden]').click()
    await clerk.sees('Hören Sie die Person erst an.')
    await clerk.looksAt('vorgang-ungehoert')

    // Instead she says what she intends and why.
    await clerk.press('Erst anhören', { part: true })
    await clerk.sees('Die Anhörung ist unterwegs.')
    await clerk.sees('Anhörung zu „Nicht angemeldet“')
    await clerk.doesNotSee('Entscheiden und zustellen')
    await clerk.looksAt('vorgang-anhoerung')
    await citizen.open('/postfach')
    await citizen.sees('Anhörung: Was sagen Sie dazu?')
    await citizen.open(link.replace('/arbeitsplatz/', '/vorgang/'))
    await citizen.sees('Wir wollen so entscheiden: „Nicht angemeldet“.')
    await citizen.sees('Ihr Wohnungsgeber sagt, Sie sind noch nicht eingezogen.')
    await citizen.passes('anhoerung')
    await citizen.press('Antwort senden')
    await citizen.sees('Bitte schreiben Sie eine Antwort.')
    await citizen.type('Ihre Antwort', 'Ich schlafe dort seit Montag. Die Nachbarin kann es bezeugen.')
    await citizen.press('Antwort senden')
    await citizen.sees('Wird geprüft')

    // The answer is there, and the clerk decides with it.
    await clerk.open('/arbeitsplatz')
    await clerk.sees('Antwort da')
    await clerk.open(link)
    await clerk.sees('Die Nachbarin kann es bezeugen.')
    await clerk.sees('Angehört, Antwort vom')
    await clerk.looksAt('vorgang-angehoert')
    await clerk.page.getByRole('radio', { name: /^Nicht angemeldet/ }).check()
    await clerk.type('Grund für die Akte', 'Auch die Nachbarin hat Sie nicht gesehen.')
    await clerk.page.locator('button[value=entscheiden]').click()
    await clerk.sees('Entschieden. Alles Weitere läuft von selbst.')
    await citizen.comesBackUntil('Der Vorgang ist beendet')
    await citizen.sees('Ein Mensch hat entschieden.')
  },

  async 'a clerk works with the keyboard alone, and no other office sees the case'({ visitor }) {
    const citizen = await stops(visitor, people.camille)
    const stranger = await visitor()
    await stranger.open('/arbeitsplatz')
    const elsewhere = stranger.page.getByRole('region', { name: 'Stadt Ellerbrück', exact: true })
    await elsewhere.getByRole('listitem').filter({ hasText: 'Sachbearbeitung' }).getByRole('button').click()
    await stranger.isAt('/arbeitsplatz')
    await stranger.doesNotSee('Camille Durand')

    const clerk = await visitor({ mouse: false })
    await works(clerk, 'Stadt Lindenfurt')
    const link = await clerk.page.getByRole('link', { name: /Camille Durand/ }).getAttribute('href')
    assert.equal(await stranger.open(link), 404)
    await stranger.doesNotSee('Camille Durand')
    await clerk.press('Camille Durand', { part: true })
    await clerk.isAt(link)
    await clerk.type('Grund für die Akte', 'Die Abweichung ist erklärt, der Vermieter hat sich geirrt.')
    await clerk.tick('Vorschlag der Maschine', { part: true })
    await clerk.press('zustellen', { part: true })
    await clerk.sees('Entschieden.')
    await citizen.comesBackUntil('Alles erledigt')
  },
}
