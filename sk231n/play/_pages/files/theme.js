const dark = cb_obj.active
const ink = dark ? "#e8ebef" : "#1b1f24"
const quiet = dark ? "#a3adb8" : "#57606a"
const paper = dark ? "#14171c" : "#ffffff"
const grid = dark ? "#414a54" : "#c9d0d8"
mappers.forEach((mapper, i) => { mapper.palette = palettes[i][dark ? 1 : 0] })
for (const figure of figures) {
  figure.outline_line_color = grid
  figure.background_fill_color = figure.border_fill_color = paper
  for (const axis of [...figure.above, ...figure.below, ...figure.left, ...figure.right]) {
    if (axis.axis_label_text_color === undefined) continue
    axis.axis_label_text_color = quiet
    axis.major_label_text_color = quiet
    axis.axis_line_color = grid
    axis.major_tick_line_color = grid
  }
  for (const legend of figure.legend ?? []) legend.label_text_color = quiet
  for (const renderer of figure.renderers) {
    const { glyph } = renderer
    if (renderer.tags.includes("ink")) {
      for (const name of ["line_color", "fill_color"])
        if (glyph[name] !== undefined && !glyph[name]?.field) glyph[name] = ink
    }
    if (renderer.tags.includes("outline")) glyph.line_color = ink
    if (renderer.tags.includes("grid")) glyph.line_color = quiet
  }
}
