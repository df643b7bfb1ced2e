// Not at once: a browser refuses to be told hundreds of addresses in a row.
clearTimeout(window.address_timer)
window.address_timer = setTimeout(() => {
  const query = model.tags[0]
  history.replaceState(null, "", location.pathname + (query ? "?" + query : ""))
}, 250)
