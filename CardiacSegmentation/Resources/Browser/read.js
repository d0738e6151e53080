
// The page with corrections. A hand's drag goes to the program as a line of places; the program answers with borders,
// numbers and findings. Commands go one after the other; one whose answer is lost is sent again under its number, and
// the program does it once. What other tabs do arrives by itself.

const tab = crypto.randomUUID()
const REFUSED = [400, 413] // what the program will not take however often it is sent
const LOOK_MS = 700 // an image shown so long was looked at
let sent = 0 // commands
let queue = Promise.resolve()

// To the program and back

const pause = ms => new Promise(resolve => setTimeout(resolve, ms))

async function post(path, message) {
  const response = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(message) })
  if (REFUSED.includes(response.status)) return { problem: await response.text(), revision: -1 }
  if (!response.ok) throw new Error(response.statusText)
  return response.json()
}

function command(name, details = {}) {
  queue = queue.then(async () => {
    const message = { ...details, command: name, tab, number: ++sent, run: study.run }
    const news = await untilHeard(() => post('command', { ...message, seen: study.revision }))
    adopt(news)
    tell(news.stale ? words.stale : news.problem ?? '')
    return news
  })
  return queue
}

async function untilHeard(ask) {
  for (;;) {
    try {
      const answer = await ask()
      byId('connection').hidden = true
      return answer
    } catch {
      byId('connection').hidden = false
      await pause(1000)
    }
  }
}

async function hearNews() {
  for (;;) adopt(await untilHeard(async () => {
    const response = await fetch(`news?${study.run}:${study.revision}`)
    if (!response.ok) throw new Error(response.statusText)
    return response.json()
  }))
}

function adopt(news) {
  if (news.reload) { location.reload(); return }
  if (news.revision < study.revision) return
  const changed = Object.keys(news.changed)
  if (changed.length && news.revision > study.revision) showProposal(null)
  for (const place of changed) {
    const [phase, slice] = place.split(',')
    study.contours[phase][slice] = news.changed[place]
    delete study.automatic[place]
    if (drag && drag.phase == phase && drag.slice == slice && news.revision > study.revision) drag = null
  }
  Object.assign(study.automatic, news.changedAutomatic)
  const isNew = news.revision > study.revision || JSON.stringify(news.reading) !== JSON.stringify(study.reading)
  study.revision = news.revision
  state = news.state
  study.reading = news.reading
  if (isNew) keepingFocus(() => { showState(); showReading() })
  if (news.place) goTo(news.place[0] ?? at.phase, news.place[1] ?? at.slice)
  else if (isNew) goTo(at.phase, at.slice, { quietly: playing })
}

function keepingFocus(show) {
  const { id } = document.activeElement
  show()
  if (id && document.activeElement.id !== id) byId(id)?.focus({ preventScroll: true })
}

function tell(text) {
  byId('problem').textContent = text
  byId('problem').hidden = !text
}

// Panels

function button(id, text, onclick) { return make('button', { id, onclick }, text) }

function select(id, choices, onchange) {
  const element = make('select', { id }, ...choices.map(([value, text]) => make('option', { value }, text)))
  if (onchange) element.addEventListener('change', onchange)
  return element
}

function buildDecisions() {
  const parts = study.parts.map(([name, title]) => make('label', {}, make('input', { type: 'checkbox', name, checked: true }), ` ${title}`))
  byId('decisions').append(
    make('h2', {}, words.decisions),
    make('div', { className: 'columns' },
      make('div', {}, make('h3', {}, words.counts), make('label', {}, make('input', { id: 'all-phases', type: 'checkbox' }), ` ${words.allPhases}`), make('table', { id: 'grid' })),
      make('div', {}, make('h3', {}, words.keyPhases), make('table', { id: 'key-phases' }), make('div', { id: 'choices' })),
      make('div', {},
        make('label', { className: 'wide' }, words.reader, make('input', { id: 'reader', type: 'text', autocomplete: 'name', onchange: event => command('reader', { text: event.target.value }) })),
        make('label', { className: 'wide' }, words.impression, make('textarea', { id: 'impression', rows: 4, onchange: event => command('impression', { text: event.target.value }) })),
        button('sign', words.sign, () => command('sign')), button('unlock', words.unlock, () => command('unlock'))),
      make('div', {}, make('h3', {}, words.results), make('div', { id: 'parts' }, ...parts), button('write', words.write, writeResults), make('ul', { id: 'files' }))))
  byId('decisions').setAttribute('aria-label', words.decisions)
  byId('decisions').hidden = false
}

async function writeResults() {
  byId('write').textContent = words.writing
  await command('export', { parts: [...byId('parts').querySelectorAll('input:checked')].map(input => input.name) })
  byId('write').textContent = words.write
}

function showReading() {
  const reading = study.reading, locked = reading.isSigned
  for (const name of ['undo', 'redo']) {
    byId(name).textContent = `${words[name]}: ${reading[name] || words.nothing}`
    byId(name).title = reading[name]
    byId(name).disabled = !reading[name] || locked
  }
  for (const id of ['delete', 'delete-phases', ...CHANGES, ...Object.keys(STEPS), ...PROPOSED, 'reader', 'impression', 'sign']) byId(id).disabled = locked
  byId('unlock').disabled = !locked
  for (const id of ['reader', 'impression']) if (document.activeElement !== byId(id)) byId(id).value = reading[id]
  const places = state.moments.flatMap(({ phase }) => Array.from({ length: study.slices }, (_, slice) => `${phase},${slice}`))
  byId('looked-at').textContent = fill(words.lookedAt, { count: places.filter(place => reading.lookedAt.includes(place)).length, total: places.length })
  showGrid(locked)
  showKeyPhases(locked)
  showPlanes(locked)
  byId('choices').replaceChildren(...Object.entries(reading.conventions).map(([name, { value, choices }]) => {
    const list = select(`choice-${name}`, choices, event => command('convention', { name, value: event.target.value }))
    Object.assign(list, { value, disabled: locked })
    return make('label', { className: 'wide' }, words[name], list)
  }))
  byId('files').replaceChildren(...reading.files.map(name => make('li', {}, make('a', { href: `files/${name}`, download: name }, name))))
}

function showGrid(locked) {
  const columns = ['LV', 'RV'].flatMap(structure => ['ed', 'es'].map(moment => ({ structure, moment, phase: state.keyPhases[`${structure.toLowerCase()}_${moment}`] })))
    .filter(({ phase }) => phase !== null)
  const head = make('thead', {}, make('tr', {}, make('th', {}, words.slice), ...columns.map(({ structure, moment }) => make('th', { scope: 'col' }, `${structure} ${moment.toUpperCase()}`))))
  const rows = Array.from({ length: study.slices }, (_, slice) => make('tr', {}, make('th', { scope: 'row' }, slice + 1), ...columns.map(({ structure, moment, phase }) => {
    const label = `${structure} ${moment.toUpperCase()}, ${words.slice} ${slice + 1}`
    const box = make('input', { id: `count-${structure}-${moment}-${slice}`, type: 'checkbox', disabled: locked, checked: state.counted[structure][phase][slice] === '1', 'aria-label': label })
    const decide = counts => command('count', { structure, phase, slice, counts, allPhases: byId('all-phases').checked })
    box.addEventListener('change', () => decide(box.checked))
    if (!study.reading.decided.includes(`${structure},${phase},${slice}`)) return make('td', {}, box)
    const free = button(`free-${structure}-${moment}-${slice}`, '↺', () => decide(null))
    Object.assign(free, { title: words.automatic, disabled: locked })
    free.setAttribute('aria-label', `${words.automatic}: ${label}`)
    return make('td', { className: 'decided' }, box, free)
  })))
  byId('grid').replaceChildren(head, make('tbody', {}, ...rows))
}

function showKeyPhases(locked) {
  byId('key-phases').replaceChildren(make('tbody', {}, ...Object.entries(state.keyPhases).map(([name, phase]) => {
    const isFixed = study.reading.fixed.includes(name), text = name.replace('_', ' ').toUpperCase()
    const use = button(`use-${name}`, words.useThis, () => command('key-phase', { name, phase: at.phase }))
    const free = button(`free-${name}`, words.automatic, () => command('key-phase', { name, phase: null }))
    use.disabled = locked
    free.disabled = locked || !isFixed
    return make('tr', {}, make('th', { scope: 'row' }, text), make('td', {}, phase === null ? '–' : phase + 1),
      make('td', { className: 'range' }, isFixed ? words.fixed : words.proposed), make('td', {}, use, free))
  })))
}

function tickOf(finding) {
  const box = make('input', { id: `tick-${finding.key}`, type: 'checkbox', checked: finding.ticked, disabled: study.reading.isSigned, 'aria-label': fill(words.tick, finding) })
  box.addEventListener('change', () => command('tick', { key: finding.key, seen: box.checked }))
  return box
}

function watchLooks() {
  let timer = 0
  listeners.push(quietly => {
    clearTimeout(timer)
    if (quietly) return
    const { phase, slice } = at
    timer = setTimeout(() => {
      if (!study.reading.isSigned && !study.reading.lookedAt.includes(`${phase},${slice}`) && !drag) command('look', { phase, slice })
    }, LOOK_MS)
  })
}

// Until there is a study

async function waitForStudy() {
  byId('whose').textContent = words.opening
  const bar = make('progress', { max: 1, id: 'progress' }), text = make('p', { role: 'status', id: 'progress-text' })
  byId('stage').replaceChildren(bar, text)
  for (const id of ['controls', 'results', 'pictures', 'basis', 'signed']) byId(id).hidden = true
  byId('disclaimer').textContent = study.disclaimer
  for (;;) {
    const progress = await untilHeard(async () => (await fetch('progress')).json())
    if (progress.ready) { location.reload(); return }
    bar.value = progress.fraction
    text.textContent = progress.problem || progress.message
    if (progress.problem) return
    await pause(300)
  }
}

function startReading() {
  document.body.prepend(make('p', { id: 'connection', role: 'alert', hidden: true }, words.connection))
  if (!study.images) { waitForStudy(); return }
  buildTools()
  buildPlanes()
  buildDecisions()
  showReading()
  chooseTool('hand')
  watchLooks()
  hearNews()
}

startReading()
