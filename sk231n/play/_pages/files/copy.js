const text = box.tags[0]
const done = () => {
  button.label = "Copied"
  setTimeout(() => { button.label = "Copy" }, 1500)
}
const area = document.createElement("textarea")
const by_hand = () => {
  area.value = text
  document.body.append(area)
  area.select()
  if (document.execCommand("copy")) done()
  area.remove()
}
if (navigator.clipboard)
  navigator.clipboard.writeText(text).then(done, by_hand)
else
  by_hand()
