// The shell: fetches the catalogue, keeps the header right, and shows the page that the address names.
import * as basket from "./store.js";
import { showBasket } from "./pages/basket.js";
import { showCheckout } from "./pages/checkout.js";
import { showHome } from "./pages/home.js";
import { showProduct } from "./pages/product.js";
import { showSignIn } from "./pages/sign-in.js";
import { showThanks } from "./pages/thanks.js";

const pages = [
  [/^\/products\/([\w-]+)$/, showProduct],
  [/^\/basket$/, showBasket],
  [/^\/checkout$/, showCheckout],
  [/^\/sign-in$/, showSignIn],
  [/^\/thanks$/, showThanks],
  [/^\/$/, showHome],
];

function refreshHeader() {
  document.querySelector("#basket-count").textContent = basket.count();
  const name = basket.visitor();
  if (name) document.querySelector("#account").textContent = `Hello, ${name}`;
}

async function open() {
  const page = document.querySelector("#page");
  const answer = await fetch("/api/products");
  const { products } = await answer.json();
  for (const [pattern, show] of pages) {
    const found = location.pathname.match(pattern);
    if (found) return show(page, products, found[1]);
  }
  page.innerHTML = '<section class="plain"><h1>Nothing here</h1><p><a href="/">Back to the shop</a></p></section>';
}

basket.onChange(refreshHeader);
// Not before this event: a recorder that starts with it sees the first request and the page being drawn.
addEventListener("DOMContentLoaded", () => {
  refreshHeader();
  open();
});
