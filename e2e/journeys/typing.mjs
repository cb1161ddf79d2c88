// Who does not release the register's data types them, with the family, and loses nothing on the way.
import assert from 'node:assert/strict'
import { begins, confirms, confirmsAsLandlord, home, namesMark, people, releases, typesAddress, works } from '../ways.mjs'
import { looks } from '../visitor.mjs'

const old = { ...home('Mühlgasse', '7'), postcode: '05233', town: 'Ellerbrück' }

// refuses releases the landlord's confirmation and keeps the form back.
async function refuses(v, person) {
  const landlord = await confirmsAsLandlord(v, person)
  await begins(v, person)
  await namesMark(v, landlord)
  await v.tick('„Bestätigung des Wohnungsgebers“ gebe ich für Stadt Lindenfurt frei')
  await v.press('Nicht freigeben, ich tippe selbst')
  await v.sees('Teil 1 von 7')
}

// nothing fails if a register, or anybody else, has filled in something before.
async function nothing(v) {
  const filled = await v.page.locator('main form').evaluate(f => [...f.querySelectorAll('input:not([type=hidden]), select, textarea')]
    .filter(e => (e.type === 'radio' || e.type === 'checkbox' ? e.checked : e.value !== '')).map(e => e.name))
  assert.deepEqual(filled, [], 'nothing stands there before it was typed')
}

// oneself types the first screen.
async function oneself(v) {
  await v.type('Familienname', 'Wittkamp')
  await v.tick('Ja')
  await v.type('Geburtsname', 'Hoyer')
  await v.type('Vornamen mit Rufname', 'Jana Maria')
  await v.type('Geburtsdatum', '14.6.1995')
  await v.type('Geburtsort', 'Ellerbrück')
  await v.tick('weiblich')
}

async function relative(v, group, { given, birth, sex }) {
  await v.type('Familienname', 'Wittkamp', { in: group })
  await v.type('Vornamen', given, { in: group })
  await v.type('Geburtsdatum', birth, { in: group })
  await v.page.getByRole('group', { name: group, exact: true }).getByRole('radio', { name: sex, exact: true }).focus()
  await v.page.keyboard.press('Space')
  for (const [label, text] of [['Straße', old.street], ['Hausnummer', old.house], ['Postleitzahl', old.postcode], ['Ort', old.town]]) {
    await v.type(label, text, { in: group })
  }
}

const screens = {
  async where(v) {
    await v.choose('Staatsangehörigkeit', 'Deutschland')
    await v.tick('römisch-katholisch')
    await v.passes('tippen-staat')
    await v.press('Staatsangehörigkeit hinzufügen')
    await v.sees('Staatsangehörigkeit 2')
    assert.ok(await v.page.getByRole('radio', { name: 'römisch-katholisch' }).isChecked(), 'one more row takes nothing away')
    await v.press('Staatsangehörigkeit 2 entfernen')
    await v.press('Weiter')
    await v.sees('Teil 4 von 7')
    await typesAddress(v, 'Anschrift', old)
    await v.tick('Alleinige Wohnung')
    await v.type('Bisheriges Einzugsdatum', '1.5.2019')
    await v.tick('verheiratet')
    await v.type('Tag der Eheschließung oder Lebenspartnerschaft', '7.9.2019')
    await v.type('Ort der Eheschließung oder Lebenspartnerschaft', 'Ellerbrück')
  },
}

async function family(v) {
  await nothing(v)
  await oneself(v)
  await v.passes('tippen-name')
  await v.press('Weiter')

  await v.sees('Teil 2 von 7')
  await nothing(v)
  await v.press('Weiter')
  await v.sees('Hier fehlt noch etwas')
  await v.passes('tippen-fehler')
  await v.tick('Nein')
  await v.press('Weiter')

  await v.sees('Teil 3 von 7')
  await screens.where(v)
  await v.passes('tippen-anschrift')
  await v.press('Weiter')

  await v.sees('Teil 5 von 7')
  await v.page.goBack()
  await v.sees('Teil 4 von 7')
  assert.equal(await v.page.locator('[name="homes.0.address_street"]').inputValue(), old.street, 'back in the history everything is there')
  await v.press('Weiter')
  await v.sees('Teil 5 von 7')
  await v.tick('Ja')
  await relative(v, 'Besteht eine Ehe oder eine Lebenspartnerschaft?', { given: 'Tobias', birth: '1.2.1993', sex: 'männlich' })
  await v.passes('tippen-ehe')
  await v.press('Weiter')

  await v.sees('Teil 6 von 7')
  await v.tick('Ja')
  await relative(v, 'Kind', { given: 'Mila', birth: '21.5.2020', sex: 'weiblich' })
  await v.press('Kind hinzufügen')
  await v.sees('Kind 2')
  await relative(v, 'Kind 2', { given: 'Ben', birth: '5.13.2024', sex: 'männlich' })
  await v.passes('tippen-kinder')
  await v.press('Weiter')
  await v.sees('Dieses Datum gibt es nicht.')
  await v.passes('tippen-kinder-fehler')
  await v.type('Geburtsdatum', '5.11.2024', { in: 'Kind 2' })
  assert.equal(await v.page.locator('[name="children.0.given_names"]').inputValue(), 'Mila')
  await v.press('Weiter')

  await v.sees('Teil 7 von 7')
  await v.press('Zurück')
  await v.sees('Kind 2')
  assert.equal(await v.page.locator('[name="children.1.given_names"]').inputValue(), 'Ben', 'the way back loses nothing')
  await v.press('Weiter')
  await v.sees('Teil 7 von 7')
  await v.tick('Ja')
  await v.type('Ausstellungsbehörde', 'Stadt Ellerbrück')
  await v.type('Gültig bis', '1.1.2035')
  await v.type('Seriennummer', 'L01X00T47')
  await v.passes('tippen-ausweise')
  await v.press('Weiter')

  await v.isAt(/\/apply$/)
  await v.tick('Tobias Wittkamp')
  await v.tick('Mila Wittkamp')
  await v.tick('Ben Wittkamp')
  await v.tick('Ich versichere, dass ich die Daten meiner Familie entgegennehmen darf.')
  await v.tick('Alleinige Wohnung')
  await v.passes('tippen-umzug')
  await v.press('Weiter')
  await v.isAt(/\/family$/)
}

export default {
  async 'a mother keeps her data back, types them and takes the family along, with keys alone'({ visitor }) {
    const v = await visitor({ mouse: false })
    await refuses(v, people.jana)
    await family(v)
    await releases(v)
    await v.isAt(/\/confirm$/)
    await v.sees('Jana Wittkamp, selbst eingetragen')
    await v.sees('römisch-katholisch')
    await v.passes('tippen-melden')
    await confirms(v)
    await v.comesBackUntil('Wird geprüft')
    await v.open('/zugriffe')
    await v.sees('nicht freigegeben für')

    const clerk = await visitor()
    await works(clerk, 'Stadt Lindenfurt')
    await clerk.page.getByRole('link', { name: /Jana Maria Wittkamp/ }).first().click()
    await clerk.page.getByRole('group').filter({ hasText: 'Jana Maria Wittkamp' }).locator('summary').first().click()
    await clerk.sees('Von der Person selbst eingetragen. Kein Register hat das bestätigt.')
    await clerk.sees('verheiratet')
    await clerk.passes('tippen-arbeitsplatz')
  },

  async 'the same on the phone, without JavaScript, and the family’s data are kept back too'({ visitor }) {
    const v = await visitor({ scripts: false, width: 390, theme: 'dark' })
    await refuses(v, people.jana)
    await family(v)
    await v.press('Nicht freigeben, ich tippe selbst')
    await v.sees('Tobias Wittkamp, Teil 1 von 7')
    assert.equal(await v.page.locator('[name="given_names"]').inputValue(), 'Tobias', 'what was typed already stands there')
    await v.passes('tippen-familie')
  },

  async 'every look of a screen with several rows, in English'({ visitor }) {
    const v = await visitor()
    await begins(v, people.malte)
    await v.tick('Die Wohnung gehört mir.')
    await v.tick('Ich bestätige, dass mir die Wohnung gehört und dass ich dort einziehe.')
    await v.press('Weiter')
    await v.press('Nicht freigeben, ich tippe selbst')
    await v.press('English')
    await v.sees('Your data, part 1 of 7')
    await v.passes('typing-name')
    await v.type('Family name', 'Brandes')
    await v.tick('No')
    await v.type('Given names, the one in use marked', 'Malte')
    await v.type('Date of birth', '23.9.1998')
    await v.type('Place of birth', 'Ellerbrück')
    await v.tick('male')
    await v.press('Continue')
    await v.tick('Yes')
    await v.press('Add: Representative')
    await v.sees('Representative 2')
    for (const { width, theme } of looks) {
      await v.page.setViewportSize({ width, height: 900 })
      await v.page.emulateMedia({ colorScheme: theme })
      Object.assign(v, { width, theme })
      await v.passes('typing-rows')
    }
    await v.press('Continue')
    await v.sees('Representative 1: Family name')
    await v.passes('typing-mistakes')
  },
}
