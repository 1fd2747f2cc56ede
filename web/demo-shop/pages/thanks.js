import { safe } from "../store.js";

export function showThanks(page) {
  document.title = "Thank you · Fern & Flint";
  const number = new URLSearchParams(location.search).get("order") ?? "";
  page.innerHTML = `
    <section class="plain narrow">
      <p class="tick">✓</p>
      <h1>Thank you</h1>
      <p>Order <strong>${safe(number)}</strong> is on its way to the packing table. We have written you an e-mail.</p>
      <p><a class="button" href="/">Back to the shelf</a></p>
    </section>`;
}
