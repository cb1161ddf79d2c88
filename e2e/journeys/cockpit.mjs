// People see who read what, and their browser checks it.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { begins, closes, confirmsAsLandlord, downloads, movesByMark, namesMark, people, releases, showsCard } from '../ways.mjs'

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

// grows waits until the log has more than n records, and returns how many.
async function grows(v, n) {
  const limit = AbortSignal.timeout(15_000)
  for (let size = 0; ; await new Promise(next => setTimeout(next, 100))) {
    size = Number((await (await v.context.request.get('/checkpoint')).text()).split('\n')[1])
    if (size > n) return size
    assert.ok(!limit.aborted, `the log has still ${size} records after 15 s`)
  }
}

// checks presses the button of the proof page anew.
async function checks(v) {
  await v.open('/zugriffe/nachpruefen')
  await v.press('Jetzt nachprüfen')
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
    await v.sees('Ihre Einträge von damals stehen alle noch an ihrem Platz.')

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

  async 'the browser remembers the log, and sees when it was rolled back or forked'({ visitor, town }) {
    const v = await visitor()
    await v.open('/zugriffe/nachpruefen')
    await showsCard(v, people.gisela)
    await v.isAt('/zugriffe/nachpruefen')
    const early = await grows(v, 0)
    const asked = []
    v.page.on('request', r => { if (r.url().includes('/tile/')) asked.push(r) })
    await checks(v)
    await v.sees('Ab der nächsten Prüfung vergleicht er.')
    assert.equal(asked.length, 0, 'there is nothing to compare with yet')
    const yesterday = await (await v.context.request.get('/zugriffe/nachweis.json')).text()
    const remembered = await v.page.evaluate(() => JSON.stringify(localStorage))
    assert.ok(!remembered.includes(await v.page.locator('[data-proof-person]').getAttribute('data-proof-person')), 'the memory names the person')

    // Somebody else moves house meanwhile: the log grows, and continues what the browser saw.
    const other = await visitor()
    await other.open('/zugriffe')
    await showsCard(other, people.ulrike)
    await other.isAt('/zugriffe')
    await grows(v, early)
    await checks(v)
    await v.sees('Das Protokoll setzt das von damals fort.')
    assert.ok(asked.length > 0, 'a comparison needs tiles')
    for (const r of asked) assert.equal((await r.allHeaders()).cookie, undefined, 'tiles are asked for without the session')

    // A database of yesterday.
    const all = '**/zugriffe/nachweis.json*'
    await v.page.route(all, route => route.fulfill({ body: yesterday, contentType: 'application/json' }))
    await checks(v)
    await v.sees('Das Protokoll ist kürzer als bei der letzten Prüfung')
    await v.doesNotSee('Ab der nächsten Prüfung')
    await v.passes('nachpruefen-kuerzer')
    const download = v.page.waitForEvent('download')
    await v.press('Gemerkten Stand speichern')
    const saved = await (await download).path()
    assert.match(await readFile(saved, 'utf8'), /^amtsweg\.example\/.*\n\d+\n.{44}\n\n— /)
    await v.page.unroute(all)

    // Another log under the same signature would show other hashes.
    const tiles = '**/epochs/**'
    const before = await grows(v, early)
    const third = await visitor()
    await third.open('/zugriffe')
    await showsCard(third, people.jana)
    await grows(v, before)
    await v.page.route(tiles, async route => {
      const answer = await route.fetch()
      await route.fulfill({ response: answer, body: (await answer.body()).map(b => b ^ 1) })
    })
    await checks(v)
    await v.sees('Das Protokoll setzt das von der letzten Prüfung in diesem Browser nicht fort.')
    await v.passes('nachpruefen-gegabelt')
    await v.page.unroute(tiles)

    // After a fault the browser remembers what it had, and the honest log still continues that.
    await checks(v)
    await v.sees('Das Protokoll setzt das von damals fort.')
    const pack = await downloads(v, 'Nachweis herunterladen (ZIP)')
    const dir = await mkdtemp(join(tmpdir(), 'amtsweg-pack-'))
    try {
      const [now, then] = [join(dir, 'nachweis.zip'), join(dir, 'damals.json')]
      await writeFile(now, pack.body)
      await writeFile(then, yesterday)
      assert.match(await town.amtsweg('ledger', 'verify', now, '--head', saved, '--log', town.url), /^ok/)
      await assert.rejects(town.amtsweg('ledger', 'verify', then, '--head', saved, '--log', town.url), { stdout: /records were taken back/ })
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
    await v.press('Gemerktes vergessen')
    assert.equal(await v.page.evaluate(() => localStorage.length), 0, 'nothing is left')
  },

  async 'a browser that keeps nothing says so'({ visitor }) {
    const v = await visitor({ width: 390, theme: 'dark' })
    await v.page.addInitScript(() => { Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError') } })
    await v.open('/zugriffe/nachpruefen')
    await showsCard(v, people.gisela)
    await v.isAt('/zugriffe/nachpruefen')
    await grows(v, 0)
    await v.press('Jetzt nachprüfen')
    await v.sees('Keiner wurde geändert, keiner fehlt dazwischen.')
    await v.sees('Ihr Browser hebt nichts auf')
    await v.doesNotSee('Gemerktes vergessen')
    await v.passes('nachpruefen-ohne-speicher')
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
