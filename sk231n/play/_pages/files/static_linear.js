// The page of the linear classifiers without a server: play/_linear.py does the same with the library.

const N_CLASSES = 3
const LARGEST_WEIGHT = 1000

// Each loss of one point and its gradient with respect to the scores.
const LOSSES = {
  weston_watkins(scores, label) {
    let loss = 0
    const by = [0, 0, 0]
    scores.forEach((score, j) => {
      const violation = score - scores[label] + 1
      if (j === label || violation <= 0) return
      loss += violation
      by[j] = 1
      by[label]--
    })
    return [loss, by]
  },
  one_vs_rest(scores, label) {
    let loss = 0
    const by = scores.map((score, j) => {
      const sign = j === label ? 1 : -1
      const violation = 1 - sign * score
      if (violation <= 0) return 0
      loss += violation
      return -sign
    })
    return [loss, by]
  },
  crammer_singer(scores, label) {
    let worst = -1
    scores.forEach((score, j) => {
      if (j !== label && (worst < 0 || score > scores[worst])) worst = j
    })
    const violation = scores[worst] - scores[label] + 1
    const by = [0, 0, 0]
    if (violation <= 0) return [0, by]
    by[worst] = 1
    by[label] = -1
    return [violation, by]
  },
  softmax(scores, label) {
    const highest = Math.max(...scores)
    const powers = scores.map((score) => Math.exp(score - highest))
    const sum = powers.reduce((a, b) => a + b)
    const by = powers.map((power) => power / sum)
    by[label] -= 1
    return [Math.log(sum) + highest - scores[label], by]
  },
}

class LinearPage extends StaticPage {
  constructor(models, setting) {
    super(models, setting)
    this.begin()
    this.timer = null
    this.weight_messages = {}
    models.weights.forEach((row, c) => row.forEach((model, j) =>
      this.when(model, (value) => this.take_weight(c, j, value))))
    this.when(models.loss, (value) => { this.loss = value; this.show() })
    this.when(models.rate, (value) => { this.rate = this.power(models.rate, value); this.show() })
    this.when(models.alpha, (value) => { this.alpha = this.power(models.alpha, value); this.show() })
    models.update.on_event("button_click", () => { this.update(1) })
    models.run.properties.active.change.connect(() => { this.run(models.run.active) })
    models.randomise.on_event("button_click", () => {
      const draw = (size) => Math.round(100 * size * (Math.random() + Math.random() + Math.random() - 1.5)) / 100
      this.W = this.W.map(() => [draw(4), draw(4)])
      this.b = this.b.map(() => draw(2))
      this.weight_messages = {}
      this.say("training", null)
      this.show()
    })
    models.reset.on_event("button_click", () => {
      this.run(false)
      this.points = setting.points.map((row) => row.slice())
      this.begin()
      this.weight_messages = {}
      for (const name of ["training", "points"]) this.say(name, null)
      this.show()
    })
  }

  begin() {
    const { W, b, loss, rate, alpha } = this.setting
    this.W = W.map((row) => row.slice())
    this.b = b.slice()
    Object.assign(this, { loss, rate, alpha, n_updates: 0 })
  }

  power(slider, value) {
    if (slider.tags.length && value <= slider.start) return 0
    return Number((10 ** value).toPrecision(2))
  }

  wrong_points(points) {
    return points.length ? null : "One point stays."
  }

  take_weight(c, j, value) {
    const wrong = this.wrong_number(value, -LARGEST_WEIGHT, LARGEST_WEIGHT)
    this.weight_messages[`${c}${j}`] = wrong
    if (!wrong && j < 2) this.W[c][j] = value
    if (!wrong && j === 2) this.b[c] = value
    this.show()
  }

  scores(x, y) {
    return this.W.map((weights, c) => weights[0] * x + weights[1] * y + this.b[c])
  }

  winner(x, y) {
    const scores = this.scores(x, y)
    return scores.indexOf(Math.max(...scores))
  }

  // Losses of the points, of the data, the penalty and both; gradients of both together.
  judged() {
    const n = this.points.length
    const by_W = this.W.map(() => [0, 0]), by_b = [0, 0, 0]
    const rows = this.points.map(([x, y, label]) => {
      const scores = this.scores(x, y)
      const [loss, by] = LOSSES[this.loss](scores, label)
      by.forEach((value, c) => {
        by_W[c][0] += (value * x) / n
        by_W[c][1] += (value * y) / n
        by_b[c] += value / n
      })
      return { scores, loss }
    })
    const squares = this.W.flat().reduce((sum, w) => sum + w * w, 0)
    this.W.forEach((weights, c) => weights.forEach((w, j) => { by_W[c][j] += this.alpha * w }))
    const data = rows.reduce((sum, { loss }) => sum + loss, 0) / n
    const penalty = (this.alpha / 2) * squares
    return { rows, data, squares, penalty, total: data + penalty, by_W, by_b }
  }

  update(n_updates) {
    this.weight_messages = {}
    let wrong = null
    for (let i = 0; i < n_updates && !wrong; i++) {
      const { by_W, by_b } = this.judged()
      const W = this.W.map((weights, c) => weights.map((w, j) => w - this.rate * by_W[c][j]))
      const b = this.b.map((value, c) => value - this.rate * by_b[c])
      const largest = Math.max(...[...W.flat(), ...b].map(Math.abs))
      if (largest <= LARGEST_WEIGHT)
        Object.assign(this, { W, b, n_updates: this.n_updates + 1 })
      else
        wrong = "The weights grew beyond 1,000. A smaller step size helps."
    }
    this.say("training", wrong)
    if (wrong) this.run(false)
    this.show()
  }

  run(start) {
    if (start === (this.timer !== null)) return
    if (!start) {
      clearInterval(this.timer)
      this.timer = null
      this.models.run.active = false
      return
    }
    let last = performance.now()
    this.timer = setInterval(() => {
      const due = Math.min(Math.floor((performance.now() - last) * 0.06), 12)
      if (due) this.update(due)
      last = Math.max(last + due / 0.06, performance.now() - 200)
    }, 40)
  }

  show_state() {
    const judged = this.judged()
    this.show_points()
    this.show_regions((x, y) => this.winner(x, y))
    this.show_lines()
    this.models.weights.forEach((row, c) => row.forEach((model, j) => {
      const message = this.weight_messages[`${c}${j}`]
      if (!message) model.value = round_half_even(j < 2 ? this.W[c][j] : this.b[c], 4)
      this.say(`w${c}${j}`, message)
      this.models.gradients[c][j].text = number(j < 2 ? judged.by_W[c][j] : judged.by_b[c])
    }))
    this.models.loss.value = this.loss
    for (const name of ["rate", "alpha"]) {
      const slider = this.models[name], value = this[name]
      slider.value = value > 0 ? Math.min(Math.max(Math.log10(value), slider.start), slider.end) : slider.start
    }
    this.models.updates.text = `${this.n_updates.toLocaleString("en")} update${this.n_updates === 1 ? "" : "s"} so far`
    this.models.table.text = this.table(judged)
  }

  show_lines() {
    const lines = { xs: [], ys: [], colour: [] }
    const arrows = { x0: [], y0: [], x1: [], y1: [], colour: [] }
    this.W.forEach(([u, v], c) => {
      const steepness = Math.hypot(u, v)
      if (steepness < 1e-6) return
      const x = (-this.b[c] / steepness) * (u / steepness), y = (-this.b[c] / steepness) * (v / steepness)
      const along = [(-4 * v) / steepness, (4 * u) / steepness]
      const colour = this.setting.colours[c]
      lines.xs.push([x - along[0], x + along[0]])
      lines.ys.push([y - along[1], y + along[1]])
      lines.colour.push(colour)
      arrows.x0.push(x)
      arrows.y0.push(y)
      arrows.x1.push(x + u / 4)
      arrows.y1.push(y + v / 4)
      arrows.colour.push(colour)
    })
    this.models.lines.data = lines
    this.models.arrows.data = arrows
  }

  table({ rows, data, squares, penalty, total }) {
    const { signs } = this.setting
    const head = ["", "x", "y", ...signs.slice(0, 3).map((sign) => `s ${sign}`), "L"]
    const lines = rows.map(({ scores, loss }, i) => {
      const [x, y, label] = this.points[i]
      const cells = [
        `<td class='class-${label}'>${i + 1} ${signs[label]}</td>`,
        `<td>${number(x)}</td><td>${number(y)}</td>`,
        ...scores.map((score, c) => `<td class='class-${c}'>${number(score)}</td>`),
        `<td class='${loss > 0 ? "bad" : "good"}'>${number(loss)}</td>`,
      ]
      return `<tr${i === this.chosen ? " class=chosen" : ""}>${cells.join("")}</tr>`
    })
    const sums = [
      ["data loss, the mean", data, ""],
      [`penalty, α/2 · ΣW² = ${number(this.alpha / 2, 3)} · ${number(squares)}`, penalty, ""],
      ["total", total, " class=total"],
    ].map(([name, value, mark]) =>
      `<tr${mark}><td colspan=6>${name}</td><td>${number(value)}</td></tr>`)
    return `<table><thead><tr>${head.map((name) => `<th>${name}</th>`).join("")}</tr></thead>` +
      `<tbody>${[...lines, ...sums].join("")}</tbody></table>`
  }
}

window.page = new LinearPage(models, setting)
