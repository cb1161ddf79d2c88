// People see who read what, and their browser checks it.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { begins, closes, confirmsAsLandlord, downloads, movesByMark, namesMark, people, releases } from '../ways.mjs'

// told is what a record of the pack says.
const told = record => JSON.parse(Buffer.from(record.body_b64, 'base64'))

// placed waits until the move's records have their places in the tree: that comes after the commit.
async function placed(v) {
  const limit = AbortSignal.timeout(15_000)
  for (let n = 0; ; await new Promise(next => setTimeout(next, 200))) {
    const { records } = await (await v.context.request.get('/zugriffe/nachweis.json')).json()
    n = records.filter(r => r.proof).length
    if (n >= 15 && records.some(r => r.proof && told(r).kind === 'decision')) return
    assert.ok(!limit.aborted, `only ${n} records have a place after 15 s`)
  }
}

export default {
  async 'the browser checks every record, and the pack is checked by the command'({ visitor, town }) {
    const v = await visitor()
    await movesByMark(v, people.malte, await confirmsAsLandlord(v, people.malte))
    await closes(v)
    await placed(v)
    await v.open('/zugriffe/nachpruefen')
    await v.press('Jetzt nachprüfen')
    await v.sees('Keiner wurde geändert, keiner fehlt dazwischen.')
    await v.passes('nachpruefen')
    const first = Number((await v.page.locator('[data-proof-result]').innerText()).match(/\d+/)[0])
    assert.ok(first >= 15, `a move leaves more than ${first} records`)
    await v.page.reload()
    await v.press('Jetzt nachprüfen')
    await v.sees('Alles von damals ist noch da.')

    // The same by somebody else's means: the pack and the command.
    const pack = await downloads(v, 'Nachweis herunterladen (ZIP)')
    const dir = await mkdtemp(join(tmpdir(), 'amtsweg-pack-'))
    try {
      const file = join(dir, 'nachweis.zip')
      await writeFile(file, pack.body)
      assert.match(await town.amtsweg('ledger', 'verify', file), /ok/)
      const { records } = JSON.parse((await downloads(v, 'Als eine JSON-Datei')).body)
      assert.ok(records.some(r => told(r).kind === 'access' && told(r).reader === 'lindenfurt'), 'the new town’s access is in it')
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },

  async 'a record that was changed on the way is found'({ visitor }) {
    const v = await visitor()
    await movesByMark(v, people.camille, await confirmsAsLandlord(v, people.camille))
    await closes(v)
    await placed(v)
    await v.page.route('**/zugriffe/nachweis.json*', async route => {
      const answer = await route.fetch()
      const pack = await answer.json()
      const record = pack.records.find(r => told(r).kind === 'decision')
      record.body_b64 = Buffer.from(JSON.stringify({ ...told(record), purpose: 'Wir haben nichts entschieden.' })).toString('base64')
      await route.fulfill({ response: answer, json: pack })
    })
    await v.open('/zugriffe/nachpruefen')
    await v.press('Jetzt nachprüfen')
    await v.sees('Ein Eintrag steht nicht so im Protokoll, wie er hier gezeigt wird.')
    await v.passes('nachpruefen-falsch')
  },

  async 'a running release can be ended at once, and the case asks again'({ visitor }) {
    const v = await visitor({ width: 390 })
    await begins(v, people.theresa)
    const mark = await confirmsAsLandlord(await visitor(), people.theresa)
    await namesMark(v, mark)
    await v.open('/freigaben')
    await v.passes('freigaben-offen')
    await v.press('Vorgänge')
    await v.press('Wohnsitz anmelden')
    await v.press('Weitermachen')
    await releases(v)
    await v.isAt(/\/apply$/)
    await v.open('/freigaben/laufend')
    await v.passes('freigaben-laufend')
    await v.page.getByRole('button', { name: /^Sofort beenden/ }).first().click()
    await v.sees('Die Freigabe ist beendet.')
    await v.open('/freigaben/beendet')
    await v.sees('Widerrufen')
    await v.passes('freigaben-beendet')
  },
}
