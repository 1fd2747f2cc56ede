import * as basket from "../store.js";
import { delivery, money } from "../store.js";

const countries = ["Germany", "France", "Japan", "Portugal", "Spain", "United Kingdom", "United States"];

function field(name, label, extra = "", wide = false) {
  return `
    <label class="field${wide ? " wide" : ""}"><span>${label}</span>
      <input name="${name}" required aria-errormessage="${name}-error" ${extra}>
      <em class="error" id="${name}-error" hidden>Please enter a valid ${label.toLowerCase()}.</em>
    </label>`;
}

// Five digits are all that the pattern knows, though the shop delivers to countries that write postcodes otherwise.
const form = `
  <form class="checkout" id="checkout" novalidate>
    <p class="banner" id="failure" role="alert" hidden></p>
    <fieldset><legend>1. Contact</legend>
      <div class="fields">
        ${field("email", "E-mail", 'type="email" autocomplete="email"', true)}
      </div>
    </fieldset>
    <fieldset><legend>2. Delivery</legend>
      <div class="fields">
        ${field("name", "Full name", 'autocomplete="name"', true)}
        ${field("street", "Street and number", 'autocomplete="street-address"', true)}
        ${field("postcode", "Postcode", 'pattern="[0-9]{5}" autocomplete="postal-code"')}
        ${field("city", "City", 'autocomplete="address-level2"')}
        <label class="field wide"><span>Country</span>
          <select name="country">${countries.map((one) => `<option>${one}</option>`).join("")}</select></label>
      </div>
      <div class="choices">
        <label class="choice"><input type="radio" name="delivery" value="standard" checked><span><strong>Standard</strong><br>3–5 working days</span></label>
        <label class="choice"><input type="radio" name="delivery" value="express"><span><strong>Express · €12.90</strong><br>tomorrow before noon</span></label>
      </div>
    </fieldset>
    <fieldset><legend>3. Payment</legend>
      <div class="fields">
        ${field("card", "Card number", 'inputmode="numeric" autocomplete="cc-number" placeholder="0000 0000 0000 0000"', true)}
        ${field("expires", "Expiry", 'placeholder="MM / YY" autocomplete="cc-exp"')}
        ${field("cvc", "CVC", 'type="password" maxlength="4" autocomplete="cc-csc"')}
      </div>
    </fieldset>
    <button class="button wide" id="place">Place order</button>
  </form>`;

function summary(method) {
  const goods = basket.subtotal();
  const post = delivery(goods, method);
  const rows = basket.lines().map((one) => `<dt>${one.quantity} × ${one.name}</dt><dd>${money(one.amount * one.quantity)}</dd>`);
  return `<h2>Your order</h2><dl>${rows.join("")}<dt>Delivery</dt><dd>${post ? money(post) : "free"}</dd>
    <dt class="total">Total</dt><dd class="total">${money(goods + post)}</dd></dl>`;
}

function showErrors(checkout) {
  for (const input of checkout.querySelectorAll("input[aria-errormessage]")) {
    const bad = !input.checkValidity();
    input.setAttribute("aria-invalid", String(bad));
    document.getElementById(input.getAttribute("aria-errormessage")).hidden = !bad;
  }
  return checkout.querySelector('[aria-invalid="true"]');
}

async function placeOrder(checkout) {
  const place = checkout.querySelector("#place");
  const failure = checkout.querySelector("#failure");
  const order = { ...Object.fromEntries(new FormData(checkout)), lines: basket.lines() };
  const headers = { "Content-Type": "application/json" };
  if (basket.token()) headers.Authorization = `Bearer ${basket.token()}`;
  failure.hidden = true;
  place.disabled = true;
  place.textContent = "Placing your order…";
  const answer = await fetch("/api/orders", { method: "POST", headers, body: JSON.stringify(order) });
  if (answer.ok) {
    const { number } = await answer.json();
    basket.empty();
    location.assign(`/thanks?order=${number}`);
    return;
  }
  console.error(`Order refused with status ${answer.status}`);
  failure.textContent = "We could not place your order. Nothing was charged; please try again.";
  failure.hidden = false;
  place.disabled = false;
  place.textContent = "Place order";
  failure.scrollIntoView({ behavior: "smooth", block: "center" });
}

export function showCheckout(page) {
  document.title = "Checkout · Fern & Flint";
  page.innerHTML = `<h1 class="title">Checkout</h1><section class="columns">${form}<aside class="summary" id="summary">${summary()}</aside></section>`;
  const checkout = page.querySelector("#checkout");
  checkout.addEventListener("change", () => {
    page.querySelector("#summary").innerHTML = summary(checkout.elements.delivery.value);
  });
  checkout.addEventListener("submit", (event) => {
    event.preventDefault();
    const bad = showErrors(checkout);
    if (bad) bad.focus();
    else placeOrder(checkout);
  });
}
