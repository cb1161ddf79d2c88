// A household moves house and tells the state once: at the desk, on the phone, without a mouse, without a script.
import assert from 'node:assert/strict'
import { begins, closes, confirms, confirmsAsLandlord, day, downloads, movesByMark, people, releases, releasedGroups, showsCard, told, typesAddress } from '../ways.mjs'

const toldOfAnAdult = ['Stadt Ellerbrück', 'Bundeszentralamt für Steuern (Vorführung)', 'Datenstelle der Rentenversicherung (Vorführung)', 'Beitragsservice (Vorführung)']

export default {
  async 'an adult moves at the desk, and the state tells itself'({ visitor }) {
    const landlord = await visitor({ careful: true })
    const v = await visitor({ careful: true })
    await movesByMark(v, people.malte, await confirmsAsLandlord(landlord, people.malte))
    await closes(v)
    await v.looksAt('vorgang')
    assert.deepEqual(await told(v), toldOfAnAdult.map(who => ({ who, status: 'Hat sie' })), 'these know the new address, and nobody else')

    // The mailbox says that it is over, and the letter is there.
    await v.open('/postfach')
    await v.looksAt('postfach')
    await v.press('Alles erledigt. Der Zugriff auf Ihre Daten ist beendet.')
    await v.sees('Keine Freigabe ist mehr offen.')
    await v.looksAt('postfach-erledigt')
    await v.open('/postfach')
    await v.press('Amtliche Meldebestätigung')
    await v.sees('Nordallee 11')
    await v.looksAt('postfach-brief')
    const pdf = await downloads(v, 'Als PDF speichern')
    assert.equal(pdf.type, 'application/pdf')
    assert.equal(pdf.body.subarray(0, 5).toString(), '%PDF-')
    await v.press('Urschrift öffnen')
    await v.sees('Brandes')

    // No release is open, and the accesses are told.
    await v.open('/freigaben')
    await v.sees('Niemand wartet auf Ihre Antwort')
    await v.looksAt('freigaben')
    await v.open('/freigaben/laufend')
    await v.sees('Gerade läuft keine Freigabe')
    await v.looksAt('freigaben-laufend')
    await v.open('/freigaben/beendet')
    assert.equal(await v.page.getByText('Vorgang beendet').count(), 2)
    await v.looksAt('freigaben-beendet')
    await v.open('/zugriffe')
    await v.sees('Sie müssen Ihre Daten nicht noch einmal eintippen.')
    await v.looksAt('zugriffe')
    for (const [path, name] of [['/vorgaenge', 'vorgaenge'], ['/konto', 'konto'], ['/', 'start'], ['/zugriffe/familie', 'zugriffe-familie'], ['/zugriffe/verdeckt', 'zugriffe-verdeckt']]) {
      assert.equal(await v.open(path), 200, path)
      await v.looksAt(name)
    }
  },

  async 'the same on the phone, at night'({ visitor }) {
    const look = { width: 390, theme: 'dark', careful: true }
    await visitor({ ...look }).then(v => confirmsAsLandlord(v, people.theresa)).then(async mark => {
      const v = await visitor(look)
      await movesByMark(v, people.theresa, mark)
      await closes(v)
      await v.looksAt('vorgang')
      const who = (await told(v)).map(t => t.who)
      assert.equal(who.length, 5, 'her church learns it too')
      assert.ok(who.some(w => /katholisch/i.test(w)), `a church member's church: ${who}`)
      for (const path of ['postfach', 'freigaben', 'zugriffe', 'vorgaenge']) {
        assert.equal(await v.open(`/${path}`), 200, path)
        await v.looksAt(path)
      }
      await v.open('/postfach')
      await v.press('Amtliche Meldebestätigung')
      await v.looksAt('postfach-brief')
    })
  },

  async 'the same without a mouse'({ visitor }) {
    const v = await visitor({ mouse: false })
    const mark = await confirmsAsLandlord(v, people.camille)
    await movesByMark(v, people.camille, mark)
    await closes(v)
    assert.ok((await told(v)).some(t => t.who.includes('Ausländer')), 'the register of foreigners learns of a French citizen')
    await v.press('Postfach')
    await v.isAt('/postfach')
    await v.press('Alles erledigt. Der Zugriff auf Ihre Daten ist beendet.')
    await v.sees('Keine Freigabe ist mehr offen.')
  },

  async 'the same without JavaScript'({ visitor }) {
    const v = await visitor({ scripts: false, careful: true })
    await movesByMark(v, people.ulrike, await confirmsAsLandlord(v, people.ulrike))
    await v.sees('Vorgang')
    await closes(v)
    await v.open('/postfach')
    await v.sees('Alles erledigt. Der Zugriff auf Ihre Daten ist beendet.')
    const pdf = await (async () => {
      await v.press('Amtliche Meldebestätigung')
      return downloads(v, 'Als PDF speichern')
    })()
    assert.equal(pdf.body.subarray(0, 5).toString(), '%PDF-')
    await v.open('/zugriffe/nachpruefen')
    await v.doesNotSee('Jetzt nachprüfen')
    const pack = await downloads(v, 'Nachweis herunterladen (ZIP)')
    assert.equal(pack.body.subarray(0, 2).toString(), 'PK')
  },

  async 'who owns the home confirms the move alone, and gets a mail at the end'({ visitor }) {
    const v = await visitor()
    await v.open('/postfach')
    await showsCard(v, people.gisela)
    await v.isAt('/postfach')
    await v.type('E-Mail-Adresse', 'gisela@post.example')
    await v.press('Adresse speichern')
    await v.open('/umzug')
    await v.press('Umzug nach Lindenfurt melden')
    await v.isAt('/umzug/beginnen')
    await v.press('Jetzt beginnen')
    await v.tick('Die Wohnung gehört mir.')
    await v.doesNotSee('Es steht auf der Bestätigung Ihres Wohnungsgebers.') // what only a tenant is asked does not stand there
    await v.tick('Ich bestätige, dass mir die Wohnung gehört und dass ich dort einziehe.')
    await v.passes('umzug-eigentum')
    await v.press('Weiter')
    await v.isAt(/\/release$/)
    assert.equal((await releasedGroups(v)).length, 20, 'the 20 groups of § 9 BMeldDigiV, each by its name')
    await releases(v)
    await v.isAt(/\/apply$/)
    await typesAddress(v, 'Neue Anschrift', people.gisela.home)
    await v.type('Einzugsdatum', day(people.gisela.movedIn))
    await v.tick('Alleinige Wohnung')
    await v.tick('Parteien und Wählergruppen vor einer Wahl (§ 50 Abs. 1 BMG)')
    await v.passes('umzug-angaben-getippt')
    await v.press('Weiter')
    await confirms(v)
    await closes(v)
    await v.open('/demo/ausgang')
    await v.sees('gisela@post.example')
    await v.sees('Alles erledigt. Der Zugriff auf Ihre Daten ist beendet.')
    await v.passes('ausgang')
  },

  async 'a family moves in one case'({ visitor }) {
    const v = await visitor({ width: 390 })
    const mark = await confirmsAsLandlord(v, people.jana)
    await begins(v, people.jana)
    await v.tick('Mein Wohnungsgeber hat mir ein Zuordnungsmerkmal gegeben.')
    await v.type('Zuordnungsmerkmal', mark)
    await v.press('Weiter')
    await v.isAt(/\/release$/)
    await releases(v)
    await v.isAt(/\/apply$/)
    await v.doesNotSee('§ 202a StGB') // asked once somebody moves along
    for (const name of ['Tobias Wittkamp', 'Mila Wittkamp', 'Ben Wittkamp']) await v.tick(name)
    await v.sees('§ 202a StGB')
    await v.tick('Alleinige Wohnung')
    await v.passes('umzug-familie-fehlt')
    await v.press('Weiter')
    await v.sees('Hier fehlt noch etwas')
    await v.tick('Ich versichere, dass ich die Daten meiner Familie entgegennehmen darf.')
    await v.press('Weiter')
    await v.isAt(/\/family$/)
    await releases(v, 'umzug-familie')
    await v.passes('umzug-familie-melden')
    await confirms(v)
    await closes(v)
    await v.passes('vorgang-familie')
    assert.equal(await v.page.getByRole('link', { name: 'Amtliche Meldebestätigung' }).count(), 4, 'one confirmation for each person')
  },
}
