// A property portal hands a person over: what it knows is shown, and nobody types it again.
import assert from 'node:assert/strict'
import { closes, confirms, people, releases, showsCard } from '../ways.mjs'

async function handsOver(v, person, how) {
  await v.open('/demo/portal')
  await v.looksAt('portal')
  await v.page.getByRole('listitem').filter({ hasText: person.name }).getByRole('link').click()
  await v.looksAt('portal-wohnung')
  if (how) {
    await v.page.getByText('Was soll schiefgehen?').click()
    await v.tick(how)
  }
  await v.press('Umzug beim Amt anmelden')
  await v.looksAt('portal-uebergabe')
  await v.press('Weiter zum Amt')
}

export default {
  async 'the portal hands over, the person confirms, and nothing is typed'({ visitor }) {
    const v = await visitor({ careful: true })
    await handsOver(v, people.malte)
    await showsCard(v, people.malte)
    await v.isAt('/umzug/beginnen')
    await v.sees('Die Übergabe ist echt.')
    await v.sees('Nordallee 11, 05417 Lindenfurt')
    await v.looksAt('umzug-uebergabe')
    await v.press('Stimmt so, jetzt beginnen')
    await v.isAt(/\/release$/) // who confirms it is not asked: the mark came along
    await releases(v)
    await v.isAt(/\/apply$/)
    assert.equal(await v.page.locator('main input[type=text]').count(), 0, 'nothing is left to type')
    await v.tick('Alleinige Wohnung')
    await v.press('Weiter')
    await confirms(v)
    await closes(v)
  },

  async 'a referral that is forged, expired or used twice is refused, and the move goes on without'({ visitor }) {
    for (const [how, title] of [['gefälscht: jemand anderes hat unterschrieben', 'Die Übergabe ist nicht echt'], ['abgelaufen', 'Die Übergabe ist abgelaufen']]) {
      const v = await visitor()
      await handsOver(v, people.ulrike, how)
      await v.sees(title)
      await v.doesNotSee('Furtstraße 17')
      await v.passes(`uebergabe-${how.split(':')[0]}`)
      await v.press('Umzug hier melden')
      await showsCard(v, people.ulrike)
      await v.isAt('/umzug/beginnen')
      await v.doesNotSee('Furtstraße 17')
    }
    const v = await visitor()
    await handsOver(v, people.ulrike)
    await showsCard(v, people.ulrike)
    await v.press('Stimmt so, jetzt beginnen')
    await v.isAt(/\/release$/)
    await v.page.goBack()
    await v.page.goBack()
    await v.open('/umzug/beginnen?ort=lindenfurt')
    await v.doesNotSee('Die Übergabe ist echt.')
  },

  async 'a referral for somebody else shows nothing'({ visitor }) {
    const v = await visitor()
    await handsOver(v, people.gisela)
    await showsCard(v, people.camille)
    await v.sees('Diese Übergabe ist nicht für Sie')
    await v.doesNotSee('Gartenstraße')
    await v.passes('uebergabe-andere-person')
    await v.press('Ohne die Übergabe weitermachen')
    await v.sees(people.camille.name)
    await v.doesNotSee('Gartenstraße')
  },
}
