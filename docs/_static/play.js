// A page that plays says how high it is; its frame becomes as high.
window.addEventListener("message", ({ data, source }) => {
  if (!Number.isFinite(data?.sk231n_height)) return;
  for (const frame of document.querySelectorAll("iframe.play"))
    if (frame.contentWindow === source) frame.style.height = `${data.sk231n_height + 8}px`;
});
