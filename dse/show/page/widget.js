// The view in a notebook: what is chosen goes to the kernel, which tells how much it is.
async function render({ model, el }) {
  document.getElementById(model.get("still"))?.remove();
  el.classList.add("dse-view");
  el.dataset.theme = document.body.dataset.jpThemeLight === "false" ? "dark" : "light";
  el.innerHTML = `<div class="view">${model.get("html")}</div>`;
  const plotly = window.Plotly ? Promise.resolve() : dseUnpack(PLOTLY);
  let waiting = 0;
  const view = dseView(el, JSON.parse(model.get("page")), plotly, (chosen) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { model.set("chosen", chosen); model.save_changes(); }, 100);
  });
  const tell = () => { el.querySelector("#kernel").textContent = model.get("told"); };
  model.on("change:told", tell);
  tell();
  await view.start();
  el.dataset.ready = "yes";
}
export default { render };
