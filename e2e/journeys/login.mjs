// A card opens an account; a passkey is offered for the next time, and what needs more asks for the card again.
import assert from 'node:assert/strict'
import { begins, people, showsCard } from '../ways.mjs'

const signsOut = async v => {
  await v.page.locator('.aw-acting > summary').click()
  await v.press('Abmelden')
  await v.sees('Sie sind abgemeldet')
}

export default {
  async 'a passkey is offered, signs in at level normal, and the move asks for the card'({ visitor }) {
    const v = await visitor({ careful: true })
    const keys = await v.passkeys()
    await v.open('/anmelden')
    await showsCard(v, people.malte)
    await v.isAt('/konto/passkey')
    await v.looksAt('passkey-angebot')
    await v.type('Wie soll der Passkey heißen?', 'Mein Telefon')
    await v.press('Passkey anlegen')
    await v.isAt('/')
    await v.sees('Ihr Passkey ist angelegt.')
    assert.equal((await keys.stored()).length, 1)

    // He begins to move, with the card, and leaves.
    await v.open('/umzug/beginnen?ort=lindenfurt')
    await v.press('Jetzt beginnen')
    await v.isAt(/\/proof$/)
    const question = new URL(v.page.url()).pathname
    await v.press('Später weitermachen')
    await v.isAt('/vorgaenge')
    await signsOut(v)

    // Next time the passkey is enough to look, and not to go on.
    await v.open('/anmelden')
    await v.press('Mit Passkey anmelden')
    await v.isAt('/')
    await v.sees('Malte Brandes')
    await v.open('/konto')
    await v.sees('Sie haben sich mit einem Passkey angemeldet.')
    await v.sees('Mein Telefon')
    await v.looksAt('konto-normal')
    await v.open('/')
    await v.looksAt('start-wartet')
    await v.page.locator('section[aria-labelledby=jetzt] a').click()
    await v.isAt('/anmelden')
    await v.sees('Bitte zeigen Sie noch Ihren Ausweis')
    await v.looksAt('ausweis-noetig')
    await v.press('Mit Online-Ausweis anmelden')
    await v.press(`Ausweis zeigen: ${people.malte.name}`)
    await v.isAt(question)
    await v.open('/konto')
    await v.sees('Sie haben sich mit Ihrem Ausweis angemeldet.')
  },

  async 'a device that does not confirm signs nobody in, and says so'({ visitor }) {
    const v = await visitor()
    const keys = await v.passkeys()
    await v.open('/anmelden')
    await showsCard(v, people.theresa)
    await v.isAt('/konto/passkey')
    await v.press('Passkey anlegen')
    await v.isAt('/')
    await signsOut(v)
    await keys.refuse()
    await v.open('/anmelden')
    await v.press('Mit Passkey anmelden')
    await v.sees('Das hat nicht geklappt.')
    await v.passes('passkey-misslingt')
    await v.isAt('/anmelden')
    assert.equal(await v.page.getByText('Theresa Lindner').count(), 0)
  },

  async 'another card does not open somebody else’s case'({ visitor }) {
    const hers = await visitor()
    await begins(hers, people.jana)
    const question = new URL(hers.page.url()).pathname
    const his = await visitor()
    await his.open(question)
    await showsCard(his, people.deniz)
    await his.sees('Diese Seite gibt es nicht, oder sie ist nicht für Sie bestimmt.')
    await his.doesNotSee('Wer bestätigt Ihren Einzug?')
    await his.passes('fremder-vorgang')
  },
}
