import assert from 'node:assert/strict'
import { looks } from '../visitor.mjs'

// doors are the public pages anyone may open, with what they must say.
const doors = {
  '/': 'Amtsweg', '/leistungen': 'Wohnsitz anmelden', '/umzug': 'Umzug nach Lindenfurt melden', '/wohnungsgeber': 'Einzug bestätigen', '/anmelden': 'Wer sind Sie?',
  '/siegel': 'Siegel', '/hilfe': '115', '/darstellung': 'Hell', '/demo/portal': 'Heimfinder', '/demo/ausgang': 'E-Mails',
}

export default {
  async 'every public page answers and passes, at every size'({ visitor }) {
    for (const look of looks) {
      const v = await visitor(look)
      for (const [path, says] of Object.entries(doors)) {
        assert.equal(await v.open(path), 200, path)
        await v.sees(says)
        await v.passes(path.slice(1).replaceAll('/', '-') || 'start')
        if (path === '/' && look.width === 1280 && look.theme === 'light') await v.picture('start')
      }
    }
  },

  async 'they need no script'({ visitor }) {
    const v = await visitor({ scripts: false })
    for (const [path, says] of Object.entries(doors)) {
      assert.equal(await v.open(path), 200, path)
      await v.sees(says)
    }
  },

  async 'what is not there says so, in the same house'({ visitor }) {
    const v = await visitor()
    assert.equal(await v.open('/gibt-es-nicht'), 404)
    await v.passes('nicht-gefunden')
  },

  async 'nobody who is not signed in sees a release or an access'({ visitor }) {
    const v = await visitor()
    for (const path of ['/freigaben', '/zugriffe', '/postfach', '/arbeitsplatz']) {
      const status = await v.open(path)
      assert.ok(status !== 200 || new URL(v.page.url()).pathname !== path, `${path} was shown to a stranger`)
    }
  },
}
