// Draws what /api/summary answers, once a second. No library, nothing from elsewhere.
const number = new Intl.NumberFormat('en')
const region = new Intl.DisplayNames('en', { type: 'region' })

function setText(id, text) {
  document.getElementById(id).textContent = text
}

function regionName(code) {
  return code === 'ZZ' ? 'unknown' : `${code} ${region.of(code) ?? ''}`
}

function cell(row, text, className) {
  const td = row.insertCell()
  td.textContent = text
  td.className = className
  return td
}

function drawTable(id, rows, total, nameOf) {
  const table = document.getElementById(id)
  while (table.tBodies.length > 0) table.tBodies[0].remove()
  const body = table.createTBody()
  const most = Math.max(1, ...rows.map((row) => row.packets))
  for (const { key, packets } of rows) {
    const row = body.insertRow()
    cell(row, nameOf(key), '')
    const bar = document.createElement('span')
    bar.style.width = `${(100 * packets) / most}%`
    cell(row, '', 'bar').append(bar)
    cell(row, number.format(packets), 'number')
    cell(row, `${((100 * packets) / Math.max(1, total)).toFixed(1)} %`, 'number')
  }
}

function draw(summary) {
  setText('rate', number.format(Math.round(summary.packetsPerSecond)))
  setText('packets', number.format(summary.packets))
  setText('sources', number.format(summary.sources))
  setText('mirai', number.format(summary.miraiPackets))
  setText('mirai-sources', number.format(summary.miraiSources))
  setText('rejected', number.format(summary.rejectedFrames))
  setText('what', summary.what)
  setText('notes', summary.notes.join(' '))
  drawTable('ports', summary.ports, summary.packets, (key) => key)
  drawTable('regions', summary.regions, summary.packets, regionName)
  drawTable('tags', summary.tags, summary.packets, (key) => key)
}

async function refresh() {
  let summary
  try {
    const answer = await fetch('/api/summary')
    summary = await answer.json()
  } catch (error) {
    // No answer at all, or half of one. Anything else is a mistake of this page.
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error
    setText('what', 'stormpetrel does not answer; it may have been stopped')
    return
  }
  draw(summary)
}

void refresh()
setInterval(() => void refresh(), 1000)
