// A visitor does what a person does in a browser and says what they see. A visitor without a mouse does the same with
// keys alone; one without scripts uses the plain forms. Whatever goes wrong on the way (an exception, a blocked script,
// a file that does not load, a request to anywhere else) ends the story.
import { mkdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import assert from 'node:assert/strict'

const here = new URL('.', import.meta.url).pathname
const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

// looks are how every page is looked at: desk and phone, light and dark.
export const looks = [
  { width: 1280, theme: 'light' }, { width: 1280, theme: 'dark' },
  { width: 390, theme: 'light' }, { width: 390, theme: 'dark' },
]

export class Visitor {
  // arrive opens a browser window of its own, with its own cookies.
  static async arrive(browser, town, story, { width = 1280, theme = 'light', scripts = true, mouse = true, careful = false, language = 'de-DE' } = {}) {
    const context = await browser.newContext({
      baseURL: town.url, viewport: { width, height: width < 600 ? 844 : 900 }, colorScheme: theme, javaScriptEnabled: scripts,
      locale: language, timezoneId: 'Europe/Berlin', reducedMotion: 'reduce', hasTouch: width < 600, isMobile: width < 600,
    })
    context.setDefaultTimeout(10_000)
    const v = new Visitor()
    Object.assign(v, { context, town, story, width, theme, scripts, mouse, careful, problems: [] })
    v.page = await context.newPage()
    v.#watch()
    return v
  }

  #watch() {
    const { page, problems } = this
    page.on('pageerror', e => problems.push(`exception: ${e.message}`))
    page.on('console', m => {
      // A page may well be answered with 4xx: the story says whether it should. Anything else that fails is a fault.
      if (m.type() === 'error' && !(m.text().startsWith('Failed to load resource') && m.location().url === page.url())) {
        problems.push(`console: ${m.text()} (${m.location().url})`)
      }
    })
    page.on('request', r => {
      if (!r.url().startsWith(this.town.url + '/') && !r.url().startsWith('data:')) problems.push(`request to ${r.url()}`)
    })
    page.on('requestfailed', r => {
      if (r.failure()?.errorText !== 'net::ERR_ABORTED') problems.push(`did not load: ${r.url()} ${r.failure()?.errorText}`)
    })
  }

  // open goes to a page and returns its status.
  async open(path) {
    return (await this.page.goto(path)).status()
  }

  // press uses the button or link of that name.
  async press(name, options) {
    const target = await this.#one(this.#named(['button', 'link'], name, options), `button or link „${name}“`)
    if (this.mouse) return target.click()
    await this.#tabTo(target, name)
    await this.page.keyboard.press('Enter')
    await this.page.waitForLoadState()
  }

  // type writes into the field of that label; a date is written as 2030-03-01.
  // { in: legend } looks inside the group of that name only.
  async type(label, text, { in: group } = {}) {
    const field = await this.#one(this.#labelled(label, group), `field „${label}“`)
    if (this.mouse) return field.fill(text)
    await this.#tabTo(field, label)
    if (await field.getAttribute('type') === 'date') {
      const [y, m, d] = text.split('-')
      return this.page.keyboard.type(d + m + y)
    }
    await this.page.keyboard.press('ControlOrMeta+A')
    await this.page.keyboard.type(text)
  }

  // tick makes sure that the box or the choice of that label is chosen.
  async tick(label, options) { return this.#set(label, true, options) }
  async untick(label, options) { return this.#set(label, false, options) }

  async #set(label, want, options) {
    const box = await this.#one(this.#named(['checkbox', 'radio'], label, options), `box „${label}“`)
    if (await box.isChecked() === want) return
    if (this.mouse) return box.setChecked(want)
    if (await box.getAttribute('type') !== 'radio') {
      await this.#tabTo(box, label)
      await this.page.keyboard.press('Space')
    } else {
      // A group of choices has one tab stop; arrows move within it.
      const name = await box.getAttribute('name')
      await this.#tabTo(this.page.locator(`input[type=radio][name="${name}"]`), label, true)
      await this.page.keyboard.press('Space')
      for (let i = 0; i < 50 && !await box.isChecked(); i++) await this.page.keyboard.press('ArrowDown')
    }
    assert.equal(await box.isChecked(), want, `„${label}“ cannot be set with keys`)
  }

  // choose takes an option of a list.
  async choose(label, option) {
    const list = await this.#one(this.#labelled(label), `list „${label}“`)
    if (this.mouse) return list.selectOption({ label: option })
    await this.#tabTo(list, label)
    await this.page.keyboard.type(option)
    assert.equal(await list.evaluate(l => l.selectedOptions[0]?.label), option, `„${option}“ cannot be chosen with keys`)
  }

  // attach gives a file to the field of that label.
  async attach(label, path) { return this.#labelled(label).setInputFiles(path) }

  // sees waits until the text can be seen.
  async sees(text) {
    await this.page.getByText(text).filter({ visible: true }).first().waitFor({ state: 'visible' })
      .catch(() => this.#fail(`does not see „${text}“`))
    return this
  }

  // doesNotSee holds for the page as it is now; say first what the visitor does see.
  async doesNotSee(text) {
    const n = await this.page.getByText(text).filter({ visible: true }).count()
    if (n > 0) await this.#fail(`sees „${text}“`)
    return this
  }

  // isAt waits for an address, given without its query, or as a pattern.
  async isAt(path) {
    const right = url => (path instanceof RegExp ? path.test(url.pathname) : url.pathname === path)
    await this.page.waitForURL(right).catch(() => this.#fail(`is at ${new URL(this.page.url()).pathname}, not at ${path}`))
    return this
  }

  // comesBackUntil looks at the page again and again until the text is there: what the state does goes on without them.
  async comesBackUntil(text) {
    const limit = AbortSignal.timeout(15_000)
    for (let pause = 100; !limit.aborted; pause *= 1.5) {
      if (await this.page.getByText(text).filter({ visible: true }).count()) return this
      await new Promise(next => setTimeout(next, pause))
      await this.page.reload()
    }
    return this.#fail(`waited 15 s and does not see „${text}“`)
  }

  // passes checks the page as it stands with axe, wants no sideways scrolling, and takes its picture.
  async passes(name) {
    const violations = await this.#axe()
    const found = violations.map(v => `${v.id}: ${v.help}\n      ${v.nodes.map(n => n.html).slice(0, 5).join('\n      ')}`)
    const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    if (wide > 0) found.push(`the page is ${wide} px wider than the window`)
    if (name) await this.shot(name)
    if (found.length) await this.#fail(`axe at ${this.width} ${this.theme}:\n    ${found.join('\n    ')}`)
    return this
  }

  // looksAt is passes for a careful visitor, who is asked to look at everything on the way; others hurry on.
  async looksAt(name) {
    return this.careful ? this.passes(name) : this
  }

  // axe needs scripts to run: where the visitor has none, it looks at a copy of the page as they see it.
  async #axe() {
    const page = this.scripts ? this.page : await this.#copy()
    await page.evaluate(axe)
    const { violations } = await page.evaluate(() => globalThis.axe.run(document, {
      runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'],
    }))
    if (page !== this.page) await page.context().close()
    return violations
  }

  async #copy() {
    const html = (await this.page.content()).replace(/<(\/?)noscript\b/g, '<$1div')
    const context = await this.context.browser().newContext({ viewport: this.page.viewportSize(), colorScheme: this.theme })
    const page = await context.newPage()
    await page.route('**/*', route => {
      switch (route.request().resourceType()) {
        case 'document': return route.fulfill({ body: html, contentType: 'text/html; charset=utf-8' })
        case 'script': return route.abort()
        default: return route.continue()
      }
    })
    await page.goto(this.page.url())
    return page
  }

  // shot keeps a picture under shots/STORY/NAME-WIDTH-THEME.png.
  async shot(name) {
    const file = join(here, 'shots', this.story.file, `${name}-${this.width}-${this.theme}.png`)
    await mkdir(dirname(file), { recursive: true })
    await this.page.screenshot({ path: file, fullPage: true })
  }

  // picture renews a picture of the documentation, docs/bilder/NAME.png, when the runner was asked for --pictures.
  async picture(name) {
    if (!this.story.pictures) return
    const file = join(here, '../docs/bilder', `${name}.png`)
    await mkdir(dirname(file), { recursive: true })
    await this.page.screenshot({ path: file })
  }

  // passkeys gives the window an authenticator that agrees to everything, and returns what it knows.
  async passkeys() {
    const cdp = await this.context.newCDPSession(this.page)
    await cdp.send('WebAuthn.enable')
    const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
      protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
    } })
    return {
      stored: async () => (await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials,
      refuse: async () => cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false }),
    }
  }

  // leave closes the window; what went wrong behind the scenes counts now.
  async leave() {
    await this.context.close()
    assert.deepEqual(this.problems, [], 'nothing may go wrong behind the scenes')
  }

  // named finds by role and whole accessible name; { part: true } takes a part of it.
  #named(roles, name, { part = false } = {}) {
    const of = role => this.page.getByRole(role, { name, exact: !part })
    return roles.slice(1).reduce((all, role) => all.or(of(role)), of(roles[0]))
  }

  #labelled(label, group) {
    const place = group ? this.page.getByRole('group', { name: group, exact: true }) : this.page
    // A label may go on with „(freiwillig)“ or „(wenn vorhanden)“.
    const name = new RegExp(`^\\s*${label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(\\s*\\((freiwillig|optional|wenn vorhanden|if any)\\))?\\s*$`)
    return place.getByLabel(name).and(this.page.locator('input, textarea, select'))
  }

  async #one(locator, what) {
    await locator.first().waitFor({ state: 'visible' }).catch(() => this.#fail(`finds no ${what}`))
    const n = await locator.count()
    if (n > 1) await this.#fail(`finds ${n} times ${what}`)
    return locator
  }

  async #tabTo(target, name, any = false) {
    const focused = async () => (any ? target.evaluateAll(all => all.includes(document.activeElement)) : target.evaluate(e => e === document.activeElement))
    for (let i = 0; i < 200; i++) {
      if (await focused()) {
        const shown = await this.page.evaluate(() => {
          // The ring may lie on a wrapper, on the label beside a styled input, or around the row of a table.
          const e = document.activeElement
          const near = [e, e.parentElement, e.nextElementSibling, e.labels?.[0], e.closest('tr')].filter(Boolean)
          return near.some(n => [getComputedStyle(n), getComputedStyle(n, '::before'), getComputedStyle(n, '::after')]
            .some(s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'))
        })
        if (!shown) await this.#fail(`cannot see the focus on „${name}“`)
        return
      }
      await this.page.keyboard.press('Tab')
    }
    await this.#fail(`cannot reach „${name}“ with the tab key`)
  }

  async #fail(what) {
    await this.shot('failed').catch(() => {})
    const text = (await this.page.locator('main').innerText({ timeout: 1000 }).catch(() => '')).slice(0, 1500)
    const problems = this.problems.length ? `\n  behind the scenes: ${this.problems.join('; ')}` : ''
    throw new Error(`the visitor ${what}\n  at ${this.page.url()}${problems}\n  the page says: ${text.replaceAll('\n', '\n  | ')}`)
  }
}
