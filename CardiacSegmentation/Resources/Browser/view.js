
'use strict'
// The page that shows a study. All it shows is in one block of JSON (see browser/content.py for its fields):
// images as sheets of all slices by phase, borders in pixels of those sheets, numbers and sentences ready to be shown.
// Slices and phases count from 0 in here and from 1 wherever people read.

const study = JSON.parse(document.getElementById('study').textContent)
const words = study.words
const byId = id => document.getElementById(id)

const at = { phase: 0, slice: 0 } // what the large picture shows
let state = study.state // what may change while a study is read: numbers, findings, decisions
let playing = false
let outlinesShown = true, automaticShown = true // contours; what the network drew where a reader corrected it
let frames = 0 // drawn so far; a test counts them
const sheets = [] // decoded images by phase
const listeners = [] // called after the large picture moved to another place
let overlay = null // what the reading page draws over the large picture
let canSwipe = () => true // while no tool is in hand
let proposed = {} // borders that would change, by "phase,slice"
let preview = null // borders that a drag shows in place of those of the large picture

// Small helpers

function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => name in values ? values[name] : whole)
}

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value
    else element.setAttribute(name, value)
  }
  element.append(...children.filter(child => child !== null && child !== undefined))
  return element
}

function makeSvg(tag, properties = {}, text = '') {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  for (const [name, value] of Object.entries(properties)) element.setAttribute(name, value)
  element.textContent = text
  return element
}

function clamp(value, low, high) { return Math.min(high, Math.max(low, value)) }

// Images and borders

function loadSheets() {
  const first = state.keyPhases.lv_ed ?? 0
  const order = [first, ...study.images.sheets.keys()].filter((phase, place, all) => all.indexOf(phase) === place)
  return order.reduce((before, phase) => before.then(async () => {
    const sheet = new Image()
    sheet.src = study.images.sheets[phase]
    await sheet.decode()
    sheets[phase] = sheet
    if (phase === at.phase) draw()
  }), Promise.resolve())
}

// A border is [column, row, then steps to each next point], in parts of a pixel, from the corner of the sheet's first pixel.
function pathOf(border) {
  if (border.path) return border.path
  const points = []
  let x = 0, y = 0
  for (let i = 0; i < border.points.length; i += 2) {
    x += border.points[i]
    y += border.points[i + 1]
    points.push([x / study.pixelParts, y / study.pixelParts])
  }
  const path = new Path2D(), count = points.length
  const middle = i => [(points[i % count][0] + points[(i + 1) % count][0]) / 2, (points[i % count][1] + points[(i + 1) % count][1]) / 2]
  path.moveTo(...middle(0))
  for (let i = 1; i <= count; i++) path.quadraticCurveTo(...points[i % count], ...middle(i))
  path.closePath()
  border.path = path
  return path
}

function strokeBorders(context, borders, phase, slice, scale, { automatic = false, width = 1.8 } = {}) {
  for (const [name, border] of Object.entries(borders ?? {})) {
    const structure = study.borders[name]
    const counts = state.counted[structure][phase][slice] === '1'
    context.lineWidth = (automatic ? 1.2 : width) / scale
    context.setLineDash(automatic ? [4 / scale, 3 / scale] : counts ? [] : [7 / scale, 5 / scale])
    context.strokeStyle = automatic ? '#ffffffe0' : study.structures[structure].color
    context.stroke(pathOf(border))
  }
  context.setLineDash([])
}

// One image with its borders, filling a canvas; `frame` is the part of the image that is shown.
function drawImage(canvas, phase, slice, frame, width) {
  const { columnsOfSheet, rows, columns, spacing } = study.images
  const height = Math.round(width * frame.rows * spacing[0] / (frame.columns * spacing[1]))
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
  const context = canvas.getContext('2d')
  const scaleX = width / frame.columns, scaleY = height / frame.rows
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.fillStyle = '#000'
  context.fillRect(0, 0, width, height)
  if (!sheets[phase]) return context
  context.imageSmoothingQuality = 'high'
  const left = slice % columnsOfSheet * columns, top = Math.floor(slice / columnsOfSheet) * rows
  context.drawImage(sheets[phase], left + frame.x, top + frame.y, frame.columns, frame.rows, 0, 0, width, height)
  context.setTransform(scaleX, 0, 0, scaleY, -frame.x * scaleX, -frame.y * scaleY)
  return context
}

function bordersAt(phase, slice) { return study.contours[phase][slice] }

function draw() {
  frames++
  const canvas = byId('image'), density = window.devicePixelRatio || 1
  const width = Math.max(1, Math.round(canvas.clientWidth * density))
  const frame = shownFrame()
  const context = drawImage(canvas, at.phase, at.slice, frame, width)
  const scale = width / frame.columns / density
  if (outlinesShown) {
    if (automaticShown) strokeBorders(context, study.automatic[`${at.phase},${at.slice}`], at.phase, at.slice, scale, { automatic: true })
    strokeBorders(context, preview ?? proposed[`${at.phase},${at.slice}`] ?? bordersAt(at.phase, at.slice), at.phase, at.slice, scale)
  }
  if (overlay) overlay(context, scale)
}

function shownFrame() {
  return study.whole ? { x: 0, y: 0, columns: study.images.columns, rows: study.images.rows } : study.images.heart
}

// Where the reader is

function goTo(phase, slice, { quietly = false } = {}) {
  at.phase = (phase + study.phases) % study.phases
  at.slice = clamp(slice, 0, study.slices - 1)
  byId('phase').value = at.phase + 1
  byId('slice').value = at.slice + 1
  placeCursor()
  draw()
  const text = describePlace(at.phase, at.slice)
  if (!quietly) byId('where').textContent = text
  byId('image').setAttribute('aria-label', text)
  listeners.forEach(listener => listener(quietly))
}

function describePlace(phase, slice) {
  const moments = Object.entries(state.keyPhases).filter(([, at]) => at === phase).map(([name]) => name.replace('_', ' ').toUpperCase())
  const end = study.slices > 1 ? { 0: ` (${words.base})`, [study.slices - 1]: ` (${words.apex})` }[slice] ?? '' : ''
  return fill(words.place, { slice: slice + 1, slices: study.slices, end, phase: phase + 1, phases: study.phases, time: Math.round(study.times[phase]) }) +
    (moments.length ? ` · ${moments.join(', ')}` : '') +
    (state.corrected.includes(`${phase},${slice}`) ? ` · ${words.corrected}` : '')
}

function setPlaying(wanted) {
  playing = wanted
  byId('play').setAttribute('aria-pressed', playing)
  byId('play').textContent = playing ? words.pause : words.play
  if (!playing) goTo(at.phase, at.slice)
}

function startClock() {
  const beat = study.rr || 1000
  let started = 0, first = 0
  requestAnimationFrame(function tick(now) {
    if (playing) {
      if (!started) { started = now; first = at.phase }
      const phase = (first + Math.floor((now - started) / beat * study.phases)) % study.phases
      if (phase !== at.phase) goTo(phase, at.slice, { quietly: true })
    } else started = 0
    requestAnimationFrame(tick)
  })
}

// Panels

function showHeader() {
  document.querySelectorAll('[data-word]').forEach(element => { element.textContent = words[element.dataset.word] })
  document.querySelectorAll('[data-label]').forEach(element => element.setAttribute('aria-label', words[element.dataset.label]))
  byId('whose').textContent = study.whose
  byId('facts').replaceChildren(...study.facts.map(([name, text]) => make('div', {}, make('dt', {}, name), make('dd', {}, text))))
  byId('legend').replaceChildren(...Object.values(study.structures).map(structure => {
    const name = make('b', {}, structure.name)
    name.style.color = structure.color
    return name
  }))
  byId('disclaimer').textContent = study.disclaimer
  byId('program').textContent = study.program
}

function showSignature() {
  const signature = state.signature
  byId('signed').textContent = signature ? fill(words.signed, signature) : words.unsigned
  byId('signed').className = signature ? '' : 'open'
}

function showNumbers() {
  const head = make('thead', {}, make('tr', {}, make('th', {}, ''), make('th', { scope: 'col' }, 'LV'), make('th', { scope: 'col' }, words.range),
    make('th', { scope: 'col' }, 'RV'), make('th', { scope: 'col' }, words.range)))
  const rows = state.numbers.map(row => make('tr', {}, make('th', { scope: 'row', title: row.definition }, `${row.title} (${row.unit})`),
    ...['lv', 'rv'].flatMap(side => valueCells(row[side], `${side}-${row.key}`))))
  byId('numbers').replaceChildren(head, make('tbody', {}, ...rows))
  byId('notes').replaceChildren(...state.notes.map(note => make('p', {}, note)))
  const others = state.others.map(row => make('tr', {}, make('th', { scope: 'row', title: row.definition }, row.title), ...valueCells(row, row.key, row.unit)))
  byId('others').replaceChildren(make('tbody', {}, ...others))
}

function valueCells(value, id, unit = '') {
  if (!value) return [make('td'), make('td', { className: 'range' })]
  const arrow = value.outside ? `${value.outside === 'low' ? '▼' : '▲'} ` : ''
  const cell = make('td', { id, title: value.note }, `${arrow}${value.text}${unit && ` ${unit}`}`)
  if (value.outside) {
    cell.className = 'outside'
    cell.setAttribute('aria-label', `${value.text} ${value.outside === 'low' ? words.below : words.above}`)
  }
  return [cell, make('td', { className: 'range' }, value.range)]
}

const CURVE = { width: 560, height: 220, left: 42, right: 8, top: 36, bottom: 20 }
const MARK = { row: 17, letter: 10 } // of the names of key phases above the curve, at the size that a phone shows them

function curveX(phase) {
  const times = study.times, span = Math.max(1, times.at(-1) - times[0])
  return CURVE.left + (times[phase] - times[0]) / span * (CURVE.width - CURVE.left - CURVE.right)
}

function showCurve() {
  const { width, height, left, right, top, bottom } = CURVE
  const known = Object.values(state.curve).flat().filter(value => value !== null)
  const highest = 50 * Math.ceil(Math.max(50, ...known) / 50)
  const y = value => height - bottom - value / highest * (height - top - bottom)
  const svg = makeSvg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': words.curveLabel })
  for (let value = 0; value <= highest; value += highest > 200 ? 100 : 50) {
    svg.append(makeSvg('line', { class: 'axis', x1: left, x2: width - right, y1: y(value), y2: y(value) }),
      makeSvg('text', { x: left - 5, y: y(value) + 4, 'text-anchor': 'end' }, value))
  }
  svg.append(makeSvg('text', { x: left, y: height - 3 }, `ml · 0–${Math.round(study.times.at(-1))} ms`))
  svg.append(...markKeyPhases())
  for (const [structure, values] of Object.entries(state.curve)) {
    const points = values.map((value, phase) => value === null ? '' : `${curveX(phase).toFixed(1)},${y(value).toFixed(1)}`).filter(Boolean)
    svg.append(makeSvg('polyline', { points: points.join(' '), fill: 'none', stroke: study.structures[structure].color,
      'stroke-width': 2, 'stroke-dasharray': structure === 'MYO' ? '5 4' : 'none' }))
    for (const point of points) {
      const [cx, cy] = point.split(',')
      svg.append(makeSvg('circle', { cx, cy, r: 2.2, fill: study.structures[structure].color }))
    }
  }
  svg.append(makeSvg('line', { class: 'now', id: 'cursor', y1: top, y2: height - bottom }))
  svg.addEventListener('click', event => {
    const box = svg.getBoundingClientRect(), x = (event.clientX - box.left) / box.width * width
    const distances = study.times.map((_, phase) => Math.abs(curveX(phase) - x))
    goTo(distances.indexOf(Math.min(...distances)), at.slice)
  })
  byId('curve').replaceChildren(svg)
  placeCursor()
}

// A line and a name for each key phase; a name that would lie on another one goes into the row above.
function markKeyPhases() {
  const { width, height, top, bottom } = CURVE, marks = {}, ends = []
  for (const [name, phase] of Object.entries(state.keyPhases)) if (phase !== null) (marks[phase] ??= []).push(name.replace('_', ' ').toUpperCase())
  return Object.entries(marks).flatMap(([phase, names]) => {
    const x = curveX(phase), text = names.join(', '), length = text.length * MARK.letter, isLate = x + length > width
    const start = isLate ? x - length : x
    let row = 0
    while (ends[row] > start) row++
    ends[row] = start + length
    return [makeSvg('line', { class: 'mark', x1: x, x2: x, y1: top, y2: height - bottom }),
      makeSvg('text', { x: x + (isLate ? -3 : 3), y: top - 4 - row * MARK.row, 'text-anchor': isLate ? 'end' : 'start' }, text)]
  })
}

function placeCursor() {
  const cursor = byId('cursor')
  if (!cursor) return
  cursor.setAttribute('x1', curveX(at.phase))
  cursor.setAttribute('x2', curveX(at.phase))
}

function showFindings() {
  const items = state.findings.map(finding => {
    const severity = make('strong', {}, `${words[finding.severity]}: `)
    const leads = finding.phase !== null || finding.slice !== null
    const button = make('button', { disabled: !leads, onclick: () => leadTo(finding) }, severity, finding.text)
    return make('li', { className: `${finding.severity} ${finding.ticked ? 'ticked' : ''}` }, study.canRead ? tickOf(finding) : null, button)
  })
  byId('findings').replaceChildren(...(items.length ? items : [make('li', {}, words.none)]))
}

function leadTo(place) {
  setPlaying(false)
  goTo(place.phase ?? at.phase, place.slice ?? at.slice)
  byId('image').focus({ preventScroll: true })
  byId('stage').scrollIntoView({ block: 'nearest' })
}

function showBasis() {
  byId('conventions').replaceChildren(...state.basis.flatMap(([name, lines]) =>
    [make('dt', {}, name), make('dd', {}, ...lines.map(line => make('p', {}, line)))]))
  byId('journal').replaceChildren(...state.journal.map(entry => make('li', { className: entry.undone ? 'undone' : '' }, entry.text)))
  byId('journal-box').hidden = !state.journal.length
}

const tiles = new Map() // canvases of the montage, by "phase,slice"

function showMontage() {
  tiles.clear()
  const groups = state.moments.map(moment => {
    const buttons = Array.from({ length: study.slices }, (_, slice) => {
      const canvas = make('canvas')
      tiles.set(`${moment.phase},${slice}`, canvas)
      return make('button', { onclick: () => leadTo({ phase: moment.phase, slice }), 'aria-label': describePlace(moment.phase, slice) },
        canvas, make('span', {}, slice + 1 + (study.reading?.lookedAt.includes(`${moment.phase},${slice}`) ? ' ✓' : '')))
    })
    return [make('h3', {}, moment.title), make('div', { className: 'tiles' }, ...buttons)]
  })
  byId('montage').replaceChildren(...groups.flat())
  drawTiles()
}

function drawTiles(places = [...tiles.keys()]) {
  for (const place of places) {
    const canvas = tiles.get(place)
    if (!canvas) continue
    const [phase, slice] = place.split(',').map(Number), width = 260
    const context = drawImage(canvas, phase, slice, study.images.heart, width)
    strokeBorders(context, bordersAt(phase, slice), phase, slice, width / study.images.heart.columns, { width: 2.4 })
  }
}

function showState() {
  showSignature()
  showNumbers()
  showCurve()
  showFindings()
  showBasis()
  showMontage()
}

// Hands

function toKeyPhase(moment, { ofRv = false } = {}) {
  const [first, second] = ofRv ? ['rv', 'lv'] : ['lv', 'rv']
  const phase = state.keyPhases[`${first}_${moment}`] ?? state.keyPhases[`${second}_${moment}`]
  setPlaying(false)
  if (phase !== null && phase !== undefined) goTo(phase, at.slice)
}

const KEYS = {
  d: event => toKeyPhase('ed', { ofRv: event.shiftKey }),
  s: event => toKeyPhase('es', { ofRv: event.shiftKey }),
  p: () => setPlaying(!playing),
  h: () => setOutlines(!outlinesShown),
  o: () => { automaticShown = !automaticShown; draw() },
  ArrowRight: () => goTo(at.phase + 1, at.slice),
  ArrowLeft: () => goTo(at.phase - 1, at.slice),
  ArrowUp: () => goTo(at.phase, at.slice - 1),
  ArrowDown: () => goTo(at.phase, at.slice + 1),
}

function setOutlines(shown) {
  outlinesShown = shown
  byId('outlines').setAttribute('aria-pressed', shown)
  draw()
}

function isWriting(element) { return element.matches('input:not([type=checkbox]), textarea, select, summary') }

function listen() {
  addEventListener('keydown', event => {
    if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key
    if (!KEYS[key]) return
    if (key.startsWith('Arrow') && (key.endsWith('Up') || key.endsWith('Down')) && event.target !== byId('image')) return
    event.preventDefault()
    KEYS[key](event)
  })
  let turned = 0
  byId('stage').addEventListener('wheel', event => {
    event.preventDefault()
    turned += event.deltaY || event.deltaX
    const steps = Math.trunc(turned / 40)
    if (!steps) return
    turned = 0
    if (event.shiftKey) goTo(at.phase + Math.sign(steps), at.slice)
    else goTo(at.phase, at.slice + Math.sign(steps))
  }, { passive: false })
  byId('slice').max = study.slices
  byId('phase').max = study.phases
  byId('slice').addEventListener('input', event => goTo(at.phase, event.target.value - 1))
  byId('phase').addEventListener('input', event => goTo(event.target.value - 1, at.slice))
  byId('play').addEventListener('click', () => setPlaying(!playing))
  byId('to-ed').addEventListener('click', () => toKeyPhase('ed'))
  byId('to-es').addEventListener('click', () => toKeyPhase('es'))
  byId('outlines').addEventListener('click', () => setOutlines(!outlinesShown))
  Object.assign(byId('to-ed'), { textContent: words.ed })
  Object.assign(byId('to-es'), { textContent: words.es })
  byId('outlines').textContent = words.outlines
  swipe()
  addEventListener('resize', draw)
}

// On a phone a finger across the picture goes through phases, one along it through slices.
function swipe() {
  let last = null
  byId('stage').addEventListener('pointerdown', event => { last = [event.clientX, event.clientY] })
  addEventListener('pointerup', () => { last = null })
  byId('stage').addEventListener('pointermove', event => {
    if (!last || !event.buttons || !canSwipe()) return
    const [x, y] = [event.clientX - last[0], event.clientY - last[1]]
    if (Math.max(Math.abs(x), Math.abs(y)) < 18) return
    last = [event.clientX, event.clientY]
    if (Math.abs(x) > Math.abs(y)) goTo(at.phase + Math.sign(x), at.slice)
    else goTo(at.phase, at.slice + Math.sign(y))
  })
}

function startView() {
  showHeader()
  listen()
  at.phase = state.keyPhases.lv_ed ?? state.keyPhases.rv_ed ?? 0
  at.slice = study.firstSlice
  showState()
  setPlaying(false)
  startClock()
  loadSheets().then(() => {
    drawTiles()
    document.body.dataset.ready = Math.round(performance.now())
    if (!study.canRead && !matchMedia('(prefers-reduced-motion: reduce)').matches) setPlaying(study.phases > 1)
  })
}

if (study.images) startView()
